"""Worlds to plan and to act in.

Tabular worlds carry their model as a `hierax.planning.TabularMDP`, beside names, a drawing, a
start, a goal and the bottlenecks between their clusters; `ActingWorld` makes them worlds to act
in. Those are two pure functions each (`World`), of which `FunctionalBatch` runs many side by
side inside `jit`, and a `HostBatch` outside of it.

`hierax.worlds.gymnasium`, which is imported by its name alone, holds the adapters to and from
Gymnasium.
"""

from hierax.worlds.acting_world import ActingWorld
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
from hierax.worlds.world import Timestep, World

__all__ = [
    "ActingWorld",
    "BatchState",
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
    "Rewarded",
    "SpinCross",
    "SpinSpeed",
    "TabularWorld",
    "Timestep",
    "World",
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
