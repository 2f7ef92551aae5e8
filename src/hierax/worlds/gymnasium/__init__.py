"""Adapters to and from Gymnasium; importing this registers every world as ``hierax/NAME``.

Then ``gymnasium.make("hierax/PointCross-v0")`` makes a `HieraxEnv`, or a `HostEnv` of a world that
is stepped from the host, and ``gymnasium.make_vec("hierax/PointCross-v0", num_envs=32)`` a
`HieraxVectorEnv`. Without the import, ``gymnasium.make("hierax.worlds.gymnasium:hierax/NAME")``
does the same. `GymnasiumBatch` goes the other way: it is the `hierax.worlds.host.HostBatch` of any
Gymnasium environment, and `GymnasiumWorld` a world of which they are made.
"""

from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.gymnasium_world import GymnasiumWorld
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.registration import register
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv

__all__ = [
    "GymnasiumBatch",
    "GymnasiumWorld",
    "HieraxEnv",
    "HieraxVectorEnv",
    "HostEnv",
    "register",
]

register()
