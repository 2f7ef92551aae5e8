"""Maps of grid worlds; `map_text` describes their text format."""

import dataclasses
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int

from hierax.worlds.map_text import FREE, GOAL, START, read_letters

Cell: TypeAlias = tuple[int | np.integer, int | np.integer]


@dataclasses.dataclass(frozen=True, eq=False)
class GridMap:
    """The free cells of a map, with an optional start and goal.

    Attributes:
        free: ``(rows, columns)`` bool.
        start: row and column of the start, or None.
        goal: row and column of the goal, or None.

    Raises:
        ValueError: if ``free`` is not a table of booleans with a free cell, or start or goal is
            not a free cell.
    """

    free: Bool[np.ndarray, "rows columns"]
    start: Cell | None = None
    goal: Cell | None = None

    def __post_init__(self) -> None:
        table = np.asarray(self.free)
        if table.ndim != 2 or table.dtype != bool or not table.any():
            raise ValueError(
                "map must be a table (rows, columns) of booleans with a free cell, "
                f"got shape {table.shape}, dtype {table.dtype} and "
                f"{np.count_nonzero(table)} free cells"
            )
        for name in ("start", "goal"):
            cell = getattr(self, name)
            if cell is not None:
                object.__setattr__(self, name, self.check_free(name, cell))

    @classmethod
    def from_text(cls, text: str) -> "GridMap":
        """Read a map in the format of `map_text`.

        Raises:
            ValueError: if a character is unknown, ``S`` or ``G`` occurs twice, no cell is free, or
                a blank may or may not be a cell. The message gives line and column, counted from 1.
        """
        if not isinstance(text, str):
            raise ValueError(f"map must be a str, got {type(text).__name__}")
        letters = read_letters(text)
        free = np.isin(letters.table, list(FREE))
        return cls(free, letters.only(START), letters.only(GOAL))

    def text(self) -> str:
        """Return the map as text, with ``#`` for walls and ``.`` for free cells.

        `from_text` reads the same map from it. If start and goal are the same cell, only ``G`` is
        written.
        """
        letters = np.where(self.free, ".", "#")
        for cell, letter in ((self.start, START), (self.goal, GOAL)):
            if cell is not None:
                letters[cell] = letter
        return "\n".join("".join(row) for row in letters)

    def cells(self) -> Int[np.ndarray, "S 2"]:
        """Return row and column of each free cell in reading order, ``(S, 2)``."""
        return np.argwhere(self.free)

    def state_at(self, name: str, cell: Cell) -> int:
        """Return the index of ``cell`` among the free cells in reading order.

        Args:
            name: name of the argument, for the error message.
            cell: row and column.

        Raises:
            ValueError: if ``cell`` is not a free cell.
        """
        row, column = self.check_free(name, cell)
        return int(np.count_nonzero(self.free.ravel()[: row * self.free.shape[1] + column]))

    def check_free(self, name: str, cell: Cell) -> tuple[int, int]:
        """Return ``cell`` as two ints; raise ValueError unless it is a free cell of the map."""
        rows, columns = self.free.shape
        indices = tuple(cell) if np.iterable(cell) else ()
        if len(indices) != 2 or not all(isinstance(i, int | np.integer) for i in indices):
            raise ValueError(f"{name} must be a cell (row, column), got {cell!r}")
        row, column = int(indices[0]), int(indices[1])
        if not (0 <= row < rows and 0 <= column < columns):
            raise ValueError(
                f"{name} must be a cell of the map with {rows} rows and {columns} columns, "
                f"got ({row}, {column})"
            )
        if not self.free[row, column]:
            raise ValueError(f"{name} must be a free cell, got ({row}, {column}), which is a wall")
        return row, column

    def doors(self) -> Bool[np.ndarray, "rows columns"]:
        """Return which cells are doors, ``(rows, columns)`` bool.

        A door is a free cell with walls on two opposite sides and free cells on the other two.
        Every cell of a straight corridor of width 1 is therefore a door, too.
        """
        free = np.pad(self.free, 1)
        up, down = free[:-2, 1:-1], free[2:, 1:-1]
        left, right = free[1:-1, :-2], free[1:-1, 2:]
        along_row = left & right & ~up & ~down
        along_column = up & down & ~left & ~right
        return self.free & (along_row | along_column)
