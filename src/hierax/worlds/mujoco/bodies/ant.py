"""An ant: four legs, each with a hip and an ankle."""

import math
from itertools import product
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    add_limb_sensors,
    add_motor,
    add_root,
    add_torso_sensors,
    add_torso_site,
    limb_proprioception,
    yaw_quaternion,
)
from hierax.worlds.mujoco.bodies.four_legs import Ankle, add_leg, add_trunk

_LEGS = {"front left": (1, 1), "front right": (1, -1), "back right": (-1, -1), "back left": (-1, 1)}
_JOINTS = tuple(f"{leg} {joint}" for leg, joint in product(_LEGS, ("hip", "ankle")))
_FEET = tuple(f"{leg} foot" for leg in _LEGS)
_HIP, _ANKLE = math.degrees(0.52359), math.degrees(0.34906)
_ABOVE_GROUND = 0.522


class Ant:
    """An ant of 12.4 kg: a sphere on four legs. It can fall over.

    | | |
    |---|---|
    | actions | torques of 75 N m on hip and ankle: front left, front right, back right, back left |
    | positions | x, y, z (0 standing), quaternion (w, x, y, z), angles (rad) as the actions |
    | proprioception | 8 angles, 8 speeds, height, 4 feet, `UP`, `TORSO_SENSORS` |

    Masses, sizes and torques equal those of dm_control's ``Ant``. Its proprioception also has the
    positions and directions of all parts; they follow from the angles and are left out here.
    """

    torso: ClassVar[str] = "torso_body"
    geoms: ClassVar[tuple[str, ...]] = (
        "trunk",
        *(f"{leg} {part}" for leg, part in product(_LEGS, ("aux", "thigh", "shin"))),
    )
    proprioception: ClassVar[tuple[str, ...]] = limb_proprioception(_JOINTS, _FEET)

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the ant to ``spec``, see `Body.add`."""
        default = _default(spec)
        root = add_root(spec)
        root.add_freejoint(name="root")
        torso = root.add_body(name=self.torso, pos=[0, 0, _ABOVE_GROUND])
        torso.add_camera(
            name="egocentric", fovy=90, pos=[0.25, 0, 0.11], xyaxes=[0, -1, 0, 0, 0, 1]
        )
        add_torso_site(torso)
        add_trunk(torso, default, density=100)
        for name, (x, y) in _LEGS.items():
            hanging = (0.984807753012208, -0.334281581050977 * y, 0.334281581050977 * x, 0)
            ankle = Ankle((y, -x, 0), (-_ANKLE, _ANKLE), hanging)
            add_leg(torso, default, name, (x, y), ankle)
            spec.add_exclude(bodyname1=self.torso, bodyname2=f"{name} leg")
        for joint in _JOINTS:
            add_motor(spec, joint, 75.0)
        add_torso_sensors(spec, self.torso)
        add_limb_sensors(spec, self.torso, _JOINTS, _FEET)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "15"]:
        """Return the positions of the standing ant, see `Body.standing_qpos`."""
        return np.concatenate([[x, y, 0.0], yaw_quaternion(yaw), np.zeros(8)])


def _default(spec: mujoco.MjSpec) -> mujoco.MjsDefault:
    default = spec.add_default("ant", spec.default)
    geom, joint = default.geom, default.joint
    geom.friction, geom.density = [1, 0.5, 0.5], 50
    geom.solref[:2], geom.solimp[:3] = [0.02, 1], [0, 0.8, 0.01]
    joint.range, joint.armature = [-_HIP, _HIP], 1
    joint.stiffness[0], joint.damping[0] = 1, 1
    joint.solref_limit[:2], joint.solimp_limit[:3] = [0.04, 1], [0, 0.8, 0.03]
    return default
