"""`himo-rooms`: HIMO in four rooms (McNamee 2019, section 4, figure 2).

Sutton's map of 104 cells from the north-west to the south-east corner, with legal moves and
staying; as in `himo_hanoi` the paper states neither foresight nor reward, so both are swept.
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
    sweep,
    where,
)
from hierax.experiments.result import Result, Verdict
from hierax.experiments.staged_flow import follow, ranks
from hierax.worlds import TabularWorld, four_rooms
from hierax.worlds.tabular import RewardRule

DRAWN_FORESIGHT = 0.99
FIRST = 0.1
"""The part of all states, earliest first, that counts as prioritised."""
INTO_GOAL_ROOM = ("east door", "south door")
OUT_OF_START_ROOM = ("north door", "west door")


def run(scale: str, _seeds: int) -> Result:
    """Follow HIMO at every foresight and reward, and judge H1 and H6."""
    rows = sweep(scale, _judge)
    world = four_rooms(discount=DRAWN_FORESIGHT)
    return Result(
        settings=settings(world, scale, DRAWN_FORESIGHT),
        claims=[_converges(rows), _doors_first(rows, scale)],
        tables={"claims": rows},
        curves=drawn_curves(world, scale),
    )


def draw(result: Result, path: Path) -> None:
    """The six panels of the paper's figure 2."""
    from hierax.plotting.himo import six_panels

    title = f"HIMO in four rooms, foresight {DRAWN_FORESIGHT}"
    six_panels(four_rooms(discount=DRAWN_FORESIGHT), result.curves, path, title, normalised=False)


def settings(world: TabularWorld, scale: str, drawn_foresight: float) -> dict[str, Any]:
    """What was chosen in a room world."""
    return {
        "world": world.name,
        "states": world.mdp.states,
        "pairs": int(world.mdp.available.sum()),
        "task": repr(world),
        "prior": "uniform over available actions",
        "parametrisation": "softmax",
        "step_size": STEP_SIZES[scale],
        "foresights": FORESIGHTS[scale],
        "rewards": REWARDS[scale],
        "drawn_foresight": drawn_foresight,
        "prioritised": f"among the first {FIRST:.0%} of all states by time to peak",
    }


def by_mark(world: TabularWorld, series: np.ndarray) -> dict[str, Any]:
    """The entries of ``series (S,)`` at the world's marks, by their names."""
    return {name: series[state] for name, state in world.marks.items()}


def _judge(foresight: float, reward: RewardRule, scale: str) -> dict[str, Any]:
    world = four_rooms(reward=reward, discount=foresight)
    flow = follow(world.mdp, foresight, STEP_SIZES[scale])
    rank = ranks(flow.time_to_peak)
    doors = by_mark(world, rank)
    return {
        "reward": reward,
        "foresight": foresight,
        "value_ratio": flow.start_value[-1] / flow.optimal,
        "door_ranks": doors,
        "door_times": by_mark(world, flow.time_to_peak),
        "door_ranks_by_height": by_mark(world, ranks(-flow.peak_velocity)),
        "goal_rank": rank[world.goal],
        "start_rank": rank[world.start],
        "goal_room_doors_first": prioritised(world, rank, INTO_GOAL_ROOM),
        "start_room_doors_first": prioritised(world, rank, OUT_OF_START_ROOM),
    }


def prioritised(world: TabularWorld, rank: np.ndarray, marks: tuple[str, ...]) -> bool:
    """Whether all ``marks`` are among the first states of the world."""
    return all(rank[world.marks[mark]] <= FIRST * rank.size for mark in marks)


def _converges(rows: list[dict[str, Any]]) -> Verdict:
    lowest = min(row["value_ratio"] for row in rows)
    return Verdict(
        "H1",
        bool(lowest > 0.99),
        {"least_value_ratio": lowest, "runs": len(rows)},
        "The value at the start reaches the optimum in every run.",
    )


def _doors_first(rows: list[dict[str, Any]], scale: str) -> Verdict:
    held = where(rows, "goal_room_doors_first", reward="stay")
    stay = [row for row in rows if row["reward"] == "stay"]
    return Verdict(
        "H6",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "foresights_with_other_rewards": {
                reward: where(rows, "goal_room_doors_first", reward=reward)
                for reward in REWARDS[scale]
                if reward != "stay"
            },
            "foresights_where_start_room_doors_are_first": where(
                rows, "start_room_doors_first", reward="stay"
            ),
            "door_ranks_of_104": {row["foresight"]: row["door_ranks"] for row in stay},
        },
        "By time to peak, and only in a window of foresight: with less of it the order is that "
        "of the distance to the goal, with more the doors out of the start's room come first. By "
        "the height of the peak doors are not special, since cells with fewer actions can "
        "diverge less.",
    )
