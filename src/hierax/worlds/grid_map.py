"""Maps of grid worlds and their text format.

| character | cell |
|---|---|
| ``#`` or ``w`` | wall |
| ``.`` or blank | free |
| ``S`` | free; the start |
| ``G`` | free; the goal |

Everything outside of the map is wall. Short lines are padded with walls at the right. Empty lines
at the top and at the bottom are dropped, so a map can be written between triple quotes. A blank is
a free cell everywhere, also left of the outer wall.
"""

import dataclasses
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int

_WALLS = "#w"
_START = "S"
_GOAL = "G"
_FREE = " ." + _START + _GOAL

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
        """Read a map in the format of this module.

        Raises:
            ValueError: if a character is unknown, ``S`` or ``G`` occurs twice, or no cell is
                free. The message gives line and column, counted from 1.
        """
        if not isinstance(text, str):
            raise ValueError(f"map must be a str, got {type(text).__name__}")
        lines = text.splitlines()
        filled = [number for number, line in enumerate(lines) if line]
        if not filled:
            raise ValueError("map must have a free cell, got an empty text")
        first = filled[0]
        letters = _letters(lines[first : filled[-1] + 1])
        _refuse_unknown(letters, first)
        return cls(
            np.isin(letters, list(_FREE)),
            _only(letters, _START, first),
            _only(letters, _GOAL, first),
        )

    def text(self) -> str:
        """Return the map as text, with ``#`` for walls and ``.`` for free cells.

        `from_text` reads the same map from it. If start and goal are the same cell, only ``G`` is
        written.
        """
        letters = np.where(self.free, ".", "#")
        for cell, letter in ((self.start, _START), (self.goal, _GOAL)):
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


def _letters(lines: list[str]) -> np.ndarray:
    """Return the characters of a map, ``(rows, columns)``, short lines padded with walls."""
    width = max(map(len, lines))
    return np.array([list(line.ljust(width, _WALLS[0])) for line in lines])


def _refuse_unknown(letters: np.ndarray, first_line: int) -> None:
    unknown = np.argwhere(~np.isin(letters, list(_WALLS + _FREE)))
    if len(unknown):
        row, column = unknown[0]
        raise ValueError(
            "map must consist of '#' and 'w' (wall), '.' and blank (free), 'S' (start) and 'G' "
            f"(goal), got {str(letters[row, column])!r} at {_position(unknown[0], first_line)}"
        )


def _only(letters: np.ndarray, letter: str, first_line: int) -> Cell | None:
    """Return the cell of ``letter``, or None."""
    cells = np.argwhere(letters == letter)
    if len(cells) > 1:
        raise ValueError(
            f"map must have at most one {letter!r}, "
            f"got a second one at {_position(cells[1], first_line)}"
        )
    return (int(cells[0][0]), int(cells[0][1])) if len(cells) else None


def _position(cell: np.ndarray, first_line: int) -> str:
    """Return line and column of a cell in the text, counted from 1."""
    return f"line {cell[0] + first_line + 1}, column {cell[1] + 1}"
