"""`himo-wormhole`: four rooms with a wormhole (McNamee 2019, supplement 6.1, figure S1)."""

from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.himo_claims import (
    FORESIGHTS,
    STEP_SIZES,
    drawn_curves,
    foresights_in_words,
    ranks_on_path,
    settings,
    sweep,
    where,
)
from hierax.experiments.himo_rooms import DRAWN_FORESIGHT, INTO_GOAL_ROOM, by_mark
from hierax.experiments.result import Finding, Result
from hierax.experiments.staged_flow import StagedFlow, integrate, ranks
from hierax.worlds import TabularWorld, four_rooms, wormhole_rooms
from hierax.worlds.tabular import RewardRule

ENTRANCE, EXIT = "wormhole entrance", "wormhole exit"


def run(scale: str, _seeds: int) -> Result:
    """Run HIMO at every foresight and reward, and judge H7."""
    rows = sweep(scale, _measure)
    world = wormhole_rooms(discount=DRAWN_FORESIGHT)
    return Result(
        settings=settings(world, scale, DRAWN_FORESIGHT),
        claims=[_ends_instead_of_doors(rows, scale)],
        tables={"claims": rows},
        curves=drawn_curves(world, scale),
    )


def draw(result: Result, path: Path) -> None:
    """Draw the six panels of the paper's figure S1."""
    from hierax.plotting.himo import six_panels

    title = f"HIMO in four rooms with a wormhole, foresight {DRAWN_FORESIGHT}"
    six_panels(
        wormhole_rooms(discount=DRAWN_FORESIGHT), result.curves, path, title, normalised=False
    )


def _measure(foresight: float, reward: RewardRule, scale: str) -> dict[str, Any]:
    world = wormhole_rooms(reward=reward, discount=foresight)
    flow = integrate(world.mdp, foresight, STEP_SIZES[scale])
    on_path = ranks_on_path(world, flow.time_to_peak)
    entrance, exit_ = world.marks[ENTRANCE], world.marks[EXIT]
    height = ranks(-flow.peak_velocity)
    return {
        "reward": reward,
        "foresight": foresight,
        "times": by_mark(world, flow.time_to_peak),
        "ranks": by_mark(world, ranks(flow.time_to_peak)),
        "path_states": int((on_path > 0).sum()),
        "entrance_rank_on_path": on_path[entrance],
        "exit_rank_on_path": on_path[exit_],
        "entrance_rank_by_height": height[entrance],
        "exit_rank_by_height": height[exit_],
        "entrance_first_on_path": bool(on_path[entrance] == 1),
        "entrance_highest": bool(height[entrance] == 1),
        "ends_first_two_on_path": bool(max(on_path[entrance], on_path[exit_]) <= 2),
        "ends_before_doors": _ends_before_doors(world, flow),
        **_avoidance(world, flow, reward, foresight, scale),
    }


def _ends_before_doors(world: TabularWorld, flow: StagedFlow) -> bool:
    times = by_mark(world, flow.time_to_peak)
    return bool(max(times[ENTRANCE], times[EXIT]) < min(times[door] for door in INTO_GOAL_ROOM))


def _avoidance(
    world: TabularWorld, flow: StagedFlow, reward: RewardRule, foresight: float, scale: str
) -> dict[str, Any]:
    """Return the final change of visits to the doors, with and without the wormhole."""
    plain = four_rooms(reward=reward, discount=foresight)
    without = integrate(plain.mdp, foresight, STEP_SIZES[scale])
    doors = [name for name in world.marks if name.endswith("door")]
    change = {
        "door_visits_gained": _gained(world, flow),
        "door_visits_gained_without_wormhole": _gained(plain, without),
    }
    return {**change, "doors_avoided": all(change["door_visits_gained"][d] < 0 for d in doors)}


def _gained(world: TabularWorld, flow: StagedFlow) -> dict[str, np.float64]:
    gained = by_mark(world, flow.visits[-1] - flow.visits[0])
    return {name: gain for name, gain in gained.items() if name.endswith("door")}


def _ends_instead_of_doors(rows: list[dict[str, Any]], scale: str) -> Finding:
    held = {
        column: where(rows, column, reward="stay")
        for column in (
            "entrance_first_on_path",
            "entrance_highest",
            "ends_first_two_on_path",
            "ends_before_doors",
            "doors_avoided",
        )
    }
    stay = [row for row in rows if row["reward"] == "stay"]
    at = {column: foresights_in_words(held[column], FORESIGHTS[scale]) for column in held}
    return Finding(
        "H7",
        len(held["ends_before_doors"]) == len(FORESIGHTS[scale]),
        {
            "foresights_where_it_holds": held,
            "entrance_ranks_on_path": {r["foresight"]: r["entrance_rank_on_path"] for r in stay},
            "exit_ranks_on_path": {r["foresight"]: r["exit_rank_on_path"] for r in stay},
            "ranks_of_104": {r["foresight"]: r["ranks"] for r in stay},
        },
        f"The entrance has the highest peak of all states {at['entrance_highest']}, and it is the "
        f"first state of the path {at['entrance_first_on_path']}. Entrance and exit both peak "
        f"before the doors into the goal's room {at['ends_before_doors']}. Visits to all doors "
        f"fall {at['doors_avoided']}. The claim holds if entrance and exit peak before those "
        "doors at every foresight with reward 'stay'.",
    )
