"""The trunk and legs that the ants of several papers share: a sphere, and three segments a leg."""

from collections.abc import Sequence
from typing import NamedTuple

import mujoco

from hierax.worlds.mujoco.bodies.body import DARK, WARM

_TRUNK, _LEG = 0.25, 0.08
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE


class Ankle(NamedTuple):
    """How a foot hangs on its leg.

    Attributes:
        axis: of the joint.
        range: of its angle, in degrees.
        quat: of the foot at angle 0.
    """

    axis: Sequence[float]
    range: Sequence[float]
    quat: Sequence[float] = (1.0, 0.0, 0.0, 0.0)


def add_trunk(torso: mujoco.MjsBody, default: mujoco.MjsDefault, density: float) -> None:
    """The sphere ``trunk``."""
    torso.add_geom(default, name="trunk", size=[_TRUNK, 0, 0], density=density, rgba=WARM)


def add_leg(
    torso: mujoco.MjsBody,
    default: mujoco.MjsDefault,
    name: str,
    towards: Sequence[int],
    ankle: Ankle,
) -> None:
    """A leg that goes out along a diagonal, with joints ``NAME hip`` and ``NAME ankle``.

    Args:
        torso: what it hangs on.
        default: of its geoms and joints; holds the range of the hip.
        name: the first word of the names of all its parts: bodies ``root``, ``leg`` and ``foot``,
            geoms ``aux``, ``thigh`` and ``shin``.
        towards: the signs of x and y of the diagonal.
        ankle: its second joint.
    """
    x, y = 0.2 * towards[0], 0.2 * towards[1]
    root = torso.add_body(name=f"{name} root")
    _add_segment(root, default, f"{name} aux", x, y)
    leg = root.add_body(name=f"{name} leg", pos=[x, y, 0])
    leg.add_joint(default, name=f"{name} hip", axis=[0, 0, 1])
    _add_segment(leg, default, f"{name} thigh", x, y)
    foot = leg.add_body(name=f"{name} foot", pos=[x, y, 0], quat=ankle.quat)
    foot.add_joint(default, name=f"{name} ankle", axis=ankle.axis, range=ankle.range)
    _add_segment(foot, default, f"{name} shin", 2 * x, 2 * y)


def _add_segment(
    body: mujoco.MjsBody, default: mujoco.MjsDefault, name: str, x: float, y: float
) -> None:
    along, size = [0, 0, 0, x, y, 0], [_LEG, 0, 0]
    body.add_geom(default, name=name, type=_CAPSULE, fromto=along, size=size, rgba=DARK)
