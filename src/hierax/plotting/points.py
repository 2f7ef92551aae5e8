"""One row of points for each group: a number for each seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hierax.plotting.canvas import CATEGORIES


def draw_points(groups: Mapping[str, Any], label: str) -> Figure:
    """Draw the numbers of each group in a row, first group on top, with a line at their mean.

    Args:
        groups: numbers by name.
        label: of the axis.
    """
    height = 0.8 + 0.34 * len(groups)
    figure = Figure(figsize=(7.0, height), layout="constrained", dpi=110)
    axes = figure.subplots()
    for row, values in enumerate(groups.values()):
        axes.plot(values, np.full(len(values), row), "o", ms=4, alpha=0.6, color=CATEGORIES[0])
        axes.plot([np.mean(values)] * 2, [row - 0.3, row + 0.3], color=CATEGORIES[1], linewidth=2)
    axes.set_yticks(range(len(groups)), list(groups), fontsize=8)
    axes.set(xlabel=label, ylim=(len(groups) - 0.5, -0.5))
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
