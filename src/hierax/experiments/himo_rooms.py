"""`himo-rooms`: HIMO in four rooms (McNamee 2019, section 4, figure 2).

Sutton's map of 104 cells, from the north-west to the south-east corner, with legal moves and
staying. The paper gives no foresight and no reward, so both are swept, as in `himo_hanoi`.
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
    settings,
    sweep,
    where,
)
from hierax.experiments.result import Finding, Result
from hierax.experiments.staged_flow import integrate, ranks
from hierax.worlds import TabularWorld, four_rooms
from hierax.worlds.tabular import RewardRule

DRAWN_FORESIGHT = 0.99
FIRST = 0.1
"""Fraction of all states, earliest first, that counts as prioritised."""
PRIORITISED = f"among the first {FIRST:.0%} of all states by time to peak"
INTO_GOAL_ROOM = ("east door", "south door")
OUT_OF_START_ROOM = ("north door", "west door")


def run(scale: str, _seeds: int) -> Result:
    """Run HIMO at every foresight and reward, and judge H1 and H6."""
    rows = sweep(scale, _measure)
    world = four_rooms(discount=DRAWN_FORESIGHT)
    return Result(
        settings={**settings(world, scale, DRAWN_FORESIGHT), "prioritised": PRIORITISED},
        claims=[_converges(rows), _doors_first(rows, scale)],
        tables={"claims": rows},
        curves=drawn_curves(world, scale),
    )


def draw(result: Result, path: Path) -> None:
    """Draw the six panels of the paper's figure 2."""
    from hierax.plotting.himo import six_panels

    title = f"HIMO in four rooms, foresight {DRAWN_FORESIGHT}"
    six_panels(four_rooms(discount=DRAWN_FORESIGHT), result.curves, path, title, normalised=False)


def by_mark(world: TabularWorld, series: np.ndarray) -> dict[str, Any]:
    """Return the entries of ``series (S,)`` at the world's marks, by their names."""
    return {name: series[state] for name, state in world.marks.items()}


def _measure(foresight: float, reward: RewardRule, scale: str) -> dict[str, Any]:
    world = four_rooms(reward=reward, discount=foresight)
    flow = integrate(world.mdp, foresight, STEP_SIZES[scale])
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
    """Return whether all ``marks`` are among the first `FIRST` of the world's states."""
    return all(rank[world.marks[mark]] <= FIRST * rank.size for mark in marks)


def _converges(rows: list[dict[str, Any]]) -> Finding:
    lowest = min(row["value_ratio"] for row in rows)
    return Finding(
        "H1",
        bool(lowest > 0.99),
        {"least_value_ratio": lowest, "runs": len(rows)},
        f"In {len(rows)} runs the final value of the start is at least {lowest:.4f} of the "
        "optimum. The claim holds if every run reaches 99 % of the optimum.",
    )


def _doors_first(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = where(rows, "goal_room_doors_first", reward="stay")
    of_start = where(rows, "start_room_doors_first", reward="stay")
    stay = [row for row in rows if row["reward"] == "stay"]
    return Finding(
        "H6",
        everywhere_or_depends(held, FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "foresights_with_other_rewards": {
                reward: where(rows, "goal_room_doors_first", reward=reward)
                for reward in REWARDS[scale]
                if reward != "stay"
            },
            "foresights_where_start_room_doors_are_first": of_start,
            "door_ranks_of_104": {row["foresight"]: row["door_ranks"] for row in stay},
        },
        f"Both doors into the goal's room are {PRIORITISED} "
        f"{foresights_in_words(held, FORESIGHTS[scale])}; both doors out of the start's room are "
        f"{foresights_in_words(of_start, FORESIGHTS[scale])}. The verdict rests on reward 'stay' "
        "and on the time to peak. With shorter foresight the order follows the distance to the "
        "goal. Doors do not stand out by the height of the peak, because cells with fewer "
        "actions can diverge less.",
    )
