"""Worlds for planning and for reinforcement learning.

| kind | class | stepped |
|---|---|---|
| tabular world, for planning | `TabularWorld` with a `hierax.planning.TabularMDP` | |
| tabular world, for learning | `ActingWorld` | N at once by `FunctionalBatch`, inside ``jax.jit`` |
| functional world | `World` | N at once by `FunctionalBatch`, inside ``jax.jit`` |
| host world, such as MuJoCo | `HostWorld` | N at once by its `HostBatch`, from Python |

`hierax.worlds.gymnasium` has the adapters to and from Gymnasium; it is imported separately.
"""

from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.body_grid import BodyGrid
from hierax.worlds.contract import check_world
from hierax.worlds.cross import PointCross, SpinCross
from hierax.worlds.functional_batch import BatchState, FunctionalBatch
from hierax.worlds.grid_map import GridMap
from hierax.worlds.grid_moves import GridMoves
from hierax.worlds.gridworld import GridWorld
from hierax.worlds.hanoi import tower_of_hanoi
from hierax.worlds.host import (
    FunctionalHostBatch,
    FunctionalHostWorld,
    HostBatch,
    HostWorld,
    stepped_from_host,
)
from hierax.worlds.point_maze import PointMaze
from hierax.worlds.registry import make, make_tabular, tabular_names, world_names
from hierax.worlds.rewarded import Rewarded
from hierax.worlds.rooms import four_rooms, room_lattice, wormhole_rooms
from hierax.worlds.speed import PointSpeed, SpinSpeed
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.u_maze import PointU, RowerU
from hierax.worlds.world import Timestep, World

__all__ = [
    "ActingWorld",
    "BatchState",
    "BodyGrid",
    "FunctionalBatch",
    "FunctionalHostBatch",
    "FunctionalHostWorld",
    "GridMap",
    "GridMoves",
    "GridWorld",
    "HostBatch",
    "HostWorld",
    "PointCross",
    "PointMaze",
    "PointSpeed",
    "PointU",
    "Rewarded",
    "RowerU",
    "SpinCross",
    "SpinSpeed",
    "TabularWorld",
    "Timestep",
    "World",
    "check_world",
    "four_rooms",
    "make",
    "make_tabular",
    "room_lattice",
    "stepped_from_host",
    "tabular_names",
    "tower_of_hanoi",
    "world_names",
    "wormhole_rooms",
]
