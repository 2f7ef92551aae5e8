"""What a body is to a task: something that can be put somewhere, feels itself and may fall."""

import math
from typing import ClassVar, Protocol

import mujoco
import numpy as np
from jaxtyping import Float

TORSO_AXES = ("torso x", "torso y", "torso z")
"""Sensors of every body: where its torso's axes point in the world."""
UP = ("torso x.z", "torso y.z", "torso z.z")
"""Parts of them: where up is in the torso's axes, which tells neither place nor yaw."""
FEELINGS = ("velocity", "gyro", "acceleration")
"""Sensors of every body: what a torso feels, in its own axes."""
WARM, DARK = (0.88, 0.56, 0.30, 1.0), (0.52, 0.31, 0.20, 1.0)
"""Colours of trunks and of limbs."""
TORSO_SITE = "torso_site"
"""Where a torso feels, and is pushed if a force and no joint moves it."""


class Body(Protocol):
    """A body, which acts in worlds."""

    torso: ClassVar[str]
    """The body whose axes are its own."""
    geoms: ClassVar[tuple[str, ...]]
    """Whatever of it counts as being somewhere."""
    proprioception: ClassVar[tuple[str, ...]]
    """Sensors of what it feels of itself: nothing that tells where it is or looks."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Puts bodies, actuators and sensors into a model in which there is no body yet."""
        ...

    def standing(self, x: float, y: float, yaw: float) -> Float[np.ndarray, " part"]:
        """The first of the model's positions: upright at a place, looking along ``yaw`` (rad)."""
        ...


def add_root(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """A body ``root`` of nothing, for a torso to hang on.

    What moves must weigh something; it weighs what dm_control's compiler gives to such a body.
    """
    root = spec.worldbody.add_body(name="root")
    root.explicitinertial = True
    root.mass, root.ipos, root.inertia = 1e-5, [0, 0, 0], [1e-11, 1e-11, 1e-11]
    return root


def add_free_torso(spec: mujoco.MjSpec, name: str, height: float) -> mujoco.MjsBody:
    """A torso that moves freely, ``height`` (m) above the origin, with its `TORSO_SITE`."""
    torso = spec.worldbody.add_body(name=name, pos=[0, 0, height])
    torso.add_freejoint(name="root")
    add_torso_site(torso)
    return torso


def add_torso_site(torso: mujoco.MjsBody) -> None:
    """The `TORSO_SITE`, at the torso's origin."""
    torso.add_site(name=TORSO_SITE, size=[0.05, 0.05, 0.05], group=4)


def feel(spec: mujoco.MjSpec, torso: str) -> None:
    """Sensors that every body has: ``torso`` (a place), `TORSO_AXES` and `FEELINGS`.

    What is felt is felt at the `TORSO_SITE`.
    """
    sensor, body, at_site = mujoco.mjtSensor, mujoco.mjtObj.mjOBJ_XBODY, mujoco.mjtObj.mjOBJ_SITE
    spec.add_sensor(name="torso", type=sensor.mjSENS_FRAMEPOS, objtype=body, objname=torso)
    axes = (sensor.mjSENS_FRAMEXAXIS, sensor.mjSENS_FRAMEYAXIS, sensor.mjSENS_FRAMEZAXIS)
    for name, axis in zip(TORSO_AXES, axes, strict=True):
        spec.add_sensor(name=name, type=axis, objtype=body, objname=torso)
    felt = (sensor.mjSENS_VELOCIMETER, sensor.mjSENS_GYRO, sensor.mjSENS_ACCELEROMETER)
    for name, kind in zip(FEELINGS, felt, strict=True):
        spec.add_sensor(name=name, type=kind, objtype=at_site, objname=TORSO_SITE)


def feel_limbs(
    spec: mujoco.MjSpec, torso: str, joints: tuple[str, ...], ends: tuple[str, ...]
) -> None:
    """Sensors ``NAME angle`` and ``NAME speed`` of joints; bodies at the ends, as in `locate`."""
    sensor, joint = mujoco.mjtSensor, mujoco.mjtObj.mjOBJ_JOINT
    for what, kind in (("angle", sensor.mjSENS_JOINTPOS), ("speed", sensor.mjSENS_JOINTVEL)):
        for name in joints:
            spec.add_sensor(name=f"{name} {what}", type=kind, objtype=joint, objname=name)
    locate(spec, mujoco.mjtObj.mjOBJ_XBODY, ends, torso)


def felt_by(joints: tuple[str, ...], ends: tuple[str, ...]) -> tuple[str, ...]:
    """The proprioception of a body with limbs: joints, height, ends, `UP` and `FEELINGS`."""
    angles, speeds = (tuple(f"{name} {what}" for name in joints) for what in ("angle", "speed"))
    from_torso = (f"{name} from torso" for name in ends)
    return (*angles, *speeds, "torso.z", *from_torso, *UP, *FEELINGS)


def add_motor(spec: mujoco.MjSpec, joint: str, gear: float, limit: float = 1.0) -> None:
    """An actuator named like its joint; its torque is ``gear`` times a control within ``limit``."""
    spec.add_actuator(
        name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gear=[gear, 0, 0, 0, 0, 0], ctrlrange=[-limit, limit], ctrllimited=True,
    )  # fmt: skip


def locate(spec: mujoco.MjSpec, kind: mujoco.mjtObj, names: tuple[str, ...], torso: str) -> None:
    """A sensor ``NAME from torso`` of each place, in the torso's axes and from its origin."""
    for name in names:
        spec.add_sensor(
            name=f"{name} from torso",
            type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
            objtype=kind,
            objname=name,
            reftype=mujoco.mjtObj.mjOBJ_XBODY,
            refname=torso,
        )


def place_geoms(spec: mujoco.MjSpec, geoms: tuple[str, ...]) -> None:
    """A sensor ``NAME place`` of the centre of each geom, in the world."""
    for name in geoms:
        spec.add_sensor(
            name=f"{name} place",
            type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
            objtype=mujoco.mjtObj.mjOBJ_GEOM,
            objname=name,
        )


def turned(yaw: float) -> Float[np.ndarray, "4"]:
    """The quaternion (w, x, y, z) of a turn about the vertical."""
    return np.array([math.cos(yaw / 2.0), 0.0, 0.0, math.sin(yaw / 2.0)])
