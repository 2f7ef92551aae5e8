"""The task to bring two boxes together."""

import dataclasses
from functools import cached_property

import mujoco
import numpy as np

from hierax.worlds.mujoco.mujoco_world import Array, Data
from hierax.worlds.mujoco.tasks.scattered import Scattered

_TOUCH = "touch"
_FOUND, _ANY, _ONE = 1, 0, 1  # contact sensor: the number of contacts, as one number


@dataclasses.dataclass(frozen=True)
class Gather(Scattered):
    """A task with two boxes that must touch each other.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see its class |
    | view ``"boxes"`` | (48,): the eight corners of each box in the torso's frame (m) |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | 10 when the boxes touch, -10 when they separate, 50 one step after they touched |
    | initial state | body and boxes in different cells; directions uniform; at rest |
    | termination | with the 50; torso upside down; truncated after ``episode_limit`` steps |
    | success | with the 50 |

    Boxes touch if the physics has a contact between them. Fields and errors are those of
    `hierax.worlds.mujoco.tasks.scattered.Scattered`.
    """

    @property
    def objects(self) -> tuple[int, int]:
        """Two boxes and no target."""
        return 2, 0

    def compose(self) -> mujoco.MjSpec:
        """Return the model, with a sensor of the contact between the boxes."""
        spec, geom = super().compose(), mujoco.mjtObj.mjOBJ_GEOM
        spec.add_sensor(
            name=_TOUCH, type=mujoco.mjtSensor.mjSENS_CONTACT, intprm=[_FOUND, _ANY, _ONE],
            objtype=geom, objname="box0", reftype=geom, refname="box1",
        )  # fmt: skip
        return spec

    def conditions_met(self, data: Data) -> Array:
        """Return where the boxes touch: ``(N, 1)``."""
        return data.sensordata[:, self._touch_column] > 0.0

    @cached_property
    def _touch_column(self) -> np.ndarray:
        return self.sensor_columns(_TOUCH)
