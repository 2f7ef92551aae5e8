"""Learning curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from hierax.plotting.canvas import CATEGORIES


def draw_learning(curves: Sequence[Mapping[str, Any]], metric: str, title: str = "") -> Figure:
    """Draw the interquartile mean over seeds of each group of runs, and its interval.

    Args:
        curves: one mapping per group, with ``label``, ``seeds``, environment ``steps``, and at each
            step the ``iqm`` and the ends ``low`` and ``high`` of its interval.
        metric: name of the metric.
        title: title of the figure.
    """
    figure = Figure(figsize=(7.0, 4.4), layout="constrained", dpi=110)
    axes = figure.subplots()
    for index, curve in enumerate(curves):
        colour = CATEGORIES[index % len(CATEGORIES)]
        count = len(curve["seeds"])
        label = f"{curve['label']} ({count} seed{'s' if count > 1 else ''})"
        axes.plot(curve["steps"], curve["iqm"], color=colour, label=label, linewidth=1.8)
        if count > 1:
            axes.fill_between(
                curve["steps"], curve["low"], curve["high"], color=colour, alpha=0.2, lw=0
            )
    axes.set(xlabel="environment steps", ylabel=metric.replace("_", " "), title=title)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
