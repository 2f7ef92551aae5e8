"""A body of your own: a sledge that is pushed and turned, in a task of hierax."""

import dataclasses
from typing import ClassVar

import mujoco
import numpy as np

from hierax.worlds.mujoco import Arrangement
from hierax.worlds.mujoco.bodies.body import (
    TORSO_SENSORS,
    add_motor,
    add_torso_sensors,
    add_torso_site,
)


class Sledge:
    """A block of 10 kg that slides just above the floor; actuators push it forward and turn it."""

    torso: ClassVar[str] = "sledge"
    geoms: ClassVar[tuple[str, ...]] = ("block",)
    proprioception: ClassVar[tuple[str, ...]] = TORSO_SENSORS

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the sledge to a model."""
        sledge = spec.worldbody.add_body(name=self.torso, pos=[0, 0, 0.15])
        slide = mujoco.mjtJoint.mjJNT_SLIDE
        sledge.add_joint(name="x", type=slide, axis=[1, 0, 0], damping=[20, 0, 0])
        sledge.add_joint(name="y", type=slide, axis=[0, 1, 0], damping=[20, 0, 0])
        sledge.add_joint(name="turn", axis=[0, 0, 1], damping=[2, 0, 0])
        sledge.add_geom(
            name="block", type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.3, 0.2, 0.1], mass=10.0
        )
        add_torso_site(sledge)
        spec.add_actuator(
            name="push", target="torso_site", trntype=mujoco.mjtTrn.mjTRN_SITE,
            gear=[40, 0, 0, 0, 0, 0], ctrlrange=[-1, 1], ctrllimited=True,
        )  # fmt: skip
        add_motor(spec, "turn", 4.0)
        add_torso_sensors(spec, self.torso)

    def standing_qpos(self, x: float, y: float, yaw: float) -> np.ndarray:
        """Return the positions of the sledge at (x, y), facing along ``yaw``."""
        return np.array([x, y, yaw])


@dataclasses.dataclass(frozen=True)
class SledgeTask(Arrangement):
    """An `Arrangement` with the sledge; the field ``body`` is not used."""

    walker = Sledge()
