"""Small images of a maze from above, centred at the body.

An image has 5 x 5 pixels, each as large as a cell, and three channels: walls, chasms and the
movable block. It does not rotate with the body. Each object is a square of one cell, drawn with
bilinear weights: along each axis, an object ``d`` pixels from the centre of the image adds
``max(0, 1 - |d - p|)`` to the pixel at ``p``. Row r is at ``p = r - 2`` along y, column c at
``p = c - 2`` along x.
"""

import numpy as np

from hierax.worlds.mujoco.mazes.layout import CHASM, WALL, MazeMap
from hierax.worlds.mujoco.mujoco_world import Array

PIXELS = 5
_MIDDLE = PIXELS // 2


class TopDown:
    """A function that draws images of one maze from above.

    Args:
        maze: the maze.
        truncate: reproduce an error of the code released with Nachum et al. (2019). It truncates
            the pixel coordinates of an object towards 0 instead of rounding down. Objects beyond
            the edges with the least x and y are then drawn one pixel further inside, so the image
            reveals a little about its position.
    """

    def __init__(self, maze: MazeMap, truncate: bool = False):
        rows, columns = maze.letters.shape
        x, y = maze.first
        self._cell, self._truncate = maze.cell, truncate
        self._x = x + maze.cell * np.arange(columns)
        self._y = y + maze.cell * np.arange(rows)
        self._fixed = np.stack([maze.mask(WALL), maze.mask(CHASM)]).astype(float)

    def __call__(self, position: Array, block: Array | None) -> Array:
        """Return images ``(N, 5, 5, 3)``.

        Args:
            position: ``(N, 2)`` of the body (m).
            block: ``(N, 2)`` of the block (m), or None without a block.
        """
        # Weights are products of a row's and a column's weight, so that the images of a grid of
        # cells are two matrix products.
        rows = self._weights(self._y - position[:, 1:2])
        columns = self._weights(self._x - position[:, 0:1])
        fixed = rows[:, None] @ self._fixed @ columns.mT[:, None]
        xp = fixed.__array_namespace__()
        if block is None:
            moved = 0.0 * fixed[:, :1]
        else:
            offset = block - position
            row, column = self._weights(offset[:, 1:2]), self._weights(offset[:, 0:1])
            moved = (row @ column.mT)[:, None]
        return xp.moveaxis(xp.concat([fixed, moved], axis=1), 1, -1)

    def _weights(self, offset: Array) -> Array:
        """Return the weights ``(N, 5, K)`` of objects with offsets ``(N, K)`` along an axis."""
        xp = offset.__array_namespace__()
        index = offset / self._cell + (_MIDDLE + 0.5)
        if self._truncate:
            index = index + (xp.trunc(index) - xp.floor(index))
        middle = np.arange(PIXELS)[:, None] + 0.5
        return xp.maximum(0.0, 1.0 - xp.abs(index[:, None] - middle))
