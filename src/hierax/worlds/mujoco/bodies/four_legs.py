"""The trunk (a sphere) and the legs (three segments each) of the ants of several papers."""

from collections.abc import Sequence
from typing import NamedTuple

import mujoco

from hierax.worlds.mujoco.bodies.body import DARK, WARM

_TRUNK, _LEG = 0.25, 0.08
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE


class Ankle(NamedTuple):
    """The joint between a leg and its foot.

    Attributes:
        axis: axis of the joint.
        range: lowest and highest angle (degrees).
        quat: orientation of the foot at angle 0.
    """

    axis: Sequence[float]
    range: Sequence[float]
    quat: Sequence[float] = (1.0, 0.0, 0.0, 0.0)


def add_trunk(torso: mujoco.MjsBody, default: mujoco.MjsDefault, density: float) -> None:
    """Add the sphere ``trunk`` to ``torso``."""
    torso.add_geom(default, name="trunk", size=[_TRUNK, 0, 0], density=density, rgba=WARM)


def add_leg(
    torso: mujoco.MjsBody,
    default: mujoco.MjsDefault,
    name: str,
    direction: Sequence[int],
    ankle: Ankle,
) -> None:
    """Add a leg along a diagonal, with the joints ``NAME hip`` and ``NAME ankle``.

    Args:
        torso: the body that the leg is attached to.
        default: defaults of the geoms and joints, with the range of the hip.
        name: prefix of the names of all parts: the bodies ``root``, ``leg`` and ``foot``, the
            geoms ``aux``, ``thigh`` and ``shin``.
        direction: signs of x and y of the diagonal.
        ankle: the joint between leg and foot.
    """
    x, y = 0.2 * direction[0], 0.2 * direction[1]
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
