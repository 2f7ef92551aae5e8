"""`himo-hanoi`: HIMO on the Tower of Hanoi with three discs (McNamee 2019, section 4, figure 1).

The paper gives no foresight, reward or step size. Here moves are deterministic, every state has an
action that stays, and the prior is uniform. Foresight and the placement of the reward are swept.
Every claim is judged at each combination.
"""

from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.himo_claims import (
    FORESIGHTS,
    REWARDS,
    STEP_SIZES,
    drawn_curves,
    everywhere_or_depends,
    foresights_in_words,
    ranks_on_path,
    rises_then_falls,
    settings,
    sweep,
    times_on_path,
    where,
)
from hierax.experiments.result import Finding, Result
from hierax.experiments.staged_flow import integrate, ranks
from hierax.planning import himo
from hierax.worlds import TabularWorld, tower_of_hanoi
from hierax.worlds.tabular import RewardRule

DRAWN_FORESIGHT = 0.97
LITERAL_ITERATIONS = {"smoke": 20, "laptop": 150, "paper": 150}
RED_EXIT, BLUE_ENTRANCE = "110", "112"
"""States before and after the move of the largest disc; the start is red, the goal is blue."""


def run(scale: str, _seeds: int) -> Result:
    """Run HIMO at every foresight and reward, and judge H1 to H5."""
    rows = sweep(scale, _measure)
    world = _world(DRAWN_FORESIGHT, "stay")
    return Result(
        settings=settings(world, scale, DRAWN_FORESIGHT),
        claims=[
            _converges(rows, scale),
            _goal_first(rows, scale),
            _bottleneck_second(rows, scale),
            _start_last(rows, scale),
            _cluster_as_one(rows, scale),
        ],
        tables={"claims": rows, "step_size": _step_sizes(scale)},
        curves=drawn_curves(world, scale),
    )


def draw(result: Result, path: Path) -> None:
    """Draw the six panels of the paper's figure 1."""
    from hierax.plotting.himo import six_panels

    title = f"HIMO on the Tower of Hanoi, foresight {DRAWN_FORESIGHT}"
    six_panels(_world(DRAWN_FORESIGHT, "stay"), result.curves, path, title, normalised=True)


def _world(foresight: float, reward: RewardRule) -> TabularWorld:
    return tower_of_hanoi(3, reward=reward, discount=foresight)


def _measure(foresight: float, reward: RewardRule, scale: str) -> dict[str, Any]:
    world = _world(foresight, reward)
    flow = integrate(world.mdp, foresight, STEP_SIZES[scale])
    among_all, on_path = ranks(flow.time_to_peak), ranks_on_path(world, flow.time_to_peak)
    name = dict(zip(world.state_names, range(world.mdp.states), strict=True))
    humps = rises_then_falls(flow.visits) & _goal_cluster(world)
    return {
        "reward": reward,
        "foresight": foresight,
        "value_ratio": flow.start_value[-1] / flow.optimal,
        "order_on_path": " ".join(times_on_path(world, flow.time_to_peak)),
        "times_on_path": times_on_path(world, flow.time_to_peak),
        "goal_rank": among_all[world.goal],
        "goal_first": bool((among_all[world.goal] == 1) & (np.sum(among_all == 1) == 1)),
        "red_exit_rank_on_path": on_path[name[RED_EXIT]],
        "blue_entrance_rank_on_path": on_path[name[BLUE_ENTRANCE]],
        "bottleneck_second": 2 in (on_path[name[RED_EXIT]], on_path[name[BLUE_ENTRANCE]]),
        "start_rank": among_all[world.start],
        "start_last_on_path": on_path[world.start] == on_path.max(),
        "goal_cluster_humps": int(humps.sum()),
        "all_goal_cluster_humps": int(humps.sum()) == int(_goal_cluster(world).sum()),
    }


def _goal_cluster(world: TabularWorld) -> np.ndarray:
    """Return ``(S,)`` bool: the goal's cluster without the goal."""
    inside = world.clusters == world.clusters[world.goal]
    inside[world.goal] = False
    return inside


def _converges(rows: list[dict[str, Any]], scale: str) -> Finding:
    world = _world(DRAWN_FORESIGHT, "stay")
    options = {"step_size": 0.0125, "iterations": LITERAL_ITERATIONS[scale]}
    literal, closed = (himo(world.mdp, form=form, **options) for form in ("literal", "closed"))
    apart = np.abs(literal.policy_divergence - closed.policy_divergence).max()
    lowest = min(row["value_ratio"] for row in rows)
    return Finding(
        "H1",
        bool(lowest > 0.99 and apart < 1e-9),
        {"least_value_ratio": lowest, "runs": len(rows), "literal_minus_closed_divergence": apart},
        f"In {len(rows)} runs the final value of the start is at least {lowest:.4f} of the "
        "optimum. Policy divergences of the literal algorithm and of its closed form, the "
        f"advantage, differ by at most {apart:.0e} over {LITERAL_ITERATIONS[scale]} iterations. "
        "The claim holds if "
        "every run reaches 99 % of the optimum and both forms agree. Both forms use a step size "
        "and the discount in E, which the paper omits. With the paper's unit step, the update "
        "leaves the simplex.",
    )


def _in_words(held: dict[str, list[float]], scale: str) -> str:
    """Return where a claim held, for every reward, as part of a sentence."""
    tested = FORESIGHTS[scale]
    return "; ".join(
        f"with reward {reward!r} {foresights_in_words(foresights, tested)}"
        for reward, foresights in held.items()
    )


def _goal_first(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = {reward: where(rows, "goal_first", reward=reward) for reward in REWARDS[scale]}
    return Finding(
        "H2",
        everywhere_or_depends(held["stay"], FORESIGHTS[scale]),
        {"foresights_where_it_holds": held},
        f"The goal is the first of all states {_in_words(held, scale)}. The verdict rests on "
        "reward 'stay', the paper's task. Reward 'goal' rewards every action at the goal and "
        "'arrival' none, so there the policy at the goal has little to gain.",
    )


def _bottleneck_second(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = where(rows, "bottleneck_second", reward="stay")
    stay = [row for row in rows if row["reward"] == "stay"]
    red = [row["red_exit_rank_on_path"] for row in stay if row["foresight"] in held]
    blue = [row["blue_entrance_rank_on_path"] for row in stay if row["foresight"] in held]
    ranks_there = (
        f" There, {RED_EXIT} on the start's side has rank {_range(red)} and {BLUE_ENTRANCE} on the "
        f"goal's side rank {_range(blue)}."
        if held
        else ""
    )
    return Finding(
        "H3",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "red_exit_ranks": {row["foresight"]: row["red_exit_rank_on_path"] for row in stay},
            "blue_entrance_ranks": {
                row["foresight"]: row["blue_entrance_rank_on_path"] for row in stay
            },
        },
        "A bottleneck state comes second on the optimal path "
        f"{foresights_in_words(held, FORESIGHTS[scale])}.{ranks_there} The verdict rests on reward "
        "'stay'. With shorter foresight the order follows the distance to the goal.",
    )


def _range(ranks: list[int]) -> str:
    least, most = min(ranks), max(ranks)
    return f"{least}" if least == most else f"{least} to {most}"


def _start_last(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = {reward: where(rows, "start_last_on_path", reward=reward) for reward in REWARDS[scale]}
    among_all = sorted({int(row["start_rank"]) for row in rows})
    return Finding(
        "H4",
        everywhere_or_depends(held["stay"], FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "ranks_of_27": among_all,
        },
        f"On the optimal path the start comes last {_in_words(held, scale)}. Among all 27 states "
        f"its rank is {_range(among_all)}. The verdict rests on reward 'stay' and on the states of "
        "the path. The order does not depend on the start.",
    )


def _cluster_as_one(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = where(rows, "all_goal_cluster_humps", reward="stay")
    counts = {
        row["foresight"]: row["goal_cluster_humps"] for row in rows if row["reward"] == "stay"
    }
    fewest = min(counts.values())
    return Finding(
        "H5",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {"foresights_where_it_holds": held, "states_of_8_that_rise_then_fall": counts},
        "Visits to all eight other states of the goal's cluster rise and then fall "
        f"{foresights_in_words(held, FORESIGHTS[scale])}; with the shortest foresight, visits to "
        f"{fewest} of them do. The verdict rests on reward 'stay'.",
    )


def _step_sizes(scale: str) -> list[dict[str, Any]]:
    """Return the order on the path at foresight .95 for larger step sizes."""
    sizes = (0.1,) if scale == "smoke" else (0.01, 0.1, 1.0)
    rows = []
    for size in sizes:
        world = _world(0.95, "stay")
        run = himo(world.mdp, step_size=size, iterations=max(round(8 / size), 20))
        order = " ".join(times_on_path(world, run.time_to_peak))
        rows.append({"step_size": size, "order_on_path": order})
    return rows
