"""A sledge that drives where it looks, and a task of hierax for it."""

import dataclasses
from typing import ClassVar

import mujoco
import numpy as np

from hierax.worlds.mujoco import Arrangement
from hierax.worlds.mujoco.bodies.body import FEELINGS, add_motor, add_torso_site, feel


class Sledge:
    """A block of 10 kg that glides just above the floor, pushed forward and turned."""

    torso: ClassVar[str] = "sledge"
    geoms: ClassVar[tuple[str, ...]] = ("block",)
    proprioception: ClassVar[tuple[str, ...]] = FEELINGS

    def add(self, spec: mujoco.MjSpec) -> None:
        """Puts the sledge into a model."""
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
        feel(spec, self.torso)

    def standing(self, x: float, y: float, yaw: float) -> np.ndarray:
        """The model's positions where the sledge stands at a place and looks along ``yaw``."""
        return np.array([x, y, yaw])


@dataclasses.dataclass(frozen=True)
class SledgeTask(Arrangement):
    """An `Arrangement` with a sledge, whatever the field ``body`` says."""

    walker = Sledge()
