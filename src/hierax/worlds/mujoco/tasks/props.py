"""Things beside bodies: boxes to push, and targets, which are places and nothing to run into."""

import mujoco
import numpy as np
from jaxtyping import Float

from hierax.worlds.mujoco.arenas import CELL
from hierax.worlds.mujoco.bodies.body import locate, turned

BOX_HALF = TARGET_HALF = 0.5
"""Half of an edge, in metres."""
_BOX_COLOUR = (0.82, 0.64, 0.34, 1.0)
_SAFE = 0.99
"""Of the way to where a box would stick out of its cell."""
_CORNERS = BOX_HALF * np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).T.reshape(8, 3)


def add_box(spec: mujoco.MjSpec, number: int, mass: float, torso: str) -> None:
    """A free box ``boxN``, with sensors ``boxN place`` and, of each corner, ``... from torso``."""
    name = f"box{number}"
    body = spec.worldbody.add_body(name=name)
    body.add_freejoint(name=name)
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=[BOX_HALF] * 3, mass=mass, rgba=_BOX_COLOUR
    )
    for corner, place in zip(_corners_of(number), _CORNERS.tolist(), strict=True):
        body.add_site(name=corner, pos=place, group=4)
    spec.add_sensor(
        name=f"{name} place", type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
        objtype=mujoco.mjtObj.mjOBJ_XBODY, objname=name,
    )  # fmt: skip
    locate(spec, mujoco.mjtObj.mjOBJ_SITE, _corners_of(number), torso)


def add_target(spec: mujoco.MjSpec, number: int, torso: str) -> None:
    """A mocap body ``targetN`` with a sensor ``targetN from torso``; marks show where it is."""
    name = f"target{number}"
    spec.worldbody.add_body(name=name, mocap=True)
    locate(spec, mujoco.mjtObj.mjOBJ_XBODY, (name,), torso)


def corners(boxes: int) -> tuple[str, ...]:
    """Names of the corners of all boxes."""
    return tuple(name for number in range(boxes) for name in _corners_of(number))


def box_pose(
    place: Float[np.ndarray, "2"], random: np.random.Generator, in_cell: bool
) -> Float[np.ndarray, "7"]:
    """Where a box begins: turned at random, and moved as far as it stays in its cell."""
    yaw = random.uniform(-np.pi, np.pi)
    reach = BOX_HALF * (abs(np.cos(yaw)) + abs(np.sin(yaw)))
    free = _SAFE * (CELL / 2.0 - reach) if in_cell else 0.0
    x, y = place + free * random.uniform(-1.0, 1.0, 2)
    return np.concatenate([[x, y, BOX_HALF], turned(yaw)])


def _corners_of(number: int) -> tuple[str, ...]:
    return tuple(f"box{number} corner{corner}" for corner in range(8))
