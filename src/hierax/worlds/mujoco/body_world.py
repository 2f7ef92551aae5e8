"""Base class of worlds with one of the bodies, and its sensors."""

import abc
from collections.abc import Callable
from functools import cached_property

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import TORSO_AXES, Body
from hierax.worlds.mujoco.mujoco_world import Array, MujocoWorld


class BodyWorld(MujocoWorld):
    """A world with a `Body`, and the columns of its sensors."""

    @property
    @abc.abstractmethod
    def walker(self) -> Body:
        """The controlled body."""

    @cached_property
    def qpos_at_origin(self) -> np.ndarray:
        """Positions of the standing body at the origin, facing along x; not to be written to."""
        return self.walker.standing_qpos(0.0, 0.0, 0.0)

    @property
    def proprioception(self) -> View:
        """The view ``"proprioception"``: the body's sensors of itself."""
        return View("proprioception", (len(self.proprioception_columns),))

    @cached_property
    def proprioception_columns(self) -> np.ndarray:
        """Columns of the view ``"proprioception"``."""
        return self.sensor_columns(*self.walker.proprioception)

    @cached_property
    def read_proprioception(self) -> Callable[[Array], Array]:
        """The function from ``sensordata`` to the view ``"proprioception"``."""
        return self.sensor_columns.reader(*self.walker.proprioception)

    @cached_property
    def xy_columns(self) -> np.ndarray:
        """Columns of x and y of the torso."""
        return self.sensor_columns("torso.x", "torso.y")

    @cached_property
    def height_column(self) -> int:
        """Column of z of the torso."""
        return int(self.sensor_columns("torso.z")[0])

    @cached_property
    def upright_column(self) -> int:
        """Column of the cosine of the angle between the torso's z axis and the vertical."""
        return int(self.sensor_columns(f"{TORSO_AXES[2]}.z")[0])
