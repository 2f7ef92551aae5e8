"""Mazes of square cells as text: where walls, chasms and blocks are, and how large.

| character | cell |
|---|---|
| ``#`` | wall |
| ``.`` | free |
| ``S`` | free; the body begins here |
| ``O`` | as ``S``, with a small block a quarter of a cell along x that slides and spins |
| ``B`` | a block that slides along x and y |
| ``F`` | a block that slides along y, and falls |
| ``~`` | chasm |

Rows stand on lines of their own or are parted by blanks. The first has the least y, so a drawing of
the maze with y upward has the text upside down. The body begins at (0, 0), the centre of its cell.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_HEIGHT = 0.5  # of walls, in cells
_START = "SO"
_SHRUNK = 0.99  # a block that has to fall between platforms is this much narrower than its cell
_SPINNER, _AHEAD = 0.1, 0.25  # the small block against a wall, and its place in cells

WALL, CHASM = "#", "~"


class Box(NamedTuple):
    """A box along the axes.

    Attributes:
        centre: x, y, z.
        half: half of its edges.
    """

    centre: tuple[float, float, float]
    half: tuple[float, float, float]


class Block(NamedTuple):
    """A box that can be moved.

    Attributes:
        box: where it begins.
        mass: in kg.
        slides: axes that it slides along.
        limits: least and largest it slides, an axis each; None where nothing holds it.
        spins: whether it also turns.
    """

    box: Box
    mass: float
    slides: str
    limits: tuple[tuple[float, float], ...] | None = None
    spins: bool = False


@dataclasses.dataclass(frozen=True)
class MazeMap:
    """A maze; where there is a chasm, all else stands on platforms as high as walls.

    Attributes:
        text: its rows, see the module's table.
        cell: edge of a cell (m).
    """

    text: str
    cell: float

    @property
    def letters(self) -> np.ndarray:
        """``(rows, columns)`` characters."""
        return np.array([list(line) for line in self.text.split()])

    def which(self, letters: str) -> Bool[np.ndarray, "rows columns"]:
        """Which cells have one of the ``letters``."""
        return np.isin(self.letters, list(letters))

    def centres(self, letters: str) -> Float[np.ndarray, "K 2"]:
        """Places (x, y) of the cells that have one of the ``letters``, row by row."""
        return self._place(np.argwhere(self.which(letters)))

    @property
    def first(self) -> tuple[float, float]:
        """Place (x, y) of the first cell of the first row."""
        x, y = self._place(np.array([0, 0]))
        return float(x), float(y)

    @property
    def height(self) -> float:
        """Of walls."""
        return _HEIGHT * self.cell

    @property
    def ground(self) -> float:
        """Height of what the body begins on."""
        return self.height if self.which(CHASM).any() else 0.0

    @property
    def walls(self) -> tuple[Box, ...]:
        """The walls."""
        return tuple(self._box(x, y, self.ground) for x, y in self.centres(WALL).tolist())

    @property
    def platforms(self) -> tuple[Box, ...]:
        """What all stands on that is above no chasm; nothing where there is none."""
        if not self.ground:
            return ()
        kept = "".join(set(self.letters.ravel()) - {CHASM})
        return tuple(self._box(x, y, 0.0) for x, y in self.centres(kept).tolist())

    @property
    def block(self) -> Block | None:
        """What can be moved: one block at most."""
        for letter, made in (("B", _sliding), ("F", _falling), ("O", _spinning)):
            for x, y in self.centres(letter).tolist():
                return made(self._box(x, y, self.ground), self.cell)
        return None

    def _place(self, cells: np.ndarray) -> np.ndarray:
        """Places (x, y) of cells (row, column)."""
        (start,) = np.argwhere(self.which(_START))
        return self.cell * (cells - start)[..., ::-1].astype(float)

    def _box(self, x: float, y: float, bottom: float) -> Box:
        half = self.height / 2.0
        return Box((x, y, bottom + half), (self.cell / 2.0, self.cell / 2.0, half))


def _sliding(box: Box, cell: float) -> Block:
    return Block(box, 0.0002, "xy")


def _falling(box: Box, cell: float) -> Block:
    x, y, z = box.half
    narrow = Box(box.centre, (_SHRUNK * x, _SHRUNK * y, z))
    return Block(narrow, 0.001, "yz", ((-cell, cell), (-_HEIGHT * cell, 0.0)))


def _spinning(box: Box, cell: float) -> Block:
    x, y, z = box.centre
    long, wide, high = box.half
    half = (_SPINNER * long, _SPINNER * wide, _SPINNER * high)
    small = Box((x + _AHEAD * cell, y, z - high + half[2]), half)
    return Block(small, 0.0002, "xy", spins=True)
