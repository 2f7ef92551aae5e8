"""Grid worlds with rooms: four rooms, four rooms with a wormhole, and lattices of rooms.

The map of 13 by 13 cells is that of Sutton, Precup and Singh (1999), "Between MDPs and
semi-MDPs", figure 2. It has 104 free cells in four rooms with four doors. The wall between the
eastern rooms is one row further south than the wall between the western rooms. Rows and columns
are counted from the north-west corner of the outer wall. McNamee (2019), section 4 and supplement
6.1, uses the two worlds with four rooms in the second simulation.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from hierax import checks
from hierax.worlds.grid_map import Cell, GridMap
from hierax.worlds.grid_moves import GridMoves
from hierax.worlds.gridworld import GridWorld
from hierax.worlds.tabular import RewardRule

SUTTON_SIZE = 13
SMALLEST_SIZE = 8

# Cells (row, column) of Sutton's map.
DOORS: dict[str, Cell] = {
    "north door": (3, 6),
    "west door": (6, 2),
    "east door": (7, 9),
    "south door": (10, 6),
}
WORMHOLE: tuple[Cell, Cell] = ((4, 2), (9, 9))


def four_rooms(
    goal: Cell | None = None,
    start: Cell | None = (1, 1),
    *,
    size: int = SUTTON_SIZE,
    slip: float = 0.0,
    stay: bool = True,
    bump: bool = False,
    reward: RewardRule = "stay",
    discount: float = 0.99,
    sparse: bool | None = None,
) -> GridWorld:
    """Build four rooms with a door between neighbouring rooms.

    Maps of other sizes have the proportions of Sutton's map and (size - 3)^2 + 4 free cells:
    104 for size 13, 2504 for 53, 10 004 for 103, 100 493 for 320 and 1 002 005 for 1004.

    Args:
        goal: cell (row, column); None is the south-east corner, (11, 11) at size 13.
        start: cell (row, column); None makes the initial state uniform over all cells.
        size: rows and columns of the map with its outer walls, at least 8.
        slip: probability in [0, 1) that a move slips (`GridMoves`).
        stay: whether there is an action *stay*.
        bump: whether a move into a wall is available (and does not change the state).
        reward: reward rule of `hierax.worlds.tabular`.
        discount: discount of every step, in [0, 1).
        sparse: whether the model is stored sparse; None decides by size.

    Returns:
        The world. Bottlenecks are the doors north, west, east and south, with names in ``marks``.
        Clusters are the rooms north-west, north-east, south-west and south-east.

    Raises:
        ValueError: if an argument is out of range.
    """
    checks.count("size", size, SMALLEST_SIZE)
    grid_map = GridMap(_rooms(size), start, (size - 2, size - 2) if goal is None else goal)
    name = "FourRooms-v0" if size == SUTTON_SIZE else f"FourRooms-v0 (size {size})"
    world = GridWorld.from_map(
        grid_map, GridMoves(slip, stay, bump), reward, discount, sparse=sparse, name=name
    )
    return _marked(world, {name: _scaled(door, size) for name, door in DOORS.items()})


def wormhole_rooms(
    goal: Cell = (11, 11),
    start: Cell | None = (1, 1),
    *,
    slip: float = 0.0,
    stay: bool = True,
    bump: bool = False,
    reward: RewardRule = "stay",
    discount: float = 0.99,
    sparse: bool | None = None,
) -> GridWorld:
    """Build Sutton's four rooms with a wormhole between (4, 2) and (9, 9).

    Arguments and errors are those of `four_rooms`. The wormhole is an additional action, available
    at its two ends. Bottlenecks and clusters are those of `four_rooms`. ``marks`` also has the
    ends: ``"wormhole entrance"`` in the room of the default start, and ``"wormhole exit"`` in the
    room of the default goal.
    """
    world = GridWorld.from_map(
        GridMap(_rooms(SUTTON_SIZE), start, goal),
        GridMoves(slip, stay, bump, (WORMHOLE,)),
        reward,
        discount,
        sparse=sparse,
        name="WormholeRooms-v0",
    )
    entrance, exit_ = WORMHOLE
    return _marked(world, {**DOORS, "wormhole entrance": entrance, "wormhole exit": exit_})


def room_lattice(
    rooms: tuple[int, int] = (4, 4),
    room: tuple[int, int] = (4, 5),
    goal: Cell | None = None,
    start: Cell | None = (1, 1),
    *,
    slip: float = 0.0,
    stay: bool = True,
    bump: bool = False,
    reward: RewardRule = "stay",
    discount: float = 0.99,
    sparse: bool | None = None,
) -> GridWorld:
    """Build a lattice of equal rooms with a door in the middle of each inner wall.

    With ``m`` by ``n`` rooms of ``h`` by ``w`` cells it has ``m n h w + m (n - 1) + n (m - 1)``
    free cells: 344 by default.

    Args:
        rooms: number of rooms from north to south, and from west to east.
        room: rows and columns of each room.
        goal: cell (row, column); None is the south-east corner.
        start: cell (row, column); None makes the initial state uniform over all cells.
        slip: probability in [0, 1) that a move slips (`GridMoves`).
        stay: whether there is an action *stay*.
        bump: whether a move into a wall is available (and does not change the state).
        reward: reward rule of `hierax.worlds.tabular`.
        discount: discount of every step, in [0, 1).
        sparse: whether the model is stored sparse; None decides by size.

    Returns:
        The world. Bottlenecks are the doors and clusters the rooms, both in reading order.

    Raises:
        ValueError: if an argument is out of range.
    """
    free = _lattice(rooms, room)
    rows, columns = free.shape
    return GridWorld.from_map(
        GridMap(free, start, (rows - 2, columns - 2) if goal is None else goal),
        GridMoves(slip, stay, bump),
        reward,
        discount,
        sparse=sparse,
        name=f"{rooms[0]} by {rooms[1]} rooms",
    )


def _marked(world: GridWorld, cells: Mapping[str, Cell]) -> GridWorld:
    """Return ``world`` with the states of ``cells`` as its marks."""
    marks = {name: world.state_at(cell) for name, cell in cells.items()}
    return dataclasses.replace(world, marks=marks)


def _rooms(size: int) -> np.ndarray:
    """Return the free cells of four rooms, ``(size, size)`` bool."""
    free = np.zeros((size, size), dtype=bool)
    free[1:-1, 1:-1] = True
    west_wall, middle = _scaled((6, 6), size)
    east_wall, _ = _scaled((7, 6), size)
    free[:, middle] = False
    free[west_wall, :middle] = False
    free[east_wall, middle:] = False
    for door in DOORS.values():
        free[_scaled(door, size)] = True
    return free


def _lattice(rooms: tuple[int, int], room: tuple[int, int]) -> np.ndarray:
    """Return the free cells of a lattice of rooms with outer walls, bool."""
    for name, counts in (("rooms", rooms), ("room", room)):
        if len(counts) != 2:
            raise ValueError(f"{name} must be two integers, got {counts!r}")
        for number in counts:
            checks.count(name, number, 1)
    (down, across), (height, width) = rooms, room
    free = np.zeros((down * (height + 1) + 1, across * (width + 1) + 1), dtype=bool)
    rows, columns = np.arange(free.shape[0]), np.arange(free.shape[1])
    in_row, in_column = rows % (height + 1) != 0, columns % (width + 1) != 0
    free[np.ix_(in_row, in_column)] = True
    middle_rows = rows % (height + 1) == (height + 1) // 2
    middle_columns = columns % (width + 1) == (width + 1) // 2
    free[np.ix_(middle_rows, ~in_column)] = True
    free[np.ix_(~in_row, middle_columns)] = True
    free[[0, -1], :] = False
    free[:, [0, -1]] = False
    return free


def _scaled(cell: Cell, size: int) -> Cell:
    """Return the cell of a map of ``size`` that corresponds to ``cell`` of Sutton's map."""
    last = SUTTON_SIZE - 1
    row, column = ((2 * index * (size - 1) + last) // (2 * last) for index in cell)
    return row, column
