"""The ant of the mazes of HIRO and NORL."""

import dataclasses
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import add_motor, turned
from hierax.worlds.mujoco.bodies.four_legs import Ankle, add_leg, add_trunk

_LEGS = {"1": (1, 1), "2": (-1, 1), "3": (-1, -1), "4": (1, -1)}
_DRIVEN = ("4", "1", "2", "3")  # the order of actions is not that of positions
_ANKLES = {
    "1": Ankle((-1, 1, 0), (30, 70)),
    "2": Ankle((1, 1, 0), (-70, -30)),
    "3": Ankle((-1, 1, 0), (-70, -30)),
    "4": Ankle((1, 1, 0), (30, 70)),
}


@dataclasses.dataclass(frozen=True)
class MazeAnt:
    """A light ant (.911 kg) with eight weak motors and a fixed place for each number.

    | | |
    |---|---|
    | actions | torques in [-30, 30] N m: hip and ankle of leg 4, of legs 1, 2 and 3 |
    | positions | x, y, z, quaternion (w, x, y, z), hip and ankle (rad) of legs 1 to 4 |
    | legs | 1 front left, 2 back left, 3 back right, 4 front right; it looks along x |

    Sizes, densities and torques are those of the release that goes with Nachum et al. (2018; 2019).
    What its authors set for all of a model, `add` sets as well, so that walls and blocks which are
    added later touch the ant as theirs do: fourth-order integration, and the defaults of geoms.

    Attributes:
        stiff: contacts that give less, which the release takes where a block can be moved.
    """

    stiff: bool = False

    height: ClassVar[float] = 0.75
    """Of the torso where an episode begins, over what it stands on (m)."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Puts the ant into a model in which there is no geom yet."""
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
        for name, towards in _LEGS.items():
            add_leg(torso, default, name, towards, _ANKLES[name])
        for joint in (f"{leg} {joint}" for leg in _DRIVEN for joint in ("hip", "ankle")):
            add_motor(spec, joint, 1.0, limit=30.0)

    def standing(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "15"]:
        """The first of the model's positions, on the ground, all angles 0 as episodes begin."""
        return np.concatenate([[x, y, self.height], turned(yaw), np.zeros(8)])
