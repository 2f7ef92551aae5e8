"""The ant of the mazes of HIRO and NORL."""

import dataclasses
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import add_motor, yaw_quaternion
from hierax.worlds.mujoco.bodies.four_legs import Ankle, add_leg, add_trunk

_LEGS = {"1": (1, 1), "2": (-1, 1), "3": (-1, -1), "4": (1, -1)}
_DRIVEN = ("4", "1", "2", "3")  # the order of actions differs from that of positions
_ANKLES = {
    "1": Ankle((-1, 1, 0), (30, 70)),
    "2": Ankle((1, 1, 0), (-70, -30)),
    "3": Ankle((-1, 1, 0), (-70, -30)),
    "4": Ankle((1, 1, 0), (30, 70)),
}


@dataclasses.dataclass(frozen=True)
class MazeAnt:
    """The ant of the mazes: .911 kg, eight weak motors.

    | | |
    |---|---|
    | actions | torques in [-30, 30] N m: hip and ankle of leg 4, of legs 1, 2 and 3 |
    | positions | x, y, z, quaternion (w, x, y, z), hip and ankle (rad) of legs 1 to 4 |
    | legs | 1 front left, 2 back left, 3 back right, 4 front right; it faces along x |

    Sizes, densities and torques equal those of the code released with Nachum et al. (2018; 2019).
    That code sets fourth-order integration and the defaults of geoms for the whole model. `add`
    does the same, so that walls and blocks added later have the same contacts.

    Attributes:
        stiff: use stiffer contacts, as the released code does in mazes with a movable block.
    """

    stiff: bool = False

    height: ClassVar[float] = 0.75
    """Height of the torso above the ground at the start of an episode (m)."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the ant to ``spec``, which must not have geoms yet."""
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
        touch, softness = spec.default.geom, 0.995 if self.stiff else 0.8
        touch.friction, touch.margin = [1, 0.5, 0.5], 0.01
        touch.solref[:2], touch.solimp[:3] = [0.02, 1], [softness, softness, 0.01]
        default = spec.add_default("ant", spec.default)
        default.geom.conaffinity, default.geom.density = 0, 5  # its legs pass through each other
        default.joint.armature, default.joint.damping = 1, [1, 0, 0]
        default.joint.range = [-30, 30]
        torso = spec.worldbody.add_body(name="torso_body", pos=[0, 0, self.height])
        torso.add_freejoint(name="root")
        add_trunk(torso, default, default.geom.density)
        for name, direction in _LEGS.items():
            add_leg(torso, default, name, direction, _ANKLES[name])
        for joint in (f"{leg} {joint}" for leg in _DRIVEN for joint in ("hip", "ankle")):
            add_motor(spec, joint, 1.0, limit=30.0)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "15"]:
        """Return the ant's positions on the ground, with all angles 0."""
        return np.concatenate([[x, y, self.height], yaw_quaternion(yaw), np.zeros(8)])
