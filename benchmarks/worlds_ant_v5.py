"""Gymnasium's Ant-v5 in hierax's engine: its model, observation, reward and end, for comparison."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import gymnasium.envs.mujoco
import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.world import Array, Beginning, MujocoWorld, Readings, Verdict

MODEL = Path(gymnasium.envs.mujoco.__file__).parent / "assets" / "ant.xml"
HEALTHY, CONTROL_COST, NOISE = 1.0, 0.5, 0.1


@dataclasses.dataclass(frozen=True)
class AntV5(MujocoWorld):
    """Ant-v5 without contact forces, neither observed nor paid for: physics keeps none of them."""

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

    def begin(self, random: np.random.Generator) -> Beginning:
        qpos = self.model.qpos0 + random.uniform(-NOISE, NOISE, self.model.nq)
        return Beginning(qpos, NOISE * random.standard_normal(self.model.nv))

    def observe(self, now: Readings) -> Mapping[str, Array]:
        return {"observation": np.concatenate([now.qpos[:, 2:], now.qvel], axis=1)}

    def judge(self, before: Readings, now: Readings) -> Verdict:
        seconds = self.timestep * self.substeps
        forward = (now.qpos[:, 0] - before.qpos[:, 0]) / seconds
        healthy = (now.qpos[:, 2] >= 0.2) & (now.qpos[:, 2] <= 1.0)
        reward = forward + HEALTHY * healthy - CONTROL_COST * (now.action**2).sum(axis=1)
        return Verdict(reward, ~healthy, np.zeros(len(reward), bool), now.memory)
