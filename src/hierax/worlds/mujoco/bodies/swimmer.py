"""A swimmer of three links in a fluid."""

from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    DARK,
    WARM,
    add_limb_sensors,
    add_motor,
    add_torso_sensors,
    add_torso_site,
)

_RADIUS = 0.1
_JOINTS = ("front", "back")
_LINKS = ("head", "middle", "tail")
_DENSITY, _VISCOSITY = 4000.0, 0.1
"""Density and viscosity of the fluid (kg / m^3, Pa s); the links have a quarter of its density."""


class Swimmer:
    """A swimmer of three links (1 m and 36 kg each) that move in a plane without contacts.

    | | |
    |---|---|
    | actions | torques of 50 N m on the front and the back joint |
    | positions | x and y of the middle link's centre at angles 0, yaw, two angles (rad) |
    | proprioception | 2 angles, 2 speeds, forward and sideward velocity, yaw rate |

    Masses, sizes, torques and fluid equal those of rllab's swimmer. The links have no contacts; the
    forces of the fluid move them.
    """

    torso: ClassVar[str] = "torso_body"
    geoms: ClassVar[tuple[str, ...]] = _LINKS
    proprioception: ClassVar[tuple[str, ...]] = (
        *(f"{joint} {what}" for what in ("angle", "speed") for joint in _JOINTS),
        "velocity.x", "velocity.y", "gyro.z",
    )  # fmt: skip

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the swimmer to ``spec``, see `Body.add`."""
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
        spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL  # for MJX
        spec.option.density, spec.option.viscosity = _DENSITY, _VISCOSITY
        default = spec.add_default("swimmer", spec.default)
        default.geom.type, default.geom.size[0] = mujoco.mjtGeom.mjGEOM_CAPSULE, _RADIUS
        default.geom.contype = default.geom.conaffinity = 0
        head = spec.worldbody.add_body(name=self.torso, pos=[0, 0, _RADIUS])
        for axis, along in (("x", [1, 0, 0]), ("y", [0, 1, 0])):
            head.add_joint(name=f"root {axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=along)
        head.add_joint(name="root yaw", axis=[0, 0, 1])
        add_torso_site(head)
        head.add_geom(default, name="head", fromto=[1.5, 0, 0, 0.5, 0, 0], rgba=WARM)
        middle = head.add_body(name="middle", pos=[0.5, 0, 0])
        tail = middle.add_body(name="tail", pos=[-1, 0, 0])
        for body, joint in zip((middle, tail), _JOINTS, strict=True):
            body.add_joint(name=joint, axis=[0, 0, 1], range=[-100, 100])
            body.add_geom(default, name=body.name, fromto=[0, 0, 0, -1, 0, 0], rgba=DARK)
            add_motor(spec, joint, 50.0)
        add_torso_sensors(spec, self.torso)
        add_limb_sensors(spec, self.torso, _JOINTS, ())

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "5"]:
        """Return the positions of a straight swimmer along ``yaw`` (rad)."""
        return np.array([x, y, yaw, 0.0, 0.0])
