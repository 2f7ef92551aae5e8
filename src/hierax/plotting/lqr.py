"""Figures of the errors of learned levels relative to the policies of a Riccati equation."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from hierax.plotting.canvas import CATEGORIES

MEASURES = ("gain", "covariance", "value")


def draw_errors(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Figure:
    """Draw the relative errors of each level in each world.

    Args:
        tables: by world and level, rows with ``gain_error``, ``covariance_error``, ``value_error``,
            each with its ``iqm``, ``low`` and ``high`` over seeds.
    """
    rows = {
        f"{world},\n{level}": row
        for world, levels in tables.items()
        for level, row in levels.items()
    }
    figure = Figure(figsize=(1.8 * len(rows) + 1.0, 3.2), layout="constrained", dpi=110)
    axes = figure.subplots()
    for index, measure in enumerate(MEASURES):
        errors = [row[f"{measure}_error"] for row in rows.values()]
        places = [place + 0.2 * (index - 1) for place in range(len(rows))]
        colour = CATEGORIES[index]
        means = [error["iqm"] for error in errors]
        axes.plot(places, means, "o", color=colour, label=measure, markersize=5)
        low, high = ([error[end] for error in errors] for end in ("low", "high"))
        axes.vlines(places, low, high, color=colour)
    axes.axhline(0.05, color="#bbbbbb", linewidth=0.8, linestyle="--")
    axes.set(ylabel="relative error", xticks=range(len(rows)), xticklabels=list(rows))
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
