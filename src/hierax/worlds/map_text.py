"""The text format of maps.

| character | cell |
|---|---|
| ``#`` or ``w`` | wall |
| ``.`` or blank | free |
| ``S`` | free; the start |
| ``G`` | free; the goal |

A map has one line for each row and one character for each cell. Its free cells are dots or blanks,
not both. Everything outside of the map is wall, and short lines are padded with walls at the right.

Blanks that cannot be cells are removed: common indentation, blanks at the end of a line, empty
lines above and below the map, and single blanks between all cells of a map with dots. Blanks that
may or may not be cells are an error.
"""

from typing import NamedTuple

import numpy as np

WALLS = "#w"
START = "S"
GOAL = "G"
FREE = " ." + START + GOAL


class Letters(NamedTuple):
    """The characters of a map, with the place of each in the text.

    Attributes:
        table: ``(rows, columns)`` characters, one for each cell.
        first_line: line of the first row, from 0.
        first_column: column of the first cell, from 0.
        stride: characters between two cells: 2 if blanks separate them, or 1.
    """

    table: np.ndarray
    first_line: int
    first_column: int
    stride: int

    def place(self, cell: np.ndarray) -> str:
        """Return line and column of a cell in the text, counted from 1."""
        column = self.first_column + self.stride * cell[1] + 1
        return f"line {self.first_line + cell[0] + 1}, column {column}"

    def only(self, letter: str) -> tuple[int, int] | None:
        """Return the cell of ``letter``, or None; raise ValueError if there are two."""
        cells = np.argwhere(self.table == letter)
        if len(cells) > 1:
            raise ValueError(
                f"map must have at most one {letter!r}, got a second one at {self.place(cells[1])}"
            )
        return (int(cells[0][0]), int(cells[0][1])) if len(cells) else None


def read_letters(text: str) -> Letters:
    """Return the characters of a map.

    Raises:
        ValueError: if a character is unknown or a blank may or may not be a cell. The message gives
            line and column, counted from 1.
    """
    lines = text.splitlines()
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if not filled:
        raise ValueError("map must have a free cell, got an empty text")
    first, last = filled[0], filled[-1] + 1
    _refuse_empty_lines(lines, first, last)
    indent = min(len(line) - len(line.lstrip()) for line in lines[first:last])
    rows = [line[indent:].rstrip() for line in lines[first:last]]
    separated = _is_separated(rows)
    stride = 2 if separated and "." in text else 1
    letters = Letters(_padded([row[::stride] for row in rows], WALLS[0]), first, indent, stride)
    _refuse_unknown(letters)
    if separated and stride == 1:
        raise ValueError(
            "map must not have a blank between all its cells if it has no '.': write free cells "
            "as '.', or leave out these blanks"
        )
    _refuse_unclear(letters)
    if "." not in text:
        _refuse_open_edge(lines, first, last, indent)
    return letters


def is_mostly_map(text: str) -> bool:
    """Return whether a text is not empty and most of its characters are those of a map."""
    characters = "".join(text.split())
    known = sum(map(characters.count, WALLS + FREE[1:]))
    return bool(characters) and 2 * known >= len(characters)


def _refuse_empty_lines(lines: list[str], first: int, last: int) -> None:
    for number in range(first, last):
        if not lines[number].strip():
            raise ValueError(
                f"map must have no empty line between its rows, got one at line {number + 1}: "
                "write walls as '#' and free cells as '.'"
            )


def _is_separated(rows: list[str]) -> bool:
    """Return whether a blank, and only one, separates all cells of all rows."""
    gaps = "".join(row[1::2] for row in rows)
    return bool(gaps) and not gaps.strip(" ") and not any(" " in row[::2] for row in rows)


def _padded(rows: list[str], filling: str) -> np.ndarray:
    width = max(map(len, rows))
    return np.array([list(row.ljust(width, filling)) for row in rows])


def _refuse_unknown(letters: Letters) -> None:
    unknown = np.argwhere(~np.isin(letters.table, list(WALLS + FREE)))
    if len(unknown):
        raise ValueError(
            "map must consist of '#' and 'w' (wall), '.' and blank (free), 'S' (start) and 'G' "
            f"(goal), got {str(letters.table[tuple(unknown[0])])!r} at {letters.place(unknown[0])}"
        )


def _refuse_unclear(letters: Letters) -> None:
    """Raise where rows begin at different columns, or blanks and dots are mixed."""
    blank = letters.table == " "
    for unclear, rule in (
        (blank[:, :1], "begin all rows at the same column"),
        (blank & (letters.table == ".").any(), "have '.' or blanks as free cells, not both"),
    ):
        if unclear.any():
            raise ValueError(
                f"map must {rule}, got a blank at {letters.place(np.argwhere(unclear)[0])}: write "
                "walls as '#' and free cells as '.'"
            )


def _refuse_open_edge(lines: list[str], first: int, last: int, indent: int) -> None:
    """Raise where a removed blank is beside a free cell of a map that has blanks as free cells."""
    table = np.pad(_padded([line or "#" for line in lines], "#"), 1, constant_values="#")
    inside = np.zeros(table.shape, bool)
    for number in range(first, last):
        inside[number + 1, indent + 1 : len(lines[number].rstrip()) + 1] = True
    free = inside & np.isin(table, list(FREE))
    beside = np.zeros(table.shape, bool)
    for axis in (0, 1):
        beside |= np.roll(free, 1, axis) | np.roll(free, -1, axis)
    unclear = np.argwhere(beside & ~inside & (table == " "))
    if len(unclear):
        line, column = unclear[0]
        raise ValueError(
            "map must not be open to blanks at its edge, got a blank beside a free cell at "
            f"line {line}, column {column}: write free cells as '.'"
        )
