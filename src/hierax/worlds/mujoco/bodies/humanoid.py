"""A humanoid with 21 hinge joints."""

from collections.abc import Sequence
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    DARK,
    WARM,
    add_free_torso,
    add_limb_sensors,
    add_motor,
    add_torso_sensors,
    limb_proprioception,
    yaw_quaternion,
)

_SIDES = {"right": -1, "left": 1}
"""Sign of y of each side."""
_LEG_GEARS = {
    "hip x": 40.0, "hip z": 40.0, "hip y": 120.0, "knee": 80.0, "ankle x": 20.0, "ankle y": 20.0
}  # fmt: skip
_ARM_GEARS = {"shoulder 1": 20.0, "shoulder 2": 20.0, "elbow": 40.0}
_GEARS = {
    **{f"abdomen {axis}": 40.0 for axis in "yzx"},
    **{f"{side} {name}": gear for side in _SIDES for name, gear in _LEG_GEARS.items()},
    **{f"{side} {name}": gear for side in _SIDES for name, gear in _ARM_GEARS.items()},
}
_ENDS = tuple(f"{side} {end}" for side in _SIDES for end in ("hand", "foot"))
_LIMBS = ("thigh", "shin", "outer foot", "inner foot", "upper arm", "lower arm", "hand")
_HEIGHT = 1.29  # the feet just above the ground
_BIG, _STIFF = {"damping": 5.0, "stiffness": 10.0}, {"damping": 5.0, "stiffness": 20.0}
_CAPSULE, _SPHERE = mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_SPHERE


class Humanoid:
    """A humanoid of 40 kg and 1.57 m with 21 motors. It falls over without control.

    | | |
    |---|---|
    | actions | torques of 20 to 120 N m, in the order of the model's actuators |
    | positions | x, y, z, quaternion (w, x, y, z), then angles (rad): abdomen, legs, arms |
    | proprioception | 21 angles, 21 speeds, height, hands, feet, `UP`, `TORSO_SENSORS` |

    Masses, sizes and torques equal those of the humanoid of dm_control's suite. The torso of the
    standing humanoid is 1.29 m high, with the feet just above the ground.
    """

    torso: ClassVar[str] = "torso_body"
    geoms: ClassVar[tuple[str, ...]] = (
        "chest", "upper waist", "head", "lower waist", "hips",
        *(f"{side} {limb}" for side in _SIDES for limb in _LIMBS),
    )  # fmt: skip
    proprioception: ClassVar[tuple[str, ...]] = limb_proprioception(tuple(_GEARS), _ENDS)

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the humanoid to ``spec``, see `Body.add`."""
        default = _default(spec)
        torso = add_free_torso(spec, self.torso, 1.5)  # as published
        pelvis = _fill_trunk(torso, default)
        for side in _SIDES:
            _add_leg(pelvis, default, side)
        for side in _SIDES:
            _add_arm(torso, default, side)
        for joint, gear in _GEARS.items():
            add_motor(spec, joint, gear)
        add_torso_sensors(spec, self.torso)
        add_limb_sensors(spec, self.torso, tuple(_GEARS), _ENDS)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "28"]:
        """Return the positions of the standing humanoid, see `Body.standing_qpos`."""
        return np.concatenate([[x, y, _HEIGHT], yaw_quaternion(yaw), np.zeros(21)])


def _default(spec: mujoco.MjSpec) -> mujoco.MjsDefault:
    default = spec.add_default("humanoid", spec.default)
    geom, joint = default.geom, default.joint
    geom.type, geom.condim, geom.friction[0], geom.rgba = _CAPSULE, 1, 0.7, DARK
    geom.solref[:2], geom.solimp[:3] = [0.015, 1], [0.9, 0.99, 0.003]
    joint.armature, joint.damping[0], joint.stiffness[0] = 0.01, 0.2, 1
    joint.solimp_limit[:3] = [0, 0.99, 0.01]
    return default


def _fill_trunk(torso: mujoco.MjsBody, default: mujoco.MjsDefault) -> mujoco.MjsBody:
    """Add chest, head and waist; return the pelvis, to which the legs are attached."""
    tilted = [1, 0, -0.002, 0]
    _across(torso, default, "chest", [0, 0], 0.07, 0.07)
    _across(torso, default, "upper waist", [-0.01, -0.12], 0.06, 0.06)
    head = torso.add_body(name="head", pos=[0, 0, 0.19])
    head.add_geom(default, name="head", type=_SPHERE, size=[0.09, 0, 0], rgba=WARM)
    head.add_camera(name="egocentric", fovy=80, pos=[0.09, 0, 0], xyaxes=[0, -1, 0, 0.1, 0, 1])
    waist = torso.add_body(name="waist", pos=[-0.01, 0, -0.26], quat=tilted)
    _across(waist, default, "lower waist", [0, 0], 0.06, 0.06)
    _hinge(waist, default, "abdomen z", [0, 0, 1], [-45, 45], 0.065, **_STIFF)
    _hinge(waist, default, "abdomen y", [0, 1, 0], [-75, 30], 0.065, **_BIG)
    pelvis = waist.add_body(name="pelvis", pos=[0, 0, -0.165], quat=tilted)
    _hinge(pelvis, default, "abdomen x", [1, 0, 0], [-35, 35], 0.1, **_BIG)
    _across(pelvis, default, "hips", [-0.02, 0], 0.07, 0.09)
    return pelvis


def _add_leg(pelvis: mujoco.MjsBody, default: mujoco.MjsDefault, side: str) -> None:
    y = _SIDES[side]
    lowest = {"right": -110, "left": -120}[side]
    thigh = pelvis.add_body(name=f"{side} thigh", pos=[0, 0.1 * y, -0.04])
    _hinge(thigh, default, f"{side} hip x", [-y, 0, 0], [-25, 5], **_BIG)
    _hinge(thigh, default, f"{side} hip z", [0, 0, -y], [-60, 35], **_BIG)
    _hinge(thigh, default, f"{side} hip y", [0, 1, 0], [lowest, 20], **_STIFF)
    _along(thigh, default, f"{side} thigh", [0, 0, 0, 0, -0.01 * y, -0.34], 0.06)
    shin = thigh.add_body(name=f"{side} shin", pos=[0, -0.01 * y, -0.403])
    _hinge(shin, default, f"{side} knee", [0, -1, 0], [-160, 2], 0.02)
    _along(shin, default, f"{side} shin", [0, 0, 0, 0, 0, -0.3], 0.049)
    foot = shin.add_body(name=f"{side} foot", pos=[0, 0, -0.39])
    _hinge(foot, default, f"{side} ankle y", [0, 1, 0], [-50, 50], 0.08, stiffness=6.0)
    _hinge(foot, default, f"{side} ankle x", [1, 0, 0.5], [-50, 50], 0.04, stiffness=3.0)
    _along(foot, default, f"{side} outer foot", [-0.07, 0.02 * y, 0, 0.14, 0.04 * y, 0], 0.027)
    _along(foot, default, f"{side} inner foot", [-0.07, 0, 0, 0.14, -0.02 * y, 0], 0.027)


def _add_arm(torso: mujoco.MjsBody, default: mujoco.MjsDefault, side: str) -> None:
    y = _SIDES[side]
    range_ = {"right": [-85, 60], "left": [-60, 85]}[side]
    upper = torso.add_body(name=f"{side} upper arm", pos=[0, 0.17 * y, 0.06])
    _hinge(upper, default, f"{side} shoulder 1", [2, -y, 1], range_)
    _hinge(upper, default, f"{side} shoulder 2", [0, y, 1], range_)
    _along(upper, default, f"{side} upper arm", [0, 0, 0, 0.16, 0.16 * y, -0.16], 0.04)
    lower = upper.add_body(name=f"{side} lower arm", pos=[0.18, 0.18 * y, -0.18])
    _hinge(lower, default, f"{side} elbow", [0, -1, -y], [-90, 50], stiffness=0.0)
    along = [0.01, -0.01 * y, 0.01, 0.17, -0.17 * y, 0.17]
    _along(lower, default, f"{side} lower arm", along, 0.031)
    hand = lower.add_body(name=f"{side} hand", pos=[0.18, -0.18 * y, 0.18])
    hand.add_geom(default, name=f"{side} hand", type=_SPHERE, size=[0.04, 0, 0])


def _hinge(
    body: mujoco.MjsBody, default: mujoco.MjsDefault, name: str, axis: Sequence[float],
    angles: Sequence[float], height: float = 0.0, **passive: float,
) -> None:  # fmt: skip
    """Add a joint ``height`` above the body's origin; ``passive`` replaces defaults."""
    joint = body.add_joint(default, name=name, pos=[0, 0, height], axis=axis, range=angles)
    for what, value in passive.items():
        getattr(joint, what)[0] = value


def _along(
    body: mujoco.MjsBody,
    default: mujoco.MjsDefault,
    name: str,
    ends: Sequence[float],
    radius: float,
) -> None:
    """Add a capsule of a limb."""
    body.add_geom(default, name=name, fromto=ends, size=[radius, 0, 0])


def _across(
    body: mujoco.MjsBody, default: mujoco.MjsDefault, name: str, at: Sequence[float],
    half: float, radius: float,
) -> None:  # fmt: skip
    """Add a capsule of the trunk, from right to left, at an x and a z."""
    x, z = at
    ends = [x, -half, z, x, half, z]
    body.add_geom(default, name=name, fromto=ends, size=[radius, 0, 0], rgba=WARM)
