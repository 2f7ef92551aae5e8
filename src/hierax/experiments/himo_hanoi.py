"""`himo-hanoi`: HIMO on the Tower of Hanoi with three discs (McNamee 2019, section 4, figure 1).

The paper states neither foresight nor reward nor step. Here moves are deterministic, staying is an
action of every state, the prior is uniform, and foresight and the placement of the reward are
swept: every claim is judged at every one of them.
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
    ranks_on_path,
    rises_then_falls,
    sweep,
    times_on_path,
    where,
)
from hierax.experiments.result import Result, Verdict
from hierax.experiments.staged_flow import follow, ranks
from hierax.planning import himo
from hierax.worlds import TabularWorld, tower_of_hanoi
from hierax.worlds.tabular import RewardRule

DRAWN_FORESIGHT = 0.97
LITERAL_ITERATIONS = {"smoke": 20, "laptop": 150, "paper": 150}
RED_EXIT, BLUE_ENTRANCE = "110", "112"
"""The two ends of the move of the largest disc, on the side of the start and of the goal."""


def run(scale: str, _seeds: int) -> Result:
    """Follow HIMO at every foresight and reward, and judge H1 to H5."""
    rows = sweep(scale, _judge)
    world = _world(DRAWN_FORESIGHT, "stay")
    return Result(
        settings={
            "world": "Hanoi3-v0",
            "states": world.mdp.states,
            "pairs": int(world.mdp.available.sum()),
            "prior": "uniform over available actions",
            "parametrisation": "softmax",
            "step_size": STEP_SIZES[scale],
            "foresights": FORESIGHTS[scale],
            "rewards": REWARDS[scale],
            "drawn_foresight": DRAWN_FORESIGHT,
        },
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
    """The six panels of the paper's figure 1."""
    from hierax.plotting.himo import six_panels

    title = f"HIMO on the Tower of Hanoi, foresight {DRAWN_FORESIGHT}"
    six_panels(_world(DRAWN_FORESIGHT, "stay"), result.curves, path, title, normalised=True)


def _world(foresight: float, reward: RewardRule) -> TabularWorld:
    return tower_of_hanoi(3, reward=reward, discount=foresight)


def _judge(foresight: float, reward: RewardRule, scale: str) -> dict[str, Any]:
    world = _world(foresight, reward)
    flow = follow(world.mdp, foresight, STEP_SIZES[scale])
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
    """``(S,)`` bool: the goal's cluster without the goal."""
    inside = world.clusters == world.clusters[world.goal]
    inside[world.goal] = False
    return inside


def _converges(rows: list[dict[str, Any]], scale: str) -> Verdict:
    world = _world(DRAWN_FORESIGHT, "stay")
    options = {"step_size": 0.0125, "iterations": LITERAL_ITERATIONS[scale]}
    literal, closed = (himo(world.mdp, form=form, **options) for form in ("literal", "closed"))
    apart = np.abs(literal.policy_divergence - closed.policy_divergence).max()
    lowest = min(row["value_ratio"] for row in rows)
    return Verdict(
        "H1",
        bool(lowest > 0.99 and apart < 1e-9),
        {"least_value_ratio": lowest, "runs": len(rows), "literal_minus_closed_divergence": apart},
        "The value at the start reaches the optimum in every run. The literal algorithm (with a "
        "step size and the discount in E, both missing in print) and its closed form, the "
        f"advantage, take the same path over {LITERAL_ITERATIONS[scale]} iterations; with the "
        "unit step of the paper the update leaves the simplex.",
    )


def _goal_first(rows: list[dict[str, Any]], scale: str) -> Verdict:
    held = {reward: where(rows, "goal_first", reward=reward) for reward in REWARDS[scale]}
    return Verdict(
        "H2",
        everywhere_or_depends(held["stay"], FORESIGHTS[scale]),
        {"foresights_where_it_holds": held},
        "Judged with the paper's task, reward for staying at the goal. Where any action at the "
        "goal pays, or only arriving, there is little to decide at the goal and it is not first "
        "beyond the least foresight.",
    )


def _bottleneck_second(rows: list[dict[str, Any]], scale: str) -> Verdict:
    held = where(rows, "bottleneck_second", reward="stay")
    stay = [row for row in rows if row["reward"] == "stay"]
    return Verdict(
        "H3",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "red_exit_ranks": {row["foresight"]: row["red_exit_rank_on_path"] for row in stay},
            "blue_entrance_ranks": {
                row["foresight"]: row["blue_entrance_rank_on_path"] for row in stay
            },
        },
        "Only with foresight of .96 and more, and only for the bottleneck on the side of the "
        "start: its partner on the side of the goal is among the last on the path. With less "
        "foresight the order is that of the distance to the goal.",
    )


def _start_last(rows: list[dict[str, Any]], scale: str) -> Verdict:
    held = {reward: where(rows, "start_last_on_path", reward=reward) for reward in REWARDS[scale]}
    return Verdict(
        "H4",
        everywhere_or_depends(held["stay"], FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "ranks_of_27": sorted({int(row["start_rank"]) for row in rows}),
        },
        "Last of the states on the optimal path at every foresight. Among all 27 states it shares "
        "its rank with the third corner, and others are later: the order does not depend on where "
        "the start is. Where arriving pays and the agent may leave again, the goal itself is "
        "decided after the start with foresight of .99 and more.",
    )


def _cluster_as_one(rows: list[dict[str, Any]], scale: str) -> Verdict:
    held = where(rows, "all_goal_cluster_humps", reward="stay")
    counts = {
        row["foresight"]: row["goal_cluster_humps"] for row in rows if row["reward"] == "stay"
    }
    return Verdict(
        "H5",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {"foresights_where_it_holds": held, "states_of_8_that_rise_then_fall": counts},
        "All eight non-goal states of the goal's cluster rise and fall with foresight of .95 and "
        "more; with less foresight only those nearest to the goal do.",
    )


def _step_sizes(scale: str) -> list[dict[str, Any]]:
    """The order on the path at foresight .95 for larger steps, in units of the reward."""
    sizes = (0.1,) if scale == "smoke" else (0.01, 0.1, 1.0)
    rows = []
    for size in sizes:
        world = _world(0.95, "stay")
        run = himo(world.mdp, step_size=size, iterations=max(round(8 / size), 20))
        order = " ".join(times_on_path(world, run.time_to_peak))
        rows.append({"step_size": size, "order_on_path": order})
    return rows
