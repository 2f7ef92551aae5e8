"""Gymnasium's Ant-v5 as a MuJoCo world of hierax, for comparison."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import gymnasium.envs.mujoco
import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, MujocoWorld, StepResult

MODEL = Path(gymnasium.envs.mujoco.__file__).parent / "assets" / "ant.xml"
HEALTHY, CONTROL_COST, NOISE = 1.0, 0.5, 0.1


@dataclasses.dataclass(frozen=True)
class AntV5(MujocoWorld):
    """Ant-v5 without contact forces in observation and reward; MuJoCo does not compute them."""

    name: str = "Ant-v5"
    episode_limit: int = 1_000

    timestep = 0.01
    substeps = 5
    has_success = False

    @property
    def views(self) -> tuple[View, ...]:
        return (View("observation", (27,)),)

    def compose(self) -> mujoco.MjSpec:
        return mujoco.MjSpec.from_file(str(MODEL))

    def initial_state(self, random: np.random.Generator) -> InitialState:
        qpos = self.model.qpos0 + random.uniform(-NOISE, NOISE, self.model.nq)
        return InitialState(qpos, NOISE * random.standard_normal(self.model.nv))

    def observe(self, data: Data) -> Mapping[str, Array]:
        return {"observation": np.concatenate([data.qpos[:, 2:], data.qvel], axis=1)}

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        seconds = self.timestep * self.substeps
        forward = (data.qpos[:, 0] - previous.qpos[:, 0]) / seconds
        healthy = (data.qpos[:, 2] >= 0.2) & (data.qpos[:, 2] <= 1.0)
        reward = forward + HEALTHY * healthy - CONTROL_COST * (data.action**2).sum(axis=1)
        return StepResult(reward, ~healthy, np.zeros(len(reward), bool), data.task_state)
