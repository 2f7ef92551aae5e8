"""A point with mass that moves forward, turns, pushes blocks and can fall."""

from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import DARK, TORSO_SITE, WARM, add_motor, add_torso_site

_RADIUS = 0.5
_SPEED, _TURN = 2.0, 2.5  # at full action: .2 and .25 rad in a step of .1 s
_DAMPING = 50.0  # 1 s / _DAMPING is the time constant of the speed
_MASS, _INERTIA = 0.002, 0.0002


class MazePoint:
    """A sphere of 2 g that slides without friction; damping stops it within .02 s.

    | | |
    |---|---|
    | action 0 | pushes forward, to a speed of 2 m/s |
    | action 1 | turns counterclockwise, at 2.5 rad/s |
    | positions | x, y, z, heading (rad, from the x axis towards the y axis) |

    It moves as far in a step of .1 s as the point of Nachum et al. (2019) in one step. That point
    is kinematic: its position is set, and walls stop it. A kinematic point cannot push blocks or
    fall, so this one is driven by forces. It is light because the blocks are light: a stronger body
    would pass through a block of .2 g that is pressed against a wall.
    """

    height: ClassVar[float] = _RADIUS
    """Height of its centre above the ground (m)."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the point to ``spec``, which must not have bodies yet."""
        spec.default.geom.solimp[:3] = [0.995, 0.995, 0.01]  # stiff contacts, for the same reason
        body = spec.worldbody.add_body(name="torso_body")
        for axis, along in zip("xyz", np.eye(3).tolist(), strict=True):
            joint = body.add_joint(name=axis, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=along)
            joint.damping = [0.0 if axis == "z" else _MASS * _DAMPING, 0, 0]
        body.add_joint(name="turn", axis=[0, 0, 1], damping=[_INERTIA * _DAMPING, 0, 0])
        # The geom with the higher priority sets the contact: no friction.
        body.add_geom(
            name="ball", size=[_RADIUS, 0, 0], mass=_MASS, condim=1, priority=1, rgba=WARM
        )
        body.add_geom(
            name="arrow", type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.5, 0.1, 0.1], pos=[0.6, 0, 0],
            mass=0, contype=0, conaffinity=0, rgba=DARK,
        )  # fmt: skip
        add_torso_site(body)
        spec.add_actuator(
            name="push", target=TORSO_SITE, trntype=mujoco.mjtTrn.mjTRN_SITE,
            gear=[_MASS * _DAMPING * _SPEED, 0, 0, 0, 0, 0], ctrlrange=[-1, 1], ctrllimited=True,
        )  # fmt: skip
        add_motor(spec, "turn", _INERTIA * _DAMPING * _TURN)

    def standing_qpos(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "4"]:
        """Return the point's positions on the ground, facing along ``yaw`` (rad)."""
        return np.array([x, y, self.height, yaw])
