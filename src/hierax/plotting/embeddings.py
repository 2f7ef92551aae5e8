"""Goal spaces of two dimensions: points of a maze and where they lie in each space."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

COLUMNS = 4


def draw_embeddings(embeddings: Mapping[str, Mapping[str, Any]], title: str = "") -> Figure:
    """Draw the maze, then each goal space, with the same colour for the same point.

    The colour is the angle around the middle of the maze: a way through a U changes it steadily.

    Args:
        embeddings: by name, ``position`` ``(M, 2)`` in the maze and ``place`` ``(M, 2)``.
        title: title of the figure.
    """
    position = np.asarray(next(iter(embeddings.values()))["position"])
    colour = _angle(position)
    panels = [("the maze", position)]
    panels += [(name, np.asarray(each["place"])) for name, each in embeddings.items()]
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(2.4 * COLUMNS, 2.5 * rows + 0.4), layout="constrained", dpi=110)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for one, (name, points) in zip(axes, panels, strict=False):
        one.scatter(*points.T, c=colour, s=7, cmap="viridis", linewidths=0)
        one.set_title(name, fontsize=9)
        one.tick_params(labelsize=7)
        one.spines[["top", "right"]].set_visible(False)
    for one in axes[len(panels) :]:
        one.axis("off")
    figure.suptitle(title, fontsize=10)
    return figure


def _angle(position: np.ndarray) -> np.ndarray:
    """Return the angle of points around the middle, from -π to π; the opening of the U is at ±π."""
    x, y = (position - position.mean(axis=0)).T
    return np.arctan2(y, x)
