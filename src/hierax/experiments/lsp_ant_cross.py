"""`lsp-ant-cross`: a goal round a corner for an ant, with and without a trained lower level.

The sparse-reward task of Haarnoja, Hartikainen, Abbeel and Levine (2018), section 6.3. Scale
``paper`` has the settings of their release: two layers of 128 units, learning rate 3e-4 and one
update per step. The lower level is trained for 4M steps of `AntSpeed` at temperature 1/10. The
upper level has a control interval of 3 and one noise for each episode. Its temperature and that of
flat agents are theirs (1/3 and 1/10) divided by 1000, because the goal's reward is 1 here and 1000
there. The goal is the left one of their three; the right one is its mirror image.
"""

import dataclasses
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments.learning_runs import SMALL, draw_curves
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC, Arm, Budget, Skill, study
from hierax.worlds.mujoco.mujoco_world import Data, StepResult
from hierax.worlds.mujoco.tasks.ant_cross import AntCross
from hierax.worlds.mujoco.tasks.speed import COM_VELOCITY, AntSpeed, add_com_velocity_sensor

NAME = "AntCross-v0"
LAPTOP = {
    **SMALL, "tau": 0.01, "learning_starts": 1_000, "updates_per_step": 0.5, "buffer_size": 200_000,
}  # fmt: skip
PAPER = {
    **LAPTOP, "hidden_sizes": (128, 128), "learning_rate": 3e-4, "updates_per_step": 1.0,
    "buffer_size": 1_000_000,
}  # fmt: skip
SETTINGS = {"smoke": LAPTOP, "laptop": LAPTOP, "paper": PAPER}
SPEED_TEMPERATURE, TEMPERATURE, FLAT_TEMPERATURE = 1 / 10, 1 / 3_000, 1 / 10_000
INTERVAL = 3
TWO_LEVELS, FLAT, DENSE = "two levels", "flat, temperature 0.0001", "dense reward"
LIMITS = {"smoke": 100, "laptop": 1_000, "paper": 1_000}
"""Maximum number of steps of an episode."""
BUDGETS = {
    "smoke": Budget(1_200, 1_200, 1_200, 2, (TWO_LEVELS, FLAT)),
    "laptop": Budget(100_000, 100_000, 20_000, 20),
    "paper": Budget(4_000_000, 6_000_000, 100_000, 20),
}


@dataclasses.dataclass(frozen=True)
class DenseAntCross(AntCross):
    """The cross with reward for speed and for progress added to that of the goal.

    Attributes:
        speed: reward in each step for a speed of one metre per second.
        closer: reward for each metre of distance gained towards the goal.
    """

    speed: float = 0.0
    closer: float = 0.0

    def compose(self) -> mujoco.MjSpec:
        """Return the model of `AntCross` with a sensor of the body's velocity."""
        spec = super().compose()
        add_com_velocity_sensor(spec, self.walker.torso)
        return spec

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the result of `AntCross` with the additional rewards."""
        result = super().reward_and_termination(previous, data)
        velocity = data.sensordata[:, self._velocity]
        gained = self.distance(previous) - self.distance(data)
        added = self.speed * (velocity**2).sum(1) ** 0.5 + self.closer * gained
        return result._replace(reward=result.reward + added)

    @cached_property
    def _velocity(self) -> np.ndarray:
        return self.sensor_columns(f"{COM_VELOCITY}.x", f"{COM_VELOCITY}.y")


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed."""
    limit, settings = LIMITS[scale], SETTINGS[scale]
    speed = AntSpeed("AntSpeed-v0", limit)
    lower = Level(views=("proprioception",), temperature=SPEED_TEMPERATURE)
    skill = Skill(LatentSpacePolicy(speed.spec, levels=(lower,), **settings), speed)
    found = study(skill, arms(lower, limit, settings), BUDGETS[scale], seeds)
    return Result(claims=[], seeds=range(seeds), **found)


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps."""
    draw_curves(result.curves, METRIC, f"{NAME}, goal to the left").savefig(path)


def arms(lower: Level, limit: int, settings: dict[str, Any]) -> dict[str, Arm]:
    """Return all arms by name, for a lower level that is trained for speed."""
    world = AntCross(NAME, limit)
    faster = DenseAntCross(NAME, limit, speed=0.001)
    closer = DenseAntCross(NAME, limit, closer=0.1)
    flat = partial(SAC, world.spec, prior="uniform", **settings)
    stack = partial(LatentSpacePolicy, world.spec, **settings)
    upper = partial(Level, temperature=TEMPERATURE)
    slow = partial(upper, control_interval=INTERVAL, noise="episode")
    untrained = Level(views=lower.views)
    return {
        TWO_LEVELS: Arm(stack(levels=(lower, slow())), world, with_skill=True),
        "two levels, interval 1": Arm(stack(levels=(lower, upper())), world, with_skill=True),
        FLAT: Arm(flat(temperature=FLAT_TEMPERATURE), world),
        "flat, temperature 0.01": Arm(flat(temperature=0.01), world),
        "held 3": Arm(stack(levels=(slow(policy="gaussian"),)), world),
        "identity lower level": Arm(stack(levels=(untrained, slow())), world),
        "flat, with 0.001 × speed reward": Arm(flat(temperature=FLAT_TEMPERATURE), faster),
        DENSE: Arm(flat(temperature=FLAT_TEMPERATURE), closer),
    }
