"""`kl-regimes`: hierarchies, DISTRAL and SVG(0) with a short replay, and with one environment.

Tirumala et al. (2019), figure 9, where the body is an ant. The ball goes to one of three targets.
In one regime the replay keeps the last 400 steps of each environment. In the other, one environment
makes all steps. Agents, weights and updates for each step are those of `kl-ball-goto`.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_worlds, study
from hierax.experiments.kl_ball_arms import (
    DEFAULT,
    FLAT,
    LEARNER,
    WEIGHT_FIELDS,
    WEIGHTS,
    agent,
    arm,
)
from hierax.experiments.result import Finding, Result
from hierax.worlds import make

WORLD = "BallGoTo3-v0"
STEPS = 200_000
SHORT, ONE = "short replay", "one environment"
ISOTROPIC, AR1 = "isotropic", "AR(1)"
METHODS = (FLAT, DEFAULT, ISOTROPIC, AR1)
RECENT = dataclasses.replace(LEARNER, buffer_size=LEARNER.learning_starts)
"""The learner with a short replay."""
BUDGETS = {
    "smoke": Budget(0.08, 3, 2, (FLAT, AR1)),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(4.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train all methods in both regimes with every seed."""
    budget = BUDGETS[scale]
    fields = by_world(study(arms(), budget, seeds), budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def arms() -> dict[str, dict[str, Arm]]:
    """Return the arms of each regime."""
    world = make(WORLD)

    def trained(method: str, regime: Mapping[str, Any], **fields: Any) -> Arm:
        weight = {WEIGHT_FIELDS[method]: WEIGHTS[method]}
        return arm(world, method, agent(world.spec, method, **weight, **regime), STEPS, **fields)

    return {
        SHORT: {name: trained(name, {"learner": RECENT}) for name in METHODS},
        ONE: {name: trained(name, {}, environments=1) for name in METHODS},
    }


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K11."""
    pairs = [(name, other) for name in (ISOTROPIC, AR1) for other in (FLAT, DEFAULT)]
    found = {regime: compare(fields, regime, pairs) for regime in (SHORT, ONE)}
    words = ". ".join(f"{regime}: {each.words}" for regime, each in found.items())
    return [
        Finding(
            "K11",
            verdict([above for each in found.values() for above in each.above()]),
            {regime: each.mean for regime, each in found.items()},
            f"Success, mean of the last evaluations and of all. {words}. The claim holds for this "
            "body if the mean of all evaluations of both hierarchies is above that of SVG(0) and "
            "that of DISTRAL beyond the interval in both regimes, and depends on regime or default "
            "policy if some are. The body of the paper is an ant.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps in both regimes."""
    draw_worlds(result, dict.fromkeys((SHORT, ONE), METHODS), path)
