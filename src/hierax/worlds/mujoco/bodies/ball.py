"""A ball that rolls and steers, with a head that faces its direction of motion."""

import math
from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import (
    DARK,
    TORSO_SENSORS,
    WARM,
    add_motor,
    add_root,
    add_torso_sensors,
    add_torso_site,
)

_RADIUS, _HEAD = 0.2, 0.6
_QUARTER = math.sqrt(0.5)


class Ball:
    """A rolling sphere of 1 kg below a head of 21 kg. It cannot fall over.

    | | |
    |---|---|
    | action 0 | rolls backward: torque -50 N m about the ball's axis |
    | action 1 | steers to the right: torque 30 N m about the vertical, downward |
    | positions | x, y, z, angle of the head (clockwise from above), angle of the ball |

    Masses, sizes and torques equal those of dm_control's ``RollingBallWithHead``.
    """

    torso: ClassVar[str] = "head_body"
    geoms: ClassVar[tuple[str, ...]] = ("head", "face", "neck", "shell")
    proprioception: ClassVar[tuple[str, ...]] = ("torso.z", *TORSO_SENSORS)

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the ball to ``spec``, see `Body.add`."""
        default = spec.add_default("ball", spec.default)
        default.geom.condim, default.geom.friction = 4, [0.5, 0.02, 0.02]
        default.geom.rgba = DARK
        root = add_root(spec)
        for axis, along in zip("xyz", np.eye(3).tolist(), strict=True):
            root.add_joint(name=f"root_{axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=along)
        head = root.add_body(name=self.torso, pos=[0, 0, _HEAD], quat=[_QUARTER, 0, 0, -_QUARTER])
        _fill_head(head, default)
        ball = head.add_body(name="ball", pos=[0, 0, _RADIUS - _HEAD])
        ball.add_joint(name="roll", axis=[-1, 0, 0], damping=[2, 0, 0])
        ball.add_geom(default, name="shell", size=[_RADIUS, 0, 0], mass=1, rgba=WARM)
        for joint, gear in (("roll", -50.0), ("steer", 30.0)):
            add_motor(spec, joint, gear)
        add_torso_sensors(spec, self.torso)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "5"]:
        """Return the positions of the standing ball, see `Body.standing_qpos`."""
        return np.array([x, y, 0.0, -yaw, 0.0])


def _fill_head(head: mujoco.MjsBody, default: mujoco.MjsDefault) -> None:
    """Add the geoms of the head, which turns about the vertical, and the camera above it."""
    head.add_joint(name="steer", axis=[0, 0, -1], damping=[4, 0, 0])
    head.explicitinertial = True
    head.mass, head.ipos = 20.0, [0, 0, -0.08]
    head.iquat = [0.05876879, 0.70466036, -0.05876879, 0.70466036]
    head.inertia = [0.14683229, 0.10987294, 0.10986016]
    cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
    head.add_geom(default, name="head", type=cylinder, size=[0.1, 0.06, 0], pos=[0, 0, -0.07])
    head.add_geom(
        default, name="face", type=cylinder, size=[0.05, 0.035, 0], pos=[0, 0.1, -0.07],
        quat=[_QUARTER, -_QUARTER, 0, 0],
    )  # fmt: skip
    head.add_geom(default, name="neck", type=cylinder, size=[0.07, 0.02, 0], pos=[0, 0, -0.13])
    add_torso_site(head)
    eye = head.add_body(name="eye", pos=[0, 0.15, 0.9])
    eye.explicitinertial = True
    eye.mass, eye.ipos, eye.inertia = 1.0, [0, 0, 0], [1, 1, 1]
    eye.add_camera(name="egocentric", fovy=80, quat=_tilted_down(5.7))


def _tilted_down(degrees: float) -> list[float]:
    """Return the quaternion of a camera that looks along y, ``degrees`` below the horizon."""
    half = math.radians(90.0 - degrees) / 2.0
    return [math.cos(half), math.sin(half), 0.0, 0.0]
