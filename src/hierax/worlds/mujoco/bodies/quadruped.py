"""A quadruped whose legs are driven by filtered tendon actuators."""

from collections.abc import Mapping
from itertools import product
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    DARK,
    WARM,
    add_free_torso,
    add_limb_sensors,
    add_torso_sensors,
    limb_proprioception,
    yaw_quaternion,
)

_LEGS = {
    "front left": (0.2, 0.2, 45.0),
    "front right": (0.2, -0.2, -45.0),
    "back right": (-0.2, -0.2, -135.0),
    "back left": (-0.2, 0.2, 135.0),
}
"""Position (x, y) and direction (degrees) of each leg."""
_HINGES = {"yaw": (-50, 50), "pitch": (-20, 60), "knee": (-60, 50), "ankle": (-45, 55)}
_DRIVES = {"yaw": (-1.0, 1.0), "lift": (-1.0, 1.1), "extend": (-0.8, 0.8)}
"""Control ranges: set points for the angle of a joint or the length of a tendon."""
_TENDONS = {
    "extend": {"pitch": 0.25, "knee": -0.5, "ankle": 0.25},
    "lift": {"pitch": 0.5, "ankle": -0.5},
}
_COUPLED = ("pitch", "knee", "ankle")
_JOINTS = tuple(f"{leg} {joint}" for leg, joint in product(_LEGS, _HINGES))
_TOES = tuple(f"{leg} toe" for leg in _LEGS)
_HEIGHT = 0.53  # the toes are 1 cm above the ground


class Quadruped:
    """A quadruped of 107 kg with 12 actuators. It can fall over.

    | | |
    |---|---|
    | actions | yaw, lift and extend: front left, front right, back right, back left |
    | activations | 12: filtered controls, with a time constant of .1 s |
    | positions | x, y, z, quaternion (w, x, y, z); yaw, pitch, knee, ankle (rad), leg by leg |
    | proprioception | 16 angles, 16 speeds, height, 4 toes, `UP`, `TORSO_SENSORS` |

    Pitch, knee and ankle of a leg sum to about 0, so that its foot stays at a right angle to the
    trunk. Masses, sizes and gains equal those of the quadruped of dm_control's suite. Activations
    are part of the state but are not observed. The eyes have no mass and are not in ``geoms``.
    """

    torso: ClassVar[str] = "torso_body"
    geoms: ClassVar[tuple[str, ...]] = (
        "trunk",
        *(f"{leg} {part}" for leg, part in product(_LEGS, ("thigh", "shin", "foot", "toe"))),
    )
    proprioception: ClassVar[tuple[str, ...]] = limb_proprioception(_JOINTS, _TOES)

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the quadruped to ``spec``, see `Body.add`."""
        default = _default(spec)
        torso = add_free_torso(spec, self.torso, 0.57)  # as published
        _fill_trunk(torso, default)
        for leg in _LEGS:
            _add_leg(torso, default, leg)
        for leg in _LEGS:
            _couple(spec, leg)
        for leg, tendon in product(_LEGS, _TENDONS):
            weights = {f"{leg} {joint}": by for joint, by in _TENDONS[tendon].items()}
            _add_tendon(spec, f"{leg} {tendon}", weights)
        for leg, drive in product(_LEGS, _DRIVES):
            _add_drive(spec, leg, drive)
        add_torso_sensors(spec, self.torso)
        add_limb_sensors(spec, self.torso, _JOINTS, _TOES)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "23"]:
        """Return the positions of the standing quadruped, see `Body.standing_qpos`."""
        return np.concatenate([[x, y, _HEIGHT], yaw_quaternion(yaw), np.zeros(16)])


def _default(spec: mujoco.MjSpec) -> mujoco.MjsDefault:
    default = spec.add_default("quadruped", spec.default)
    geom, joint = default.geom, default.joint
    geom.type, geom.condim, geom.density, geom.rgba = mujoco.mjtGeom.mjGEOM_CAPSULE, 1, 500, DARK
    geom.solref[:2], geom.solimp[:3] = [0.01, 1], [0.9, 0.99, 0.003]
    joint.armature, joint.damping[0] = 0.01, 30
    joint.solimp_limit[:3] = [0, 0.99, 0.01]
    return default


def _fill_trunk(torso: mujoco.MjsBody, default: mujoco.MjsDefault) -> None:
    """Add the trunk, the camera, and two eyes without mass but with contacts."""
    shape = mujoco.mjtGeom
    torso.add_camera(name="egocentric", fovy=60, pos=[0.3, 0, 0.11], xyaxes=[0, -1, 0, 0.4, 0, 1])
    for name, y in (("right eye", -0.07), ("left eye", 0.07)):
        torso.add_geom(
            default, name=name, type=shape.mjGEOM_CYLINDER, size=[0.05, 0, 0], mass=0,
            fromto=[0.1, y, 0.12, 0.31, y, 0.08],
        )  # fmt: skip
    torso.add_geom(
        default, name="trunk", type=shape.mjGEOM_ELLIPSOID, size=[0.3, 0.27, 0.2], density=1000,
        rgba=WARM,
    )  # fmt: skip


def _add_leg(torso: mujoco.MjsBody, default: mujoco.MjsDefault, leg: str) -> None:
    """Four bodies, one below the other, with the four joints of `_HINGES`."""
    x, y, yaw = _LEGS[leg]
    hip = torso.add_body(name=f"{leg} hip", pos=[x, y, 0], quat=yaw_quaternion(np.radians(yaw)))
    knee = hip.add_body(name=f"{leg} knee", pos=[0.3, 0, 0.11])
    ankle = knee.add_body(name=f"{leg} ankle", pos=[0.25, 0, -0.25])
    toe = ankle.add_body(name=f"{leg} toe", pos=[0, 0, -0.3])
    for body, joint in ((hip, "yaw"), (hip, "pitch"), (knee, "knee"), (ankle, "ankle")):
        axis = [0, 0, 1] if joint == "yaw" else [0, 1, 0]
        body.add_joint(default, name=f"{leg} {joint}", axis=axis, range=_HINGES[joint])
    for body, part, radius, end in (
        (hip, "thigh", 0.08, [0.3, 0, 0.11]),
        (knee, "shin", 0.065, [0.25, 0, -0.25]),
        (ankle, "foot", 0.055, [0, 0, -0.25]),
    ):
        body.add_geom(default, name=f"{leg} {part}", size=[radius, 0, 0], fromto=[0, 0, 0, *end])
    toe.add_geom(
        default, name=f"{leg} toe", type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.08, 0, 0],
        friction=[1.5, 0.005, 0.0001],
    )  # fmt: skip


def _couple(spec: mujoco.MjSpec, leg: str) -> None:
    """Keep the mean of pitch, knee and ankle at 0, so that the foot stays upright."""
    _add_tendon(spec, f"{leg} coupling", {f"{leg} {joint}": 0.333 for joint in _COUPLED})
    equality = spec.add_equality(
        type=mujoco.mjtEq.mjEQ_TENDON, objtype=mujoco.mjtObj.mjOBJ_TENDON, name1=f"{leg} coupling"
    )
    equality.solref[:2], equality.solimp[:3] = [0.005, 0.5], [0.95, 0.99, 0.01]


def _add_tendon(spec: mujoco.MjSpec, name: str, weights: Mapping[str, float]) -> None:
    """Add a tendon: a weighted sum of angles."""
    tendon = spec.add_tendon(name=name)
    for joint, weight in weights.items():
        tendon.wrap_joint(joint, weight)


def _add_drive(spec: mujoco.MjSpec, leg: str, name: str) -> None:
    """Add an actuator: a stiff spring whose set point is the control after a first-order filter."""
    over = mujoco.mjtTrn.mjTRN_JOINT if name == "yaw" else mujoco.mjtTrn.mjTRN_TENDON
    drive = spec.add_actuator(
        name=f"{leg} {name}", target=f"{leg} {name}", trntype=over,
        ctrlrange=_DRIVES[name], ctrllimited=True,
        dyntype=mujoco.mjtDyn.mjDYN_FILTER, biastype=mujoco.mjtBias.mjBIAS_AFFINE,
    )  # fmt: skip
    drive.dynprm[0], drive.gainprm[0], drive.biasprm[:2] = 0.1, 1000, [0, -1000]
