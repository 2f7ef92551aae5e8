"""A point that pushes forward and turns, with enough physics to push a block and to fall."""

from typing import ClassVar

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.bodies.body import DARK, TORSO_SITE, WARM, add_motor, add_torso_site

_RADIUS = 0.5
_SPEED, _TURN = 2.0, 2.5  # at full action: .2 and .25 rad in a step of .1 s
_DAMPING = 50.0  # a second over this is the time in which a point comes to its speed
_MASS, _INERTIA = 0.002, 0.0002


class MazePoint:
    """A sphere of 2 g that slides without friction, in a medium that stops it within .02 s.

    | | |
    |---|---|
    | action 0 | pushes forward, to a speed of 2 m/s |
    | action 1 | turns counterclockwise, at 2.5 rad/s |
    | positions | x, y, z, heading (rad, from the x axis towards the y axis) |

    It moves as far in a step of .1 s as the point of Nachum et al. (2019) in one of its own, which
    is put where it goes and stopped by walls. Being put somewhere pushes no block, and that point
    has no weight; so what is to push and to fall is driven by forces. It is light because blocks
    are: one of .2 g, pressed against a wall, would let a stronger body through.
    """

    height: ClassVar[float] = _RADIUS
    """Of its centre over what it stands on (m)."""

    def add(self, spec: mujoco.MjSpec) -> None:
        """Puts the point into a model in which there is no body yet."""
        spec.default.geom.solimp[:3] = [0.995, 0.995, 0.01]  # for the same reason
        body = spec.worldbody.add_body(name="torso_body")
        for axis, along in zip("xyz", np.eye(3).tolist(), strict=True):
            joint = body.add_joint(name=axis, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=along)
            joint.damping = [0.0 if axis == "z" else _MASS * _DAMPING, 0, 0]
        body.add_joint(name="turn", axis=[0, 0, 1], damping=[_INERTIA * _DAMPING, 0, 0])
        # Of two geoms that touch, the one with priority says how: without friction.
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

    def standing(self, x: float, y: float, yaw: float) -> Float[np.ndarray, "4"]:
        """The first of the model's positions, on the ground, looking along ``yaw`` (rad)."""
        return np.array([x, y, self.height, yaw])
