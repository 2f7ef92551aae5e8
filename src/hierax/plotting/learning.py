"""Learning curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from hierax.plotting.canvas import CATEGORIES

RATE = "success"
"""End of the names of metrics from 0 to 1: their axis shows all of it, also for a flat curve."""
MOST_BANDS = 3
"""Largest number of curves whose intervals are drawn as bands."""
LEAST_SEEDS = 3
"""With fewer, each seed is a line: an interval of two seeds says next to nothing."""


def draw_learning(curves: Sequence[Mapping[str, Any]], metric: str, title: str = "") -> Figure:
    """Draw the interquartile mean over seeds of each group of runs, and its interval.

    Args:
        curves: one mapping per group, with ``label``, ``seeds``, environment ``steps``, and at each
            step the ``iqm`` and the ends ``low`` and ``high`` of its interval; with the ``values``
            of each seed, few seeds are drawn one by one.
        metric: name of the metric.
        title: title of the figure.
    """
    figure = Figure(figsize=(7.0, 4.4), layout="constrained", dpi=110)
    learning_panel(figure.subplots(), curves, metric, title)
    return figure


def draw_learning_panels(panels: Mapping[str, Sequence[Mapping[str, Any]]], metric: str) -> Figure:
    """Draw what `draw_learning` draws, a panel for each title, side by side.

    Args:
        panels: curves by title, as for `draw_learning`.
        metric: name of the metric, the same in all panels.
    """
    figure = Figure(figsize=(6.0 * len(panels), 4.4), layout="constrained", dpi=110)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (title, curves) in zip(axes, panels.items(), strict=True):
        learning_panel(panel, curves, metric, title)
        panel.label_outer()
    return figure


def learning_panel(
    axes: Axes, curves: Sequence[Mapping[str, Any]], metric: str, title: str = ""
) -> None:
    """Draw what `draw_learning` draws, into axes that are given."""
    for index, curve in enumerate(curves):
        colour = CATEGORIES[index % len(CATEGORIES)]
        count = len(curve["seeds"])
        label = f"{curve['label']} ({count} seed{'s' if count > 1 else ''})"
        axes.plot(curve["steps"], curve["iqm"], color=colour, label=label, linewidth=1.8)
        if 1 < count < LEAST_SEEDS and "values" in curve:
            axes.plot(curve["steps"], np.transpose(curve["values"]), color=colour, linewidth=0.7)
        elif count > 1:
            _draw_interval(axes, curve, colour, index, len(curves))
    axes.set(xlabel="environment steps", ylabel=metric.replace("_", " "), title=title)
    if metric.endswith(RATE):
        axes.set_ylim(-0.03, 1.03)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def _draw_interval(
    axes: Axes, curve: Mapping[str, Any], colour: str, index: int, count: int
) -> None:
    """Draw a band, or where many bands would hide each other, a bar at each step."""
    steps, low, high = (np.asarray(curve[name], float) for name in ("steps", "low", "high"))
    if count <= MOST_BANDS or len(steps) < 2:
        axes.fill_between(steps, low, high, color=colour, alpha=0.2, lw=0)
        return
    beside = 0.6 * np.diff(steps).min() * ((index + 0.5) / count - 0.5)
    axes.vlines(steps + beside, low, high, color=colour, linewidth=1.2, alpha=0.7)
