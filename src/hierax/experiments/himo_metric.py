"""`himo-metric`: which metric couples states (McNamee 2019, section 5)?

On random models we compare the paper's literal algorithm with the advantage, which is the step of
tabular natural policy gradient (Kakade 2001). We measure the cross-state part of the Fisher
information of paths, and that of the metric of state-action visits (Morimura et al. 2009).
"""

from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.himo_claims import times_on_path
from hierax.experiments.result import Finding, Result
from hierax.planning import (
    TabularMDP,
    action_values,
    evaluate_policy,
    himo,
    natural_path_gradient,
    solve_bellman,
)
from hierax.planning.path_gradient import Moments
from hierax.worlds import TabularWorld, tower_of_hanoi

LEAST_STATES, MOST_STATES = 3, 11
LEAST_ACTIONS, MOST_ACTIONS = 2, 5
FLOW_FORESIGHT = 0.9
STEP_SIZES = {"smoke": 0.2, "laptop": 0.02, "paper": 0.01}
FLOW_TIME = 40.0
CROSS_STATE = 1e-9
"""Share of cross-state entries above which a metric couples states."""


def run(scale: str, seeds: int) -> Result:
    """Compare metrics on random models and on the Tower of Hanoi, and judge H8."""
    seeds = min(seeds, 10) if scale == "smoke" else seeds
    models = [_random_model(seed) for seed in range(seeds)]
    couplings = [_couplings(*model) for model in models]
    world = tower_of_hanoi(3, discount=FLOW_FORESIGHT)
    flows = [_flow(world, metric, start, scale) for metric in METRICS for start in STARTS]
    return Result(
        seeds=range(seeds),
        settings={
            "random_models": seeds,
            "states": f"{LEAST_STATES} to {MOST_STATES}",
            "actions": f"1 to {MOST_ACTIONS} in each state",
            "discount": "uniform in [.1, .99]",
            "flow_world": "Hanoi3-v0",
            "flow_foresight": FLOW_FORESIGHT,
            "step_size": STEP_SIZES[scale],
        },
        claims=[_verdict(couplings, _hanoi_coupling(world), flows)],
        tables={"random_models": couplings, "hanoi": flows},
    )


def draw(result: Result, path: Path) -> None:
    """Draw the coupling of states in both metrics, and the order on the path from two starts."""
    from hierax.plotting.himo import metric_figure

    metric_figure(result.tables, path)


METRICS = ("path", "occupancy")
STARTS = ("000", "111")


def _random_model(seed: int) -> tuple[TabularMDP, np.ndarray]:
    """Return a model with an interior policy; odd seeds have sparse transitions."""
    random = np.random.default_rng(seed)
    states = int(random.integers(LEAST_STATES, MOST_STATES + 1))
    actions = int(random.integers(LEAST_ACTIONS, MOST_ACTIONS + 1))
    available = random.random((states, actions)) < 0.8
    available[np.arange(states), random.integers(0, actions, states)] = True
    weights = random.random((states, actions, states)) + 1e-3
    if seed % 2:
        weights *= random.random(weights.shape) < 0.4
        weights[..., 0] += 1e-3
    transition = weights / weights.sum(axis=-1, keepdims=True)
    reward = random.normal(size=(states, actions))
    model = TabularMDP.from_arrays(
        transition, reward, random.uniform(0.1, 0.99), layout="sas", available=available
    )
    policy = (random.random((states, actions)) + 0.05) * available
    return model, policy / policy.sum(axis=1, keepdims=True)


def _couplings(model: TabularMDP, policy: np.ndarray) -> dict[str, Any]:
    value = evaluate_policy(model, policy)
    q = action_values(model, value)
    advantage = np.where(model.available, q - value[:, None], 0.0)
    literal = natural_path_gradient(model, policy, "literal")
    return {
        "states": model.states,
        "pairs": int(model.available.sum()),
        "literal_minus_advantage": np.abs(literal - advantage).max(),
        **_cross_state_shares(model, policy),
    }


def _cross_state_shares(
    model: TabularMDP, policy: np.ndarray, dependent: np.ndarray | None = None
) -> dict[str, float]:
    """Return the Frobenius norm of the cross-state entries, relative to that of the metric."""
    moments = Moments.of(model, policy, dependent)
    state = moments.pairs[moments.independent] // model.actions
    across = state[:, None] != state
    jacobian = moments.visit_jacobian()
    occupancy_metric = (jacobian / moments.visits) @ jacobian.T
    return {
        "path_cross_state": _share(moments.fisher_information(), across),
        "occupancy_cross_state": _share(occupancy_metric, across),
    }


def _share(metric: np.ndarray, across: np.ndarray) -> float:
    whole = np.linalg.norm(metric)
    return float(np.linalg.norm(metric[across]) / whole) if whole else 0.0


def _hanoi_coupling(world: TabularWorld) -> dict[str, float]:
    available = np.asarray(world.mdp.available)
    uniform = available / available.sum(axis=1, keepdims=True)
    stay = np.full(world.mdp.states, world.action_names.index("stay"))
    return _cross_state_shares(world.mdp, uniform, stay)


def _flow(world: TabularWorld, metric: str, start: str, scale: str) -> dict[str, Any]:
    mdp = world.mdp.with_initial(world.state_names.index(start))
    step = STEP_SIZES[scale]
    run = himo(mdp, step_size=step, iterations=round(FLOW_TIME / step), metric=metric)
    return {
        "metric": metric,
        "start": start,
        "value_ratio": run.start_value[-1] / (mdp.initial @ solve_bellman(mdp).value),
        "order_on_path": " ".join(times_on_path(world, run.time_to_peak)),
        "time_to_peak": run.time_to_peak,
    }


def _verdict(
    couplings: list[dict[str, Any]], hanoi: dict[str, float], flows: list[dict[str, Any]]
) -> Finding:
    largest = {
        key: max(row[key] for row in couplings)
        for key in ("literal_minus_advantage", "path_cross_state")
    }
    median = np.median([row["occupancy_cross_state"] for row in couplings])
    moved = {metric: _moved(flows, metric) for metric in METRICS}
    return Finding(
        "H8",
        bool(largest["path_cross_state"] > CROSS_STATE),
        {
            "models": len(couplings),
            **{f"largest_{key}": value for key, value in largest.items()},
            "median_occupancy_cross_state": median,
            "hanoi_uniform_policy": hanoi,
            "largest_relative_change_of_a_time_to_peak_with_the_start": moved,
        },
        f"Over {len(couplings)} random models, cross-state entries are at most "
        f"{largest['path_cross_state']:.0e} of the norm of the Fisher information of paths, and "
        "the literal step differs from that of tabular natural policy gradient by at most "
        f"{largest['literal_minus_advantage']:.0e}. In the metric of state-action visits the "
        f"median is {median:.2g}. Another start changes a time to peak by at most "
        f"{moved['path']:.1g} (paths) or {moved['occupancy']:.2g} (visits) of itself. The claim "
        f"holds if the metric of paths has a cross-state share above {CROSS_STATE:.0e}.",
    )


def _moved(flows: list[dict[str, Any]], metric: str) -> float:
    """Return the largest relative change of a time to peak when the start changes."""
    first, second = (row["time_to_peak"] for row in flows if row["metric"] == metric)
    return float(np.nanmax(np.abs(second - first) / first))
