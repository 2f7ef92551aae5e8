"""The interface between bodies and tasks, and functions to build bodies."""

import math
from typing import ClassVar, Protocol

import mujoco
import numpy as np
from jaxtyping import Float

TORSO_AXES = ("torso x", "torso y", "torso z")
"""Sensors of every body: the axes of its torso in world coordinates."""
UP = ("torso x.z", "torso y.z", "torso z.z")
"""Parts of these sensors: the upward direction in torso axes. Independent of position and yaw."""
TORSO_SENSORS = ("velocity", "gyro", "acceleration")
"""Sensors of every body: motion of the torso, in its own axes."""
WARM, DARK = (0.88, 0.56, 0.30, 1.0), (0.52, 0.31, 0.20, 1.0)
"""Colours of trunks and of limbs."""
TORSO_SITE = "torso_site"
"""Site of the torso sensors, and of actuators that apply a force to the torso."""


class Body(Protocol):
    """A body that is controlled in a world."""

    torso: ClassVar[str]
    """Name of the MuJoCo body whose frame is the body's frame."""
    geoms: ClassVar[tuple[str, ...]]
    """Geoms that count when a task checks whether the body is on a target."""
    proprioception: ClassVar[tuple[str, ...]]
    """Sensors of the view ``"proprioception"``; none may reveal world position or heading."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add MuJoCo bodies, actuators and sensors to a model without any other body."""
        ...

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, " part"]:
        """Return the body's part of ``qpos``: upright at (x, y), facing along ``yaw`` (rad).

        A body's joints come first in the model's ``qpos``.
        """
        ...


def add_root(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """Add and return an empty body ``root``, the parent of a torso.

    Moving bodies need mass. The mass here is the one that dm_control's compiler sets.
    """
    root = spec.worldbody.add_body(name="root")
    root.explicitinertial = True
    root.mass, root.ipos, root.inertia = 1e-5, [0, 0, 0], [1e-11, 1e-11, 1e-11]
    return root


def add_free_torso(spec: mujoco.MjSpec, name: str, height: float) -> mujoco.MjsBody:
    """Add a torso with a free joint and a `TORSO_SITE`, ``height`` (m) above the origin."""
    torso = spec.worldbody.add_body(name=name, pos=[0, 0, height])
    torso.add_freejoint(name="root")
    add_torso_site(torso)
    return torso


def add_torso_site(torso: mujoco.MjsBody) -> None:
    """Add the `TORSO_SITE` at the torso's origin."""
    torso.add_site(name=TORSO_SITE, size=[0.05, 0.05, 0.05], group=4)


def add_torso_sensors(spec: mujoco.MjSpec, torso: str) -> None:
    """Add the sensors of every body: ``torso`` (position), `TORSO_AXES` and `TORSO_SENSORS`.

    The `TORSO_SENSORS` measure at the `TORSO_SITE`.
    """
    sensor, body, at_site = mujoco.mjtSensor, mujoco.mjtObj.mjOBJ_XBODY, mujoco.mjtObj.mjOBJ_SITE
    spec.add_sensor(name="torso", type=sensor.mjSENS_FRAMEPOS, objtype=body, objname=torso)
    axes = (sensor.mjSENS_FRAMEXAXIS, sensor.mjSENS_FRAMEYAXIS, sensor.mjSENS_FRAMEZAXIS)
    for name, axis in zip(TORSO_AXES, axes, strict=True):
        spec.add_sensor(name=name, type=axis, objtype=body, objname=torso)
    motion = (sensor.mjSENS_VELOCIMETER, sensor.mjSENS_GYRO, sensor.mjSENS_ACCELEROMETER)
    for name, kind in zip(TORSO_SENSORS, motion, strict=True):
        spec.add_sensor(name=name, type=kind, objtype=at_site, objname=TORSO_SITE)


def add_limb_sensors(
    spec: mujoco.MjSpec, torso: str, joints: tuple[str, ...], ends: tuple[str, ...]
) -> None:
    """Add sensors ``NAME angle`` and ``NAME speed`` of joints, and positions of the end bodies.

    The positions are ``NAME from torso``, see `add_position_sensors`.
    """
    sensor, joint = mujoco.mjtSensor, mujoco.mjtObj.mjOBJ_JOINT
    for what, kind in (("angle", sensor.mjSENS_JOINTPOS), ("speed", sensor.mjSENS_JOINTVEL)):
        for name in joints:
            spec.add_sensor(name=f"{name} {what}", type=kind, objtype=joint, objname=name)
    add_position_sensors(spec, mujoco.mjtObj.mjOBJ_XBODY, ends, torso)


def limb_proprioception(joints: tuple[str, ...], ends: tuple[str, ...]) -> tuple[str, ...]:
    """Return the proprioception of a body with limbs.

    It has angles, speeds, height, end positions, `UP` and `TORSO_SENSORS`.
    """
    angles, speeds = (tuple(f"{name} {what}" for name in joints) for what in ("angle", "speed"))
    from_torso = (f"{name} from torso" for name in ends)
    return (*angles, *speeds, "torso.z", *from_torso, *UP, *TORSO_SENSORS)


def add_motor(spec: mujoco.MjSpec, joint: str, gear: float, limit: float = 1.0) -> None:
    """Add a motor named like its joint: torque ``gear`` times control, within ``limit``."""
    spec.add_actuator(
        name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gear=[gear, 0, 0, 0, 0, 0], ctrlrange=[-limit, limit], ctrllimited=True,
    )  # fmt: skip


def add_position_sensors(
    spec: mujoco.MjSpec, kind: mujoco.mjtObj, names: tuple[str, ...], torso: str
) -> None:
    """Add a sensor ``NAME from torso`` for each object: its position in the torso's frame."""
    for name in names:
        spec.add_sensor(
            name=f"{name} from torso",
            type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
            objtype=kind,
            objname=name,
            reftype=mujoco.mjtObj.mjOBJ_XBODY,
            refname=torso,
        )


def add_geom_position_sensors(spec: mujoco.MjSpec, geoms: tuple[str, ...]) -> None:
    """Add a sensor ``NAME position`` for each geom: its centre in world coordinates."""
    for name in geoms:
        spec.add_sensor(
            name=f"{name} position",
            type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
            objtype=mujoco.mjtObj.mjOBJ_GEOM,
            objname=name,
        )


def yaw_quaternion(yaw: float) -> Float[np.ndarray, "4"]:
    """Return the quaternion (w, x, y, z) of a rotation by ``yaw`` (rad) about the vertical."""
    return np.array([math.cos(yaw / 2.0), 0.0, 0.0, math.sin(yaw / 2.0)])
