"""`lsp-ant-cross`: a goal round a corner for an ant, with a skill below and without one.

The sparse task of Haarnoja, Hartikainen, Abbeel and Levine (2018), section 6.3, with the settings
of their release at scale ``paper``: 2 x 128 units, learning rate 3e-4, a step of learning for each
of the world; 4M steps of `AntSpeed` below at temperature 1/10 and, above, decisions for three steps
with one noise for an episode. Temperatures are theirs (1/3 above, 1/10 flat) over 1000, for the
goal pays 1 here and 1000 there. Of its three goals this is the one to the left; the one to the
right is its mirror image.
"""

import dataclasses
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC, Arm, Budget, Skill, study
from hierax.worlds.mujoco.tasks.ant_cross import AntCross
from hierax.worlds.mujoco.tasks.speed import COM_VELOCITY, AntSpeed, add_com_velocity_sensor
from hierax.worlds.mujoco.world import Readings, Verdict

NAME = "AntCross-v0"
SMALL = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 1_000, "updates_per_step": 0.5, "buffer_size": 200_000,
}  # fmt: skip
SETTINGS = {
    "smoke": SMALL,
    "laptop": SMALL,
    "paper": {
        "hidden_sizes": (128, 128), "batch_size": 128, "learning_rate": 3e-4, "tau": 0.01,
        "learning_starts": 1_000, "updates_per_step": 1.0, "buffer_size": 1_000_000,
    },
}  # fmt: skip
SPEED_TEMPERATURE, TEMPERATURE, FLAT_TEMPERATURE = 1 / 10, 1 / 3_000, 1 / 10_000
INTERVAL = 3
TWO_LEVELS, FLAT, DENSE = "two levels", "flat, temperature 0.0001", "dense reward"
LIMITS = {"smoke": 100, "laptop": 1_000, "paper": 1_000}
"""Steps of an episode."""
BUDGETS = {
    "smoke": Budget(1_200, 1_200, 1_200, 2, (TWO_LEVELS, FLAT)),
    "laptop": Budget(100_000, 100_000, 20_000, 20),
    "paper": Budget(4_000_000, 6_000_000, 100_000, 20),
}


@dataclasses.dataclass(frozen=True)
class PaidMore(AntCross):
    """The cross, paid for more than its goal.

    Attributes:
        speed: what a metre per second pays in each step.
        closer: what each metre closer to the goal pays.
    """

    speed: float = 0.0
    closer: float = 0.0

    def compose(self) -> mujoco.MjSpec:
        """See `AntCross.compose`."""
        spec = super().compose()
        add_com_velocity_sensor(spec, self.walker.torso)
        return spec

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `AntCross.judge`."""
        verdict = super().judge(before, now)
        pace = now.sensors[:, self._pace]
        come = self.distance(before) - self.distance(now)
        more = self.speed * (pace**2).sum(1) ** 0.5 + self.closer * come
        return verdict._replace(reward=verdict.reward + more)

    @cached_property
    def _pace(self) -> np.ndarray:
        return self.columns(f"{COM_VELOCITY}.x", f"{COM_VELOCITY}.y")


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed."""
    limit, settings = LIMITS[scale], SETTINGS[scale]
    speed = AntSpeed("AntSpeed-v0", limit)
    lower = Level(views=("proprioception",), temperature=SPEED_TEMPERATURE)
    skill = Skill(LatentSpacePolicy(speed.spec, levels=(lower,), **settings), speed)
    found = study(skill, arms(lower, limit, settings), BUDGETS[scale], seeds)
    return Result(claims=[], seeds=range(seeds), **found)


def draw(result: Result, path: Path) -> None:
    """Success by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": name, **curve} for name, curve in result.curves.items()]
    draw_learning(drawn, METRIC, f"{NAME}, goal to the left").savefig(path)


def arms(lower: Level, limit: int, settings: dict[str, Any]) -> dict[str, Arm]:
    """All of them by name; ``lower`` is the level that learns the skill."""
    world = AntCross(NAME, limit)
    faster, closer = PaidMore(NAME, limit, speed=0.001), PaidMore(NAME, limit, closer=0.1)
    flat = partial(SAC, world.spec, prior="uniform", **settings)
    stack = partial(LatentSpacePolicy, world.spec, **settings)
    upper = partial(Level, temperature=TEMPERATURE)
    slow = partial(upper, control_interval=INTERVAL, noise="episode")
    idle = Level(views=lower.views)
    return {
        TWO_LEVELS: Arm(stack(levels=(lower, slow())), world, with_skill=True),
        "two levels, deciding anew at each step": Arm(
            stack(levels=(lower, upper())), world, with_skill=True
        ),
        FLAT: Arm(flat(temperature=FLAT_TEMPERATURE), world),
        "flat, temperature 0.01": Arm(flat(temperature=0.01), world),
        "held 3": Arm(stack(levels=(slow(policy="gaussian"),)), world),
        "identity lower level": Arm(stack(levels=(idle, slow())), world),
        "flat, 0.001 of speed too": Arm(flat(temperature=FLAT_TEMPERATURE), faster),
        DENSE: Arm(flat(temperature=FLAT_TEMPERATURE), closer),
    }
