"""Adapters to and from Gymnasium; importing this registers every world as ``hierax/NAME``.

Then ``gymnasium.make("hierax/PointCross-v0")`` makes a `HieraxEnv`. Without the import,
``gymnasium.make("hierax.worlds.gymnasium:hierax/PointCross-v0")`` does the same. `GymnasiumBatch`
goes the other way: it is the `hierax.worlds.host.HostBatch` of any Gymnasium environment, and
`GymnasiumWorld` a world of which they are made.
"""

from hierax.worlds.gymnasium.environment import HieraxEnv, register
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch
from hierax.worlds.gymnasium.world import GymnasiumWorld

__all__ = ["GymnasiumBatch", "GymnasiumWorld", "HieraxEnv", "register"]

register()
