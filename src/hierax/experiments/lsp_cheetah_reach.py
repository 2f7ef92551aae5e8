"""`lsp-cheetah-reach`: a goal far ahead of a half cheetah, with a skill below and without one.

The second world with momentum, and one that nobody designed to defeat those who hold their actions
(`hierax.experiments.cheetah`): holding fails there if it does because of what the body is.
"""

from functools import partial
from pathlib import Path
from typing import Any

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments import cheetah
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC, Arm, Budget, Skill, study
from hierax.training import make_world

SETTINGS = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 5_000, "updates_per_step": 0.5, "buffer_size": 200_000,
}  # fmt: skip
TEMPERATURE, SPEED_TEMPERATURE = 0.01, 0.2
TWO_LEVELS, FLAT, DENSE = "two levels", "flat", "dense reward"
BUDGETS = {
    "smoke": Budget(5_200, 5_200, 5_200, 2, (TWO_LEVELS, DENSE)),
    "laptop": Budget(50_000, 50_000, 25_000, 10),
    "paper": Budget(200_000, 400_000, 20_000, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed."""
    speed = make_world(cheetah.BODY)
    lower = Level(views=(cheetah.VIEW,), temperature=SPEED_TEMPERATURE)
    skill = Skill(LatentSpacePolicy(speed.spec, levels=(lower,), **SETTINGS), speed)
    return Result(claims=[], seeds=range(seeds), **study(skill, arms(lower), BUDGETS[scale], seeds))


def draw(result: Result, path: Path) -> None:
    """Success by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": name, **curve} for name, curve in result.curves.items()]
    draw_learning(drawn, METRIC, "HalfCheetah-v5, goal 10 m ahead").savefig(path)


def arms(lower: Level) -> dict[str, Arm]:
    """All of them by name; ``lower`` is the level that learns the skill."""
    world, closer = make_world(cheetah.REACH), make_world(cheetah.CLOSER)
    flat = partial(SAC, prior="uniform", temperature=TEMPERATURE, **SETTINGS)
    stack = partial(LatentSpacePolicy, world.spec, **SETTINGS)

    def upper(**changes: Any) -> Level:
        return Level(**{"temperature": TEMPERATURE, **changes})

    found = {TWO_LEVELS: Arm(stack(levels=(lower, upper())), world, with_skill=True)}
    found[FLAT] = Arm(flat(world.spec), world)
    for steps in (3, 10):
        held = upper(policy="gaussian", control_interval=steps)
        found[f"held {steps}"] = Arm(stack(levels=(held,)), world)
    idle = Level(views=lower.views)
    found["identity lower level"] = Arm(stack(levels=(idle, upper())), world)
    found[DENSE] = Arm(flat(closer.spec), closer)
    return found
