"""Mazes of square cells: the U of HIRO and NORL, layouts by name, and maps of a person's own.

A map is a text in the format of `hierax.worlds.map_text`, seen from above: x grows to the right, y
upward. The centre of the initial cell ``S`` is (0, 0). The centre of a cell ``G`` is the goal of
every episode. Without one, goals are drawn from the free cells that can be reached.
"""

import dataclasses
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from hierax import checks
from hierax.worlds.grid_map import GridMap
from hierax.worlds.world import Key
from hierax.worlds.world_checks import check_position

Position: TypeAlias = tuple[float, float]
"""x and y."""
Goal: TypeAlias = Position | Literal["multi"]
"""The goal of every episode, or that one is drawn in each."""
Rectangle: TypeAlias = tuple[float, float, float, float]
"""Minimum x, minimum y, maximum x, maximum y."""

LAYOUTS = {
    "medium": """
        ########
        #..#...#
        ##.#.#.#
        #....#.#
        #.####.#
        #.#....#
        #S#.##.#
        ########
    """,
    "large": """
        ############
        #.....#....#
        #.###.#.##.#
        #.#.....##.#
        #.#.###.#..#
        #...#...#.##
        ###.#.###..#
        #S..#......#
        ############
    """,
    "giant": """
        ################
        #...#....#.....#
        #.#.#.##.#.###.#
        #.#...#..#...#.#
        #.#####.####.#.#
        #.....#......#.#
        ###.#.####.###.#
        #...#....#.....#
        #.#####.##.###.#
        #.#...#....#...#
        #S..#...##...#.#
        ################
    """,
}
"""Layouts by name, drawn for this library. Goals are drawn from their free cells."""
_U = """
    #####
    #G..#
    ###.#
    #S..#
    #####
"""
_CELL = 4.0


@dataclasses.dataclass(frozen=True)
class Maze:
    """A maze of a map.

    Attributes:
        text: the map.
        cell: edge of a cell.

    Raises:
        ValueError: if the text is not a map, has no start, or its goal cannot be reached.
    """

    text: str
    cell: float = _CELL

    def __post_init__(self) -> None:
        drawn = self.grid_map
        if drawn.start is None:
            raise ValueError("map must have a start 'S', got none")
        if drawn.goal is not None and not self._reached[drawn.goal]:
            raise ValueError("map must have a way from 'S' to 'G', got none")

    @cached_property
    def grid_map(self) -> GridMap:
        """The cells as in the text: the first row has the largest y."""
        return GridMap.from_text(self.text)

    @cached_property
    def goal(self) -> Position | None:
        """Centre of the cell ``G``; None without one."""
        if self.grid_map.goal is None:
            return None
        x, y = self._centres(np.array([self.grid_map.goal]))[0].tolist()
        return x, y

    @cached_property
    def centres(self) -> Float[np.ndarray, "K 2"]:
        """Centres of the free cells that can be reached from the start, row by row."""
        return self._centres(np.argwhere(self._reached))

    @property
    def evaluation_goals(self) -> tuple[Position, ...]:
        """The goal of the map; without one, the centres of all reachable cells but the first."""
        if self.goal is not None:
            return (self.goal,)
        return tuple((x, y) for x, y in self.centres.tolist() if (x, y) != (0.0, 0.0))

    @property
    def low(self) -> float:
        """Least x or y of a reachable point."""
        return float(self.centres.min()) - self.cell / 2.0

    @property
    def high(self) -> float:
        """Largest x or y of a reachable point."""
        return float(self.centres.max()) + self.cell / 2.0

    @property
    def rectangles(self) -> tuple[Rectangle, ...]:
        """The free cells."""
        half = self.cell / 2.0
        corners = np.hstack([self._centres(self.grid_map.cells()) + side for side in (-half, half)])
        return tuple((a, b, c, d) for a, b, c, d in corners.tolist())

    def is_free(self, x: Any, y: Any) -> Any:
        """Return whether (x, y) is in a free cell, for a number or an array of JAX.

        A point on the edge between two cells belongs to the one with the larger coordinate.
        """
        free, (left, bottom) = self._upward, self._corner
        rows, columns = free.shape
        column = jnp.floor((x - left) / self.cell).astype(jnp.int32)
        row = jnp.floor((y - bottom) / self.cell).astype(jnp.int32)
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        index = jnp.clip(row, 0, rows - 1) * columns + jnp.clip(column, 0, columns - 1)
        return inside & jnp.take(free.ravel(), index)

    def chosen(self, goal: Any) -> Goal:
        """Return the goal of a world whose field ``goal`` is this one: that of the map goes first.

        None and ``"multi"`` are the goal of the map if it has one, and else ``"multi"``.
        """
        if goal is None or isinstance(goal, str):
            return "multi" if self.goal is None else self.goal
        return goal

    def check_goal(self, goal: Any) -> None:
        """Raise ValueError unless ``goal`` is ``"multi"`` or a point of a free cell."""
        if _is_multi(goal):
            return
        check_position("goal", goal)
        if not bool(self.is_free(*goal)):
            raise ValueError(f"goal must be in a free cell of the map, got {goal}")

    def drawn_goal(self, goal: Goal, key: Key) -> jax.Array:
        """Return ``goal`` as an array; for ``"multi"`` a point of the reachable cells, ``(2,)``."""
        if not isinstance(goal, str):
            return jnp.array(goal, jnp.float32)
        cell_key, place_key = jax.random.split(key)
        centre = jnp.array(self.centres, jnp.float32)[
            jax.random.randint(cell_key, (), 0, len(self.centres))
        ]
        return centre + self.cell * jax.random.uniform(place_key, (2,), minval=-0.5, maxval=0.5)

    def sampled_goal(self, random: np.random.Generator) -> Float[np.ndarray, "2"]:
        """Return a point of the reachable cells, drawn with a generator of NumPy."""
        centre = self.centres[random.integers(len(self.centres))]
        return centre + self.cell * random.uniform(-0.5, 0.5, 2)

    @cached_property
    def _reached(self) -> Bool[np.ndarray, "rows columns"]:
        labels, _ = ndimage.label(self.grid_map.free)  # type: ignore[misc]
        return labels == labels[self.grid_map.start]

    @cached_property
    def _upward(self) -> Bool[np.ndarray, "rows columns"]:
        """Free cells; the first row has the least y."""
        return self.grid_map.free[::-1]

    @property
    def _corner(self) -> Position:
        """Least x and y of all cells."""
        rows = len(self.grid_map.free)
        x, y = self._centres(np.array([[rows - 1, 0]]))[0].tolist()
        return x - self.cell / 2.0, y - self.cell / 2.0

    def _centres(self, cells: np.ndarray) -> np.ndarray:
        """Return the centres (x, y) of cells (row, column) ``(K, 2)``."""
        row, column = self.grid_map.start or (0, 0)
        return self.cell * np.stack([cells[:, 1] - column, row - cells[:, 0]], axis=1).astype(float)


@dataclasses.dataclass(frozen=True)
class UMaze(Maze):
    """The maze ``(-2, 10)^2`` without the wall ``x <= 6, 2 <= y <= 6``, as HIRO and NORL have it.

    Edges are part of the walls. Goals may be in walls, and are drawn from the whole square.
    """

    text: str = _U

    @property
    def rectangles(self) -> tuple[Rectangle, ...]:
        """The free space as three rectangles that overlap."""
        return (-2.0, -2.0, 10.0, 2.0), (6.0, -2.0, 10.0, 10.0), (-2.0, 6.0, 10.0, 10.0)

    def is_free(self, x: Any, y: Any) -> Any:
        """Return whether (x, y) is inside the maze."""
        inside = (x > -2.0) & (x < 10.0) & (y > -2.0) & (y < 10.0)
        return inside & ((x > 6.0) | (y < 2.0) | (y > 6.0))

    def chosen(self, goal: Any) -> Goal:
        """Return ``goal``; for None (0, 8), the far end."""
        return (0.0, 8.0) if goal is None else goal

    def check_goal(self, goal: Any) -> None:
        """Raise ValueError unless ``goal`` is ``"multi"`` or a point of [-2, 10]^2."""
        if _is_multi(goal):
            return
        check_position("goal", goal)
        if not all(-2.0 <= coordinate <= 10.0 for coordinate in goal):
            raise ValueError(f"goal must be in [-2, 10]^2, got {goal}")

    def drawn_goal(self, goal: Goal, key: Key) -> jax.Array:
        """Return ``goal`` as an array; for ``"multi"`` a point of the square, ``(2,)``."""
        if isinstance(goal, str):
            return jax.random.uniform(key, (2,), minval=-2.0, maxval=10.0)
        return jnp.array(goal, jnp.float32)


def maze_of(text: str | None, cell: float = _CELL) -> Maze:
    """Return the maze of a field ``map``: None for the U, a name of `LAYOUTS`, or a text.

    Raises:
        ValueError: if the text is neither a name nor a map.
    """
    if text is None:
        return UMaze()
    checks.instance("map", text, str)
    if text.isidentifier() and text not in LAYOUTS:
        names = ", ".join(map(repr, LAYOUTS))
        raise ValueError(f"map must be one of {names} or the text of a map, got {text!r}")
    return _maze(LAYOUTS.get(text, text), cell)


@lru_cache(maxsize=64)
def _maze(text: str, cell: float) -> Maze:
    return Maze(text, cell)


def _is_multi(goal: Any) -> bool:
    """Return whether goals are drawn; raise ValueError for other words."""
    if isinstance(goal, str) and goal != "multi":
        raise ValueError(f"goal must be 'multi' or a tuple (x, y), got {goal!r}")
    return isinstance(goal, str)
