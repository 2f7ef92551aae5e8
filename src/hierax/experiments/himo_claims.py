"""How the claims of McNamee (2019), section 4, are judged at one foresight and reward placement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hierax.experiments.staged_flow import ranks
from hierax.planning import himo, occupancy
from hierax.planning.progress import Progress
from hierax.worlds import TabularWorld
from hierax.worlds.tabular import RewardRule

FORESIGHTS = {
    "smoke": (0.9, 0.97),
    "laptop": (0.5, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.99, 0.995, 0.999),
    "paper": (0.5, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.99, 0.995, 0.999),
}
STEP_SIZES = {"smoke": 0.02, "laptop": 0.01, "paper": 0.005}
REWARDS: dict[str, tuple[RewardRule, ...]] = {
    "smoke": ("stay",),
    "laptop": ("stay", "goal", "arrival"),
    "paper": ("stay", "goal", "arrival"),
}
DRAWN_TIME, DRAWN_POINTS = 6.0, 301
CHANGE = 1e-3
"""Part of the largest change of a state's visits that counts as rising or falling."""


def times_on_path(world: TabularWorld, time_to_peak: np.ndarray) -> dict[str, float]:
    """Time to peak of each state on a shortest path, earliest first, by name."""
    path = np.flatnonzero(world.on_shortest_path())
    order = path[np.argsort(time_to_peak[path], kind="stable")]
    return {world.state_names[state]: float(time_to_peak[state]) for state in order}


def ranks_on_path(world: TabularWorld, time_to_peak: np.ndarray) -> np.ndarray:
    """``(S,)`` rank among the states on a shortest path; 0 elsewhere."""
    on_path = world.on_shortest_path()
    result = np.zeros(on_path.size, dtype=int)
    result[on_path] = ranks(time_to_peak[on_path])
    return result


def rises_then_falls(visits: np.ndarray) -> np.ndarray:
    """``(S,)`` bool: whether visits ``(R, S)`` rise above their first value and then fall again."""
    change = visits - visits[0]
    scale = CHANGE * np.maximum(np.abs(change).max(axis=0), 1e-300)
    return (change.max(axis=0) > scale) & (change.max(axis=0) - change[-1] > scale)


def where(rows: Sequence[Mapping[str, Any]], column: str, **fixed: Any) -> list[float]:
    """The foresights of the rows that match ``fixed`` and in which ``column`` is true."""
    return [
        row["foresight"]
        for row in rows
        if row[column] and all(row[key] == value for key, value in fixed.items())
    ]


def everywhere_or_depends(held: Sequence[float], tested: Sequence[float]) -> bool | None:
    """True where a claim held at every tested foresight, False at none, None at some."""
    return None if 0 < len(held) < len(tested) else len(held) == len(tested)


def drawn_curves(world: TabularWorld, scale: str) -> dict[str, Any]:
    """A run to `DRAWN_TIME` at the foresight of ``world``, at no more than `DRAWN_POINTS` times."""
    step = STEP_SIZES[scale]
    run = himo(world.mdp, step_size=step, iterations=round(DRAWN_TIME / step))
    kept = np.unique(np.linspace(0, len(run.time) - 1, DRAWN_POINTS).round().astype(int))
    return {
        "state": world.state_names,
        "time": run.time[kept],
        "start_value": run.start_value[kept],
        "policy_divergence": run.policy_divergence[kept],
        "counter_difference": run.counter_difference[kept],
        "time_to_peak": run.time_to_peak,
        "final_occupancy": occupancy(world.mdp, run.policy[-1]),
    }


def sweep(
    scale: str, judge: Callable[[float, RewardRule, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of ``judge(foresight, reward, scale)`` for every reward and foresight of a scale."""
    number = len(REWARDS[scale]) * len(FORESIGHTS[scale])
    rows = []
    with Progress("foresights and rewards") as progress:
        for reward in REWARDS[scale]:
            for foresight in FORESIGHTS[scale]:
                rows.append(judge(foresight, reward, scale))
                progress.report(len(rows) / number)
    return rows
