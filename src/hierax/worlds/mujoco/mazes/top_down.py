"""Small pictures of a maze from above, with the body in the middle.

A picture has 5 x 5 pixels, each as large as a cell, and three channels: walls, chasms and the block
that can be moved. It does not turn with the body. An object is a square of one cell that is drawn
with the share of its area that each pixel has of it: for an object ``d`` pixels away along an axis
from the middle of the picture, the pixel at ``p`` has ``max(0, 1 - |d - p|)``. Row r is at
``p = r - 2`` along y and column c at ``c - 2`` along x.
"""

import numpy as np

from hierax.worlds.mujoco.mazes.layout import CHASM, WALL, MazeMap
from hierax.worlds.mujoco.world import Array

PIXELS = 5
_MIDDLE = PIXELS // 2


class TopDown:
    """Draws pictures of one maze.

    Args:
        maze: what is drawn.
        truncate: draw as the release does that goes with Nachum et al. (2019). It finds the pixel
            of an object by cutting off the fraction of its coordinate where it should round
            downward. So objects beyond the edges with the least x and y are drawn one pixel further
            in, and the picture gives away a little of where it was taken.
    """

    def __init__(self, maze: MazeMap, truncate: bool = False):
        rows, columns = maze.letters.shape
        x, y = maze.first
        self._cell, self._truncate = maze.cell, truncate
        self._x = x + maze.cell * np.arange(columns)
        self._y = y + maze.cell * np.arange(rows)
        self._fixed = np.stack([maze.which(WALL), maze.which(CHASM)]).astype(float)

    def __call__(self, position: Array, block: Array | None) -> Array:
        """Pictures ``(N, 5, 5, 3)``.

        Args:
            position: ``(N, 2)`` of the body.
            block: ``(N, 2)`` of the block, or None where there is none.
        """
        # Shares are products of a row's and a column's, so that N pictures of a grid of cells are
        # two matrix products.
        rows = self._shares(self._y - position[:, 1:2])
        columns = self._shares(self._x - position[:, 0:1])
        fixed = rows[:, None] @ self._fixed @ columns.mT[:, None]
        xp = fixed.__array_namespace__()
        if block is None:
            moved = 0.0 * fixed[:, :1]
        else:
            away = block - position
            row, column = self._shares(away[:, 1:2]), self._shares(away[:, 0:1])
            moved = (row @ column.mT)[:, None]
        return xp.moveaxis(xp.concat([fixed, moved], axis=1), 1, -1)

    def _shares(self, away: Array) -> Array:
        """``(N, 5, K)``: which share of objects ``(N, K)`` away along an axis each pixel has."""
        xp = away.__array_namespace__()
        index = away / self._cell + (_MIDDLE + 0.5)
        if self._truncate:
            index = index + (xp.trunc(index) - xp.floor(index))
        middle = np.arange(PIXELS)[:, None] + 0.5
        return xp.maximum(0.0, 1.0 - xp.abs(index[:, None] - middle))
