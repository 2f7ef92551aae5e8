"""Maps of grid worlds, and the text that they are read from and written to.

| character | cell |
|---|---|
| ``#`` or ``w`` | wall |
| ``.`` or blank | free |
| ``S`` | free, the start |
| ``G`` | free, the goal |

The map ends in walls: nothing can leave it, and lines shorter than the longest one are filled
up with walls. Empty lines before the first and after the last other line are dropped, so that
a map can stand between triple quotes. Blanks are free cells wherever they stand, also before and
after the outer walls.
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
    """Which cells are free, where a run starts and where it should lead.

    Attributes:
        free: ``(rows, columns)`` bool.
        start: row and column of the start, or None.
        goal: row and column of the goal, or None.

    Raises:
        ValueError: if ``free`` is no such table or has no free cell, or if start or
            goal is no free cell of it.
    """

    free: Bool[np.ndarray, "rows columns"]
    start: Cell | None = None
    goal: Cell | None = None

    def __post_init__(self) -> None:
        table = np.asarray(self.free)
        if table.ndim != 2 or table.dtype != bool or not table.any():
            raise ValueError("map must be a table (rows, columns) of booleans with a free cell")
        for name in ("start", "goal"):
            cell = getattr(self, name)
            if cell is not None:
                object.__setattr__(self, name, self.check_free(name, cell))

    @classmethod
    def from_text(cls, text: str) -> "GridMap":
        """Reads a map, see the module's table.

        Raises:
            ValueError: if a character is unknown, if ``S`` or ``G`` stands there twice (these name
                line and column, counted from 1 in ``text``), or if no cell is free.
        """
        if not isinstance(text, str):
            raise ValueError(f"map is of type {type(text).__name__}, but must be a text")
        lines = text.splitlines()
        filled = [number for number, line in enumerate(lines) if line]
        if not filled:
            raise ValueError("map is empty, but must have a free cell")
        first = filled[0]
        letters = _letters(lines[first : filled[-1] + 1])
        _refuse_unknown(letters, first)
        return cls(
            np.isin(letters, list(_FREE)),
            _only(letters, _START, first),
            _only(letters, _GOAL, first),
        )

    def text(self) -> str:
        """Returns the map as text: ``#`` for walls, ``.`` for free cells, ``S`` and ``G``.

        Reading it gives the same map, unless start and goal share a cell, which shows ``G``.
        """
        letters = np.where(self.free, ".", "#")
        for cell, letter in ((self.start, _START), (self.goal, _GOAL)):
            if cell is not None:
                letters[cell] = letter
        return "\n".join("".join(row) for row in letters)

    def cells(self) -> Int[np.ndarray, "S 2"]:
        """Returns ``(S, 2)``: row and column of each free cell, in reading order."""
        return np.argwhere(self.free)

    def state_at(self, name: str, cell: Cell) -> int:
        """Returns how many free cells come before ``cell`` in reading order.

        Raises:
            ValueError: if it is no free cell; ``name`` says what it was meant to be.
        """
        row, column = self.check_free(name, cell)
        return int(np.count_nonzero(self.free.ravel()[: row * self.free.shape[1] + column]))

    def check_free(self, name: str, cell: Cell) -> tuple[int, int]:
        """Returns ``cell`` as two ints; raises ValueError unless it is a free cell of the map."""
        rows, columns = self.free.shape
        place = tuple(cell) if np.iterable(cell) else ()
        if len(place) != 2 or not all(isinstance(i, int | np.integer) for i in place):
            raise ValueError(f"{name} is {cell!r}, but must be a cell (row, column)")
        row, column = int(place[0]), int(place[1])
        if not (0 <= row < rows and 0 <= column < columns):
            raise ValueError(
                f"{name} is cell ({row}, {column}), but must lie on the map "
                f"of {rows} rows and {columns} columns"
            )
        if not self.free[row, column]:
            raise ValueError(f"{name} is cell ({row}, {column}), a wall, but must be a free cell")
        return row, column

    def doors(self) -> Bool[np.ndarray, "rows columns"]:
        """Returns ``(rows, columns)`` bool: which free cells are doors.

        A door is a free cell between two walls, left and right or above and below, whose other
        two neighbours are free. Without it, the two could not be joined within the eight cells
        around it. By this rule each cell of a straight corridor one cell wide is a door, too.
        """
        free = np.pad(self.free, 1)
        up, down = free[:-2, 1:-1], free[2:, 1:-1]
        left, right = free[1:-1, :-2], free[1:-1, 2:]
        along_row = left & right & ~up & ~down
        along_column = up & down & ~left & ~right
        return self.free & (along_row | along_column)


def _letters(lines: list[str]) -> np.ndarray:
    """Returns ``(rows, columns)`` characters of a map, short lines filled up with walls."""
    width = max(map(len, lines))
    return np.array([list(line.ljust(width, _WALLS[0])) for line in lines])


def _refuse_unknown(letters: np.ndarray, first_line: int) -> None:
    unknown = np.argwhere(~np.isin(letters, list(_WALLS + _FREE)))
    if len(unknown):
        row, column = unknown[0]
        raise ValueError(
            f"map has {str(letters[row, column])!r} at {_position(unknown[0], first_line)}, but "
            "knows only '#' and 'w' (wall), '.' and blank (free), 'S' (start) and 'G' (goal)"
        )


def _only(letters: np.ndarray, letter: str, first_line: int) -> Cell | None:
    """Returns the cell that holds ``letter``, None where there is none."""
    cells = np.argwhere(letters == letter)
    if len(cells) > 1:
        raise ValueError(
            f"map has a second {letter!r} at {_position(cells[1], first_line)}, "
            "but must have at most one"
        )
    return (int(cells[0][0]), int(cells[0][1])) if len(cells) else None


def _position(cell: np.ndarray, first_line: int) -> str:
    """Returns where a cell stands in the text: line and column, counted from 1."""
    return f"line {cell[0] + first_line + 1}, column {cell[1] + 1}"
