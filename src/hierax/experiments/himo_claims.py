"""Settings and criteria shared by the experiments on McNamee (2019), section 4."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hierax.experiments.staged_flow import ranks
from hierax.planning import himo, occupancy
from hierax.planning.progress_bar import ProgressBar
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
"""Fraction of the largest change of a state's visits that counts as a rise or a fall."""


def settings(world: TabularWorld, scale: str, drawn_foresight: float) -> dict[str, Any]:
    """Return the settings of a sweep, for ``result.json``."""
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
    }


def times_on_path(world: TabularWorld, time_to_peak: np.ndarray) -> dict[str, float]:
    """Return the time to peak of each state on a shortest path, by name, earliest first."""
    path = np.flatnonzero(world.on_shortest_path())
    order = path[np.argsort(time_to_peak[path], kind="stable")]
    return {world.state_names[state]: float(time_to_peak[state]) for state in order}


def ranks_on_path(world: TabularWorld, time_to_peak: np.ndarray) -> np.ndarray:
    """Return ``(S,)`` ranks among the states on a shortest path; 0 elsewhere."""
    on_path = world.on_shortest_path()
    result = np.zeros(on_path.size, dtype=int)
    result[on_path] = ranks(time_to_peak[on_path])
    return result


def rises_then_falls(visits: np.ndarray) -> np.ndarray:
    """Return ``(S,)`` bool: whether visits ``(R, S)`` rise from their first value and then fall."""
    change = visits - visits[0]
    scale = CHANGE * np.maximum(np.abs(change).max(axis=0), 1e-300)
    return (change.max(axis=0) > scale) & (change.max(axis=0) - change[-1] > scale)


def where(rows: Sequence[Mapping[str, Any]], column: str, **fixed: Any) -> list[float]:
    """Return the foresights of the rows that match ``fixed`` and in which ``column`` is true."""
    return [
        row["foresight"]
        for row in rows
        if row[column] and all(row[key] == value for key, value in fixed.items())
    ]


def everywhere_or_depends(held: Sequence[float], tested: Sequence[float]) -> bool | None:
    """Return True if a claim held at every tested foresight, False if at none, else None."""
    return None if 0 < len(held) < len(tested) else len(held) == len(tested)


def foresights_in_words(held: Sequence[float], tested: Sequence[float]) -> str:
    """Return where a claim held as part of a sentence: "at all 10 tested foresights"."""
    if len(held) == len(tested):
        return f"at all {len(tested)} tested foresights"
    if not held:
        return f"at none of the {len(tested)} tested foresights"
    return f"at {len(held)} of {len(tested)} foresights ({', '.join(f'{at:g}' for at in held)})"


def drawn_curves(world: TabularWorld, scale: str) -> dict[str, Any]:
    """Return the curves of a run to `DRAWN_TIME`, at no more than `DRAWN_POINTS` times."""
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
    scale: str, measure: Callable[[float, RewardRule, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row of ``measure(foresight, reward, scale)`` for every reward and foresight."""
    number = len(REWARDS[scale]) * len(FORESIGHTS[scale])
    rows = []
    with ProgressBar("foresights and rewards") as progress:
        for reward in REWARDS[scale]:
            for foresight in FORESIGHTS[scale]:
                rows.append(measure(foresight, reward, scale))
                progress.report(len(rows) / number)
    return rows
