"""`lsp-cheetah-reach`: a goal far ahead of a half cheetah, with and without a trained lower level.

The world is a standard benchmark with momentum that was not designed against held actions
(`hierax.experiments.cheetah`).
"""

from functools import partial
from pathlib import Path

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments import cheetah
from hierax.experiments.learning_runs import SMALL, draw_curves
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC, Arm, Budget, Skill, study
from hierax.training import make_world

SETTINGS = {
    **SMALL, "tau": 0.01, "learning_starts": 5_000, "updates_per_step": 0.5,
    "buffer_size": 200_000,
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
    lower = Level(views=(cheetah.PROPRIOCEPTION,), temperature=SPEED_TEMPERATURE)
    skill = Skill(LatentSpacePolicy(speed.spec, levels=(lower,), **SETTINGS), speed)
    return Result(claims=[], seeds=range(seeds), **study(skill, arms(lower), BUDGETS[scale], seeds))


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps."""
    draw_curves(result.curves, METRIC, "HalfCheetah-v5, goal 10 m ahead").savefig(path)


def arms(lower: Level) -> dict[str, Arm]:
    """Return all arms by name, for a lower level that is trained for speed."""
    world, closer = make_world(cheetah.REACH), make_world(cheetah.CLOSER)
    flat = partial(SAC, prior="uniform", temperature=TEMPERATURE, **SETTINGS)
    stack = partial(LatentSpacePolicy, world.spec, **SETTINGS)
    upper = partial(Level, temperature=TEMPERATURE)
    held = partial(upper, policy="gaussian")
    untrained = Level(views=lower.views)
    return {
        TWO_LEVELS: Arm(stack(levels=(lower, upper())), world, with_skill=True),
        FLAT: Arm(flat(world.spec), world),
        "held 3": Arm(stack(levels=(held(control_interval=3),)), world),
        "held 10": Arm(stack(levels=(held(control_interval=10),)), world),
        "identity lower level": Arm(stack(levels=(untrained, upper())), world),
        DENSE: Arm(flat(closer.spec), closer),
    }
