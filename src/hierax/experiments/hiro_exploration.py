"""`hiro-exploration`: which part of the exploration makes HIRO reliable?

Without correction, in RowerU-v0: the number of steps in which all goals are drawn at random, random
actions in the corners of the action box or uniform in it, and the probability of a random goal
afterwards.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hierax.agents import HIRO
from hierax.experiments.goal_study import Arm, budgets, by_world, draw_world, study
from hierax.experiments.hiro_point import STEPS
from hierax.experiments.result import Result
from hierax.registry import PRESETS
from hierax.worlds import make

WORLD = "RowerU-v0"
PHASES = (0, 20_000, 50_000, 120_000, 200_000)
PROBABILITIES = (0.0, 0.2)
KINDS = ("corners", "uniform")
BUDGETS = budgets(0.01, ("0 steps, corners, then 0.2", "120,000 steps, corners, then 0.2"))


def run(scale: str, seeds: int) -> Result:
    """Train HIRO with each kind of exploration and every seed."""
    budget = BUDGETS[scale]
    found = study({WORLD: arms()}, budget, seeds)
    return Result(claims=[], seeds=range(seeds), **by_world(found, budget))


def draw(result: Result, path: Path) -> None:
    """Draw success rates of the phases, with corners and random goals afterwards."""
    shown = [_label(steps, "corners", 0.2) for steps in PHASES]
    draw_world(result, WORLD, path, shown)


def arms() -> dict[str, Arm]:
    """Return all arms by name."""
    world, settings = make(WORLD), {**PRESETS["hiro", WORLD].settings, "correction": 0.0}
    return {
        _label(*each): Arm(HIRO(world.spec, **{**settings, **_fields(*each)}), world, STEPS[WORLD])
        for each in (
            (steps, kind, probability)
            for steps in PHASES
            for kind in KINDS
            for probability in PROBABILITIES
        )
    }


def _label(steps: int, kind: str, probability: float) -> str:
    return f"{steps:,} steps, {kind}, then {probability:g}"


def _fields(steps: int, kind: str, probability: float) -> Mapping[str, Any]:
    return {
        "random_goals": steps,
        "random_action_kind": kind,
        "random_goal_probability": probability,
    }
