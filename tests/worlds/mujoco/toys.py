"""A small world with known results."""

import dataclasses

import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.mujoco_world import InitialState, MujocoWorld, StepResult


@dataclasses.dataclass(frozen=True)
class Slider(MujocoWorld):
    """A block of 1 kg on a rail; the reward is its position, and it terminates beyond 1 m.

    Its motor pulls with up to 3 N and pushes with up to 1 N. The position of a flag, and a clock in
    the task state, differ between episodes.
    """

    name: str = "Slider-v0"
    episode_limit: int = 9
    timestep = 0.1
    substeps = 2

    views = (View("place", (1,)), View("flag", (1,)), View("clock", (1,)))

    def compose(self):
        spec = mujoco.MjSpec()
        body = spec.worldbody.add_body(name="block")
        body.add_joint(name="rail", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[1, 0, 0])
        body.add_geom(size=[0.1, 0, 0], mass=1.0)
        spec.add_actuator(
            target="rail", trntype=mujoco.mjtTrn.mjTRN_JOINT, ctrlrange=[-3, 1], ctrllimited=True
        )
        spec.worldbody.add_body(name="flag", mocap=True)
        for name in ("block", "flag"):
            spec.add_sensor(
                name=name, type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
                objtype=mujoco.mjtObj.mjOBJ_XBODY, objname=name,
            )  # fmt: skip
        return spec

    def initial_state(self, random):
        flag = np.array([random.uniform(), 0.0, 0.0])
        return InitialState(
            random.uniform(-0.1, 0.1, 1),
            np.zeros(1),
            {"clock": np.array([random.integers(100)])},
            {"flag": (flag, np.array([1.0, 0.0, 0.0, 0.0]))},
        )

    def observe(self, data):
        place, flag = (
            data.sensordata[:, self.sensor_columns(f"{name}.x")] for name in ("block", "flag")
        )
        return {"place": place, "flag": flag, "clock": data.task_state["clock"]}

    def reward_and_termination(self, previous, data):
        over = data.qpos[:, 0] > 1.0
        return StepResult(data.qpos[:, 0], over, over, {"clock": previous.task_state["clock"] + 1})


class AlwaysTheSame(Slider):
    """A slider whose episodes all begin in the same state."""

    def initial_state(self, random):
        return super().initial_state(np.random.default_rng(3))
