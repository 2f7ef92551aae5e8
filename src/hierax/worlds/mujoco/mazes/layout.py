"""Mazes of square cells as text: the positions and sizes of walls, chasms and blocks.

| character | cell |
|---|---|
| ``#`` | wall |
| ``.`` | free |
| ``S`` | free; initial cell of the body |
| ``O`` | as ``S``, with a small block a quarter of a cell along x that slides and spins |
| ``B`` | a block that slides along x and y |
| ``F`` | a block that slides along y, and falls |
| ``~`` | chasm |

Rows are separated by blanks or line breaks. The first row has the least y, so the text is upside
down compared with a drawing whose y axis points up. The centre of the initial cell is (0, 0).
"""

import dataclasses
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_HEIGHT = 0.5  # of walls, in cells
_START = "SO"
_SHRINK = 0.99  # a block that falls between platforms is this much narrower than its cell
_SPINNER, _OFFSET = 0.1, 0.25  # size of the small block relative to a wall; its position in cells

WALL, CHASM = "#", "~"


class Box(NamedTuple):
    """A box along the axes.

    Attributes:
        centre: x, y, z (m).
        half: half of its edges (m).
    """

    centre: tuple[float, float, float]
    half: tuple[float, float, float]


class Block(NamedTuple):
    """A movable box.

    Attributes:
        box: initial position and size.
        mass: in kg.
        slides: axes of its slide joints.
        limits: range of each slide joint (m); None without limits.
        spins: whether it can also rotate.
    """

    box: Box
    mass: float
    slides: str
    limits: tuple[tuple[float, float], ...] | None = None
    spins: bool = False


@dataclasses.dataclass(frozen=True)
class MazeMap:
    """A maze. If it has a chasm, everything else is on platforms as high as walls.

    Attributes:
        text: rows of cells, see the module's table.
        cell: edge of a cell (m).
    """

    text: str
    cell: float

    @property
    def letters(self) -> np.ndarray:
        """Characters of the cells, ``(rows, columns)``."""
        return np.array([list(line) for line in self.text.split()])

    def mask(self, letters: str) -> Bool[np.ndarray, "rows columns"]:
        """Return which cells have one of the ``letters``."""
        return np.isin(self.letters, list(letters))

    def centres(self, letters: str) -> Float[np.ndarray, "K 2"]:
        """Return the centres (x, y) of the cells with one of the ``letters``, row by row."""
        return self._centre(np.argwhere(self.mask(letters)))

    @property
    def first(self) -> tuple[float, float]:
        """Centre (x, y) of the first cell of the first row."""
        x, y = self._centre(np.array([0, 0]))
        return float(x), float(y)

    @property
    def height(self) -> float:
        """Height of walls (m)."""
        return _HEIGHT * self.cell

    @cached_property
    def ground(self) -> float:
        """Height of the ground in the initial cell (m)."""
        return self.height if self.mask(CHASM).any() else 0.0

    @property
    def walls(self) -> tuple[Box, ...]:
        """Boxes of the walls."""
        return tuple(self._box(x, y, self.ground) for x, y in self.centres(WALL).tolist())

    @property
    def platforms(self) -> tuple[Box, ...]:
        """Boxes below all cells except chasms; empty without a chasm."""
        if not self.ground:
            return ()
        kept = "".join(set(self.letters.ravel()) - {CHASM})
        return tuple(self._box(x, y, 0.0) for x, y in self.centres(kept).tolist())

    @property
    def block(self) -> Block | None:
        """The movable block; None if there is none."""
        for letter, made in (("B", _sliding), ("F", _falling), ("O", _spinning)):
            for x, y in self.centres(letter).tolist():
                return made(self._box(x, y, self.ground), self.cell)
        return None

    def _centre(self, cells: np.ndarray) -> np.ndarray:
        """Return the centres (x, y) of cells (row, column)."""
        (start,) = np.argwhere(self.mask(_START))
        return self.cell * (cells - start)[..., ::-1].astype(float)

    def _box(self, x: float, y: float, bottom: float) -> Box:
        half = self.height / 2.0
        return Box((x, y, bottom + half), (self.cell / 2.0, self.cell / 2.0, half))


def _sliding(box: Box, cell: float) -> Block:
    return Block(box, 0.0002, "xy")


def _falling(box: Box, cell: float) -> Block:
    x, y, z = box.half
    narrow = Box(box.centre, (_SHRINK * x, _SHRINK * y, z))
    return Block(narrow, 0.001, "yz", ((-cell, cell), (-_HEIGHT * cell, 0.0)))


def _spinning(box: Box, cell: float) -> Block:
    x, y, z = box.centre
    long, wide, high = box.half
    half = (_SPINNER * long, _SPINNER * wide, _SPINNER * high)
    small = Box((x + _OFFSET * cell, y, z - high + half[2]), half)
    return Block(small, 0.0002, "xy", spins=True)
