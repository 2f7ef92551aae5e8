"""Worlds to plan and to act in.

Tabular worlds carry their model as a `hierax.planning.TabularMDP`, beside names, a drawing, a
start, a goal and the bottlenecks between their clusters.
"""

from hierax.worlds.grid_map import GridMap
from hierax.worlds.grid_moves import GridMoves
from hierax.worlds.gridworld import GridWorld
from hierax.worlds.hanoi import tower_of_hanoi
from hierax.worlds.registry import make_tabular, tabular_names
from hierax.worlds.rooms import four_rooms, room_lattice, wormhole_rooms
from hierax.worlds.tabular import TabularWorld

__all__ = [
    "GridMap",
    "GridMoves",
    "GridWorld",
    "TabularWorld",
    "four_rooms",
    "make_tabular",
    "room_lattice",
    "tabular_names",
    "tower_of_hanoi",
    "wormhole_rooms",
]
