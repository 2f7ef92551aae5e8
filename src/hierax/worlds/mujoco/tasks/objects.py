"""Objects of tasks: boxes to push, and targets, which are positions without contacts."""

from collections.abc import Sequence

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.arenas import CELL
from hierax.worlds.mujoco.bodies.body import add_position_sensors, yaw_quaternion
from hierax.worlds.mujoco.draws import uniform

FRICTION = 1.0
"""Sliding friction of boxes in the papers' tasks, MuJoCo's default."""
BOX_HALF = TARGET_HALF = 0.5
"""Half of an edge (m)."""
_BOX_COLOUR = (0.82, 0.64, 0.34, 1.0)
_SAFETY = 0.99
"""Share of the largest offset that keeps a box in its cell."""
_CORNERS = BOX_HALF * np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).T.reshape(8, 3)


def add_box(
    spec: mujoco.MjSpec, number: int, mass: float, torso: str, friction: float = FRICTION
) -> None:
    """Add a free box ``boxN`` with its sensors.

    They are ``boxN position``, and for each corner ``boxN cornerK from torso``.
    """
    name = f"box{number}"
    body = spec.worldbody.add_body(name=name)
    body.add_freejoint(name=name)
    geom = body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=[BOX_HALF] * 3, mass=mass, rgba=_BOX_COLOUR
    )
    if friction != FRICTION:  # that of the box counts, not the largest of two in contact
        geom.friction[0], geom.priority = friction, 1
    for corner, position in zip(_corners_of(number), _CORNERS.tolist(), strict=True):
        body.add_site(name=corner, pos=position, group=4)
    spec.add_sensor(
        name=f"{name} position", type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
        objtype=mujoco.mjtObj.mjOBJ_XBODY, objname=name,
    )  # fmt: skip
    add_position_sensors(spec, mujoco.mjtObj.mjOBJ_SITE, _corners_of(number), torso)


def add_target(spec: mujoco.MjSpec, number: int, torso: str) -> None:
    """Add a mocap body ``targetN`` with a sensor ``targetN from torso``; markers show it."""
    name = f"target{number}"
    spec.worldbody.add_body(name=name, mocap=True)
    add_position_sensors(spec, mujoco.mjtObj.mjOBJ_XBODY, (name,), torso)


def corners(boxes: int) -> tuple[str, ...]:
    """Return the names of the corners of all boxes."""
    return tuple(name for number in range(boxes) for name in _corners_of(number))


def draw_box_pose(
    centre: Sequence[float], random: np.random.Generator, in_cell: bool
) -> Float[np.ndarray, "7"]:
    """Draw the initial pose of a box: a random yaw, and an offset that keeps it in its cell."""
    yaw = uniform(random, -np.pi, np.pi)
    reach = BOX_HALF * (abs(np.cos(yaw)) + abs(np.sin(yaw)))
    free = _SAFETY * (CELL / 2.0 - reach) if in_cell else 0.0
    x, y = centre + free * random.uniform(-1.0, 1.0, 2)
    return np.concatenate([[x, y, BOX_HALF], yaw_quaternion(yaw)])


def _corners_of(number: int) -> tuple[str, ...]:
    return tuple(f"box{number} corner{corner}" for corner in range(8))
