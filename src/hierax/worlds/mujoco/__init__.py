"""Worlds of MuJoCo: bodies, tasks and mazes, stepped in batches from the host.

`hierax.worlds.make` builds them by name. Importing this imports MuJoCo.
"""

from hierax.worlds.mujoco.arrangement import Arrangement
from hierax.worlds.mujoco.batch import MujocoBatch
from hierax.worlds.mujoco.engine import Engine, UnstableError
from hierax.worlds.mujoco.world import MujocoWorld

__all__ = ["Arrangement", "Engine", "MujocoBatch", "MujocoWorld", "UnstableError"]
