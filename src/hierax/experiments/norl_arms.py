"""Agents of NORL in the small mazes, and what is measured of their goal spaces.

The mazes have four numbers of nuisance, N(0, 1), drawn anew in each step: a goal space that holds
them is of no use.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hierax.agents import NORL
from hierax.experiments.goal_study import Arm, Budget, study
from hierax.training.config import AnyWorld
from hierax.worlds import PointU, RowerU

_MAZES = {kind.name: kind for kind in (PointU, RowerU)}
WORLDS = tuple(_MAZES)
NUISANCE = 4
STEPS = 400_000
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
