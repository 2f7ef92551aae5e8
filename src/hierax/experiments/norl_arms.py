"""Agents of NORL in the small mazes, and what is measured of their goal spaces.

The mazes have four numbers of nuisance, N(0, 1), drawn anew in each step: a goal space that holds
them is of no use.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hierax.agents import NORL
from hierax.experiments.goal_study import Arm, Budget, study
from hierax.statistics import interval
from hierax.training.config import AnyWorld
from hierax.worlds import PointU, RowerU

_MAZES = {kind.name: kind for kind in (PointU, RowerU)}
WORLDS = tuple(_MAZES)
NUISANCE = 4
STEPS = 400_000
DIGITS = 6
"""Decimals of differences of success rates."""
GOAL_FIT, NUISANCE_FIT, SPREAD = "space/goal_fit", "space/nuisance_fit", "space/spread"
MEASURED = (
    GOAL_FIT, SPREAD, "space/box", "space/drift", "low/known_goal_reached",
    "deterministic/success_within_0.75", "deterministic/success_within_3",
)  # fmt: skip
"""Further metrics that the tables hold, at the end of each run."""


def maze(name: str, nuisance: int = NUISANCE) -> PointU:
    """Return a maze with nuisance."""
    return _MAZES[name](nuisance=nuisance)


def arm(world: AnyWorld, **changes: Any) -> Arm:
    """Return NORL with changes of its settings."""
    also = (*MEASURED, NUISANCE_FIT) if world.spec.nuisance else MEASURED
    return Arm(NORL(world.spec, **changes), world, STEPS, also)


def study_worlds(
    agents: Mapping[str, Mapping[str, Any]], budget: Budget, seeds: int, worlds: Sequence[str]
) -> dict[str, Any]:
    """Train NORL with these changes of its settings in each world; return what `study` does."""
    arms = {
        name: {label: arm(maze(name), **changes) for label, changes in agents.items()}
        for name in worlds
    }
    return study(arms, budget, seeds)


def gain(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return by how much one row succeeds more often than another, seed by seed.

    Differences are rounded: seeds that agree must agree as well when they are read from a file.
    """
    difference = np.subtract(row["by_seed"], other["by_seed"]).round(DIGITS)
    return interval(difference, (-1.0, 1.0))


def told(found: Mapping[str, Any]) -> str:
    """Return an interquartile mean and its interval in words."""
    return f"{found['iqm']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
