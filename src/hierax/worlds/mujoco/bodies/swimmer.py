"""A swimmer of three links, in a fluid."""

from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    DARK,
    WARM,
    add_motor,
    add_torso_site,
    feel,
    feel_limbs,
)

_RADIUS = 0.1
_JOINTS = ("front", "back")
_LINKS = ("head", "middle", "tail")
_DENSITY, _VISCOSITY = 4000.0, 0.1
"""Of the fluid, which is four times as dense as the links (kg / m^3, Pa s)."""


class Swimmer:
    """Three links of 1 m, 36 kg each, that slide in a plane; it has nothing to run into.

    | | |
    |---|---|
    | actions | torques of 50 N m on the front joint and on the one at the back |
    | positions | x and y of the middle link's centre when it is straight, yaw, two angles (rad) |
    | proprioception | 2 angles, 2 speeds, forward and sideward velocity, yaw's speed |

    Masses, sizes, torques and fluid are those of rllab's swimmer. Links pass through all else, and
    through each other; what they push against is the fluid.
    """

    torso: ClassVar[str] = "torso_body"
    geoms: ClassVar[tuple[str, ...]] = _LINKS
    proprioception: ClassVar[tuple[str, ...]] = (
        *(f"{joint} {what}" for what in ("angle", "speed") for joint in _JOINTS),
        "velocity.x", "velocity.y", "gyro.z",
    )  # fmt: skip

    def add(self, spec: mujoco.MjSpec) -> None:
        """See `Body.add`."""
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
        spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL  # without contacts MJX has no other
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
        feel(spec, self.torso)
        feel_limbs(spec, self.torso, _JOINTS, ())

    def standing(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "5"]:
        """The model's positions: straight, at a place, along ``yaw`` (rad)."""
        return np.array([x, y, yaw, 0.0, 0.0])
