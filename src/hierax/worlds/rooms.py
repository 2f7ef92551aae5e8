"""Four rooms, with and without a wormhole.

The map of 13 by 13 cells is that of Sutton, Precup and Singh (1999), "Between MDPs and
semi-MDPs", figure 2: 104 free cells in four rooms with four doors; the wall between the eastern
rooms lies one row further south than that between the western rooms. Rows and columns count from
the north-west corner of the outer wall. Worlds of the second simulation of McNamee (2019),
section 4 and supplement 6.1.
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

# On Sutton's map, (row, column).
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
    """Builds four rooms with a door between each two neighbours.

    A map of another size keeps the proportions of Sutton's and has (size - 3)^2 + 4 free cells:
    104 for size 13, 2504 for 53, 10 004 for 103, 100 493 for 320 and 1 002 005 for 1004.

    Args:
        goal: cell (row, column); None is the south-east corner, (11, 11) at size 13.
        start: cell (row, column); None begins in each cell with the same probability.
        size: rows and columns of the map with its outer walls, at least 8.
        slip: probability in [0, 1) that a move slips, see `GridMoves`.
        stay: whether there is an action of staying.
        bump: whether moves into walls are actions that stay put, or no actions.
        reward: the rule by which the goal pays.
        discount: discount of every step, in [0, 1).
        sparse: whether the model is held sparse; None decides by size.

    Returns:
        The world. Its bottlenecks are the doors north, west, east and south, which ``marks``
        names; its clusters are the rooms north-west, north-east, south-west and south-east.

    Raises:
        ValueError: if an argument lies outside its range.
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
    """Builds Sutton's four rooms with a wormhole between (4, 2) and (9, 9).

    Arguments and errors are those of `four_rooms`. The wormhole is one more action at each of its
    ends. Bottlenecks and clusters are those of `four_rooms`; ``marks`` also names the ends,
    ``"wormhole entrance"`` in the room of the start and ``"wormhole exit"`` in that of the goal
    (as the default task goes).
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
    """Builds a lattice of equal rooms with a door in the middle of every wall between two.

    With ``m`` by ``n`` rooms of ``h`` by ``w`` cells it has ``m n h w + m (n - 1) + n (m - 1)``
    free cells: 344 by default.

    Args:
        rooms: rooms from north to south, and from west to east.
        room: rows and columns of each room.
        goal: cell (row, column); None is the south-east corner.
        start: cell (row, column); None begins in each cell with the same probability.
        slip: probability in [0, 1) that a move slips, see `GridMoves`.
        stay: whether there is an action of staying.
        bump: whether moves into walls are actions that stay put, or no actions.
        reward: the rule by which the goal pays.
        discount: discount of every step, in [0, 1).
        sparse: whether the model is held sparse; None decides by size.

    Returns:
        The world. Its bottlenecks are the doors, its clusters the rooms, both in reading order.

    Raises:
        ValueError: if an argument lies outside its range.
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


def _marked(world: GridWorld, places: Mapping[str, Cell]) -> GridWorld:
    """Returns ``world`` with the states of ``places`` as its marks."""
    marks = {name: world.state_at(place) for name, place in places.items()}
    return dataclasses.replace(world, marks=marks)


def _rooms(size: int) -> np.ndarray:
    """Returns ``(size, size)`` bool: the free cells of four rooms."""
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
    """Returns the free cells of a lattice of rooms, with its outer walls."""
    for name, counts in (("rooms", rooms), ("room", room)):
        if len(counts) != 2:
            raise ValueError(f"{name} is {counts!r}, but must be two whole numbers")
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
    """Returns the cell of a map of ``size`` that lies where ``cell`` lies on Sutton's."""
    last = SUTTON_SIZE - 1
    row, column = ((2 * place * (size - 1) + last) // (2 * last) for place in cell)
    return row, column
