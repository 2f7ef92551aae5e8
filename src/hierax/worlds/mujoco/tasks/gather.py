"""Bringing two boxes together (`hierax.worlds.mujoco.tasks.scattered`)."""

import dataclasses
from functools import cached_property

import mujoco
import numpy as np

from hierax.worlds.mujoco.tasks.scattered import Scattered
from hierax.worlds.mujoco.world import Array, Readings

_TOUCH = "touch"
_FOUND, _ANY, _ONE = 1, 0, 1  # of a contact sensor: how many contacts there are, in one number


@dataclasses.dataclass(frozen=True)
class Gather(Scattered):
    """Two boxes have to touch each other.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see its class |
    | view ``"boxes"`` | (48,): the eight corners of each box from the torso, in its axes (m) |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | 10 where the boxes come to touch, -10 where they part, 50 a step after they touched |
    | begin | body and boxes in different cells; directions uniform; at rest |
    | end | with the 50; where the torso turns upside down; cut off after ``episode_limit`` steps |
    | success | with the 50 |

    Boxes touch where physics finds a contact between them. The fields are those of
    `hierax.worlds.mujoco.tasks.scattered.Scattered`, which says what it raises.
    """

    @property
    def things(self) -> tuple[int, int]:
        """Two boxes, and no target."""
        return 2, 0

    def compose(self) -> mujoco.MjSpec:
        """See `MujocoWorld.compose`."""
        spec, geom = super().compose(), mujoco.mjtObj.mjOBJ_GEOM
        spec.add_sensor(
            name=_TOUCH, type=mujoco.mjtSensor.mjSENS_CONTACT, intprm=[_FOUND, _ANY, _ONE],
            objtype=geom, objname="box0", reftype=geom, refname="box1",
        )  # fmt: skip
        return spec

    def holds(self, now: Readings) -> Array:
        """See `Scattered.holds`."""
        return now.sensors[:, self._touch] > 0.0

    @cached_property
    def _touch(self) -> np.ndarray:
        return self.columns(_TOUCH)
