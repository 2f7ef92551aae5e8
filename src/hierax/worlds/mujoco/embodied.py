"""A world of MuJoCo in which one of the bodies acts, and what tasks ask of it."""

import abc
from functools import cached_property

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import TORSO_AXES, Body
from hierax.worlds.mujoco.world import MujocoWorld


class Embodied(MujocoWorld):
    """A world with a `Body`, whose columns of sensors it knows."""

    @property
    @abc.abstractmethod
    def walker(self) -> Body:
        """The body that acts."""

    @property
    def proprioception(self) -> View:
        """What the body feels of itself."""
        return View("proprioception", (len(self.felt),))

    @cached_property
    def felt(self) -> np.ndarray:
        """Sensors of the view ``"proprioception"``."""
        return self.columns(*self.walker.proprioception)

    @cached_property
    def place(self) -> np.ndarray:
        """Sensors of where the torso is: x and y."""
        return self.columns("torso.x", "torso.y")

    @cached_property
    def height(self) -> int:
        """The sensor of how high the torso is."""
        return int(self.columns("torso.z")[0])

    @cached_property
    def up(self) -> int:
        """The sensor of whether the torso is upright: the cosine of how far it leans."""
        return int(self.columns(f"{TORSO_AXES[2]}.z")[0])
