"""Adapters to and from Gymnasium.

Importing this module registers every world of hierax with Gymnasium as ``hierax/NAME``.

| | |
|---|---|
| ``gymnasium.make("hierax/PointCross-v0")`` | a `HieraxEnv`, or a `HostEnv` of a host world |
| ``gymnasium.make_vec("hierax/PointCross-v0", num_envs=32)`` | a `HieraxVectorEnv` |
| ``gymnasium.make("hierax.worlds.gymnasium:hierax/PointCross-v0")`` | the same, with the import |
| ``gymnasium.make("hierax/PointMaze-v0", goal_observations=True)`` | a `HieraxGoalEnv` |
| ``GymnasiumWorld("Pendulum-v1")`` | a Gymnasium environment as a world of hierax |
| ``GymnasiumBatch("Pendulum-v1", 8)`` | N Gymnasium environments as a `HostBatch` |
"""

from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.goal_environments import (
    HieraxGoalEnv,
    HieraxGoalVectorEnv,
    HostGoalEnv,
)
from hierax.worlds.gymnasium.gymnasium_world import GymnasiumWorld
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.registration import register
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv

__all__ = [
    "GymnasiumBatch",
    "GymnasiumWorld",
    "HieraxEnv",
    "HieraxGoalEnv",
    "HieraxGoalVectorEnv",
    "HieraxVectorEnv",
    "HostEnv",
    "HostGoalEnv",
    "register",
]

register()
