"""Goal spaces of two dimensions: points of a maze and where they lie in each space."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

WIDTH = 1.9


def draw_embeddings(
    worlds: Mapping[str, Mapping[str, Mapping[str, Any]]], title: str = ""
) -> Figure:
    """Draw a row for each world: the maze, then each goal space; a point keeps its colour.

    The colour is the angle around the middle of the maze: a way through a U changes it steadily.

    Args:
        worlds: by name, goal spaces by name: ``position`` ``(M, 2)`` in the maze and ``place``
            ``(M, 2)``.
        title: title of the figure.
    """
    columns = 1 + max(map(len, worlds.values()))
    size = (WIDTH * columns, (WIDTH + 0.2) * len(worlds) + 0.4)
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    for row, (world, spaces) in zip(
        figure.subplots(len(worlds), columns, squeeze=False), worlds.items(), strict=True
    ):
        position = np.asarray(next(iter(spaces.values()))["position"])
        panels = [(world, position)]
        panels += [(name, np.asarray(each["place"])) for name, each in spaces.items()]
        for axes in row[len(panels) :]:
            axes.axis("off")
        for axes, (name, points) in zip(row, panels, strict=False):
            axes.scatter(*points.T, c=_angle(position), s=5, cmap="viridis", linewidths=0)
            axes.set_title(name, fontsize=8)
            axes.tick_params(labelsize=6)
            axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=10)
    return figure


def _angle(position: np.ndarray) -> np.ndarray:
    """Return the angle of points around the middle, from -π to π; the opening of the U is at ±π."""
    x, y = (position - position.mean(axis=0)).T
    return np.arctan2(y, x)
