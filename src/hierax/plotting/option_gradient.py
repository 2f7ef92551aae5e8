"""Figures of the option gradient: planning curves, options, and the cost of gradients."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from hierax.plotting.canvas import CATEGORIES, PANEL, Canvas, Scale, marks_legend

LIBRARIES = {
    "primitives": ("actions alone", CATEGORIES[7]),
    "random": ("untrained options", CATEGORIES[6]),
    "eigenoptions": ("eigenoptions", CATEGORIES[3]),
    "subgoals": ("random sub-goals", CATEGORIES[4]),
    "searched_subgoals": ("best of random sub-goals", CATEGORIES[1]),
    "hallways": ("hallways", CATEGORIES[2]),
    "learned": ("learned", CATEGORIES[0]),
    "learned_hardened": ("learned, hardened", CATEGORIES[5]),
}
"""Label and colour of each library, in the order of the legend."""
FRACTIONS = (0.9, 0.95, 0.99)
ENDS = Scale("probability to end on entering", "YlOrRd", limits=(0.0, 1.0))


@dataclasses.dataclass(frozen=True, eq=False)
class OptionTables:
    """The tables of K options in S states for a drawing.

    Attributes:
        choice: ``(K, S)`` most likely action.
        successor: ``(K, S)`` most likely next state of this action.
        termination: ``(K, S)`` probability to end on entering a state.
    """

    choice: Int[np.ndarray, "K S"]
    successor: Int[np.ndarray, "K S"]
    termination: Float[np.ndarray, "K S"]


def draw_options(
    options: OptionTables,
    maps: Mapping[str, Mapping[str, Any]],
    canvas: Canvas,
    title: str = "",
) -> Figure:
    """Draw planning curves, and below them the policy and termination of each option.

    Args:
        options: the options.
        maps: curves of option libraries by panel title. A curve has ``mean``, and optionally
            ``low`` and ``high``, of the relative value after each sweep.
        canvas: the canvas for options.
        title: title above the panels.
    """
    columns = max(len(options.choice), 2)
    heights = [3.2, 2 * (0.8 * canvas.height + 0.4)]
    figure = Figure(figsize=(PANEL * columns, sum(heights)), layout="constrained", dpi=110)
    figure.suptitle(title, weight="bold")
    above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    panels = above.subplots(1, len(maps), squeeze=False)[0]
    for axes, (name, libraries) in zip(panels, maps.items(), strict=True):
        _planning_curves(axes, libraries, name)
    _options(below, options, canvas)
    return figure


def _options(part: SubFigure, options: OptionTables, canvas: Canvas) -> None:
    marks_legend(part, canvas)
    panels = part.subplots(2, len(options.choice), squeeze=False)
    for index, (does, ends) in enumerate(panels.T):
        does.set_title(f"Option {index + 1}")
        canvas.policy(does, options.choice[index], options.successor[index])
        canvas.colour(ends, options.termination[index], ENDS)


def _planning_curves(axes: Axes, libraries: Mapping[str, Any], title: str) -> None:
    for name, (label, colour) in LIBRARIES.items():
        if name not in libraries:
            continue
        curve = libraries[name]
        middle = curve["iqm" if "iqm" in curve else "mean"]
        sweeps = np.arange(1, len(middle) + 1)
        axes.plot(sweeps, middle, color=colour, label=label, linewidth=1.8)
        if "low" in curve:
            axes.fill_between(sweeps, curve["low"], curve["high"], color=colour, alpha=0.2, lw=0)
    for part in FRACTIONS:
        axes.axhline(part, color="#cccccc", linewidth=0.6, zorder=0)
    axes.set(
        xlabel="sweeps of value iteration", ylabel="value of held-out goals / optimum",
        title=title, ylim=(0.0, 1.02), xlim=(1, None),
    )  # fmt: skip
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def draw_costs(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw memory, error and time of gradients by number of sweeps.

    Args:
        rows: ``method``, ``sweeps`` (None if the solver chooses), ``kibibytes``,
            ``relative_error`` and ``milliseconds``.
        path: path of the PNG file.
    """
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    measures = {
        "kibibytes": "temporary memory (KiB)",
        "relative_error": "relative error of the gradient",
        "milliseconds": "time (ms)",
    }
    methods = dict.fromkeys(row["method"] for row in rows)
    ticks = sorted({row["sweeps"] for row in rows if row["sweeps"] is not None})
    panels = figure.subplots(1, 3)
    for axes, (key, label) in zip(panels, measures.items(), strict=True):
        for method, colour in zip(methods, CATEGORIES, strict=False):
            found = [row for row in rows if row["method"] == method]
            if found[0]["sweeps"] is None:
                axes.axhline(found[0][key], color=colour, linestyle="--", label=method)
            else:
                sweeps = [row["sweeps"] for row in found]
                axes.plot(sweeps, [row[key] for row in found], "o-", color=colour, label=method)
        axes.set(xlabel="sweeps", ylabel=label, xscale="log", yscale="log")
        axes.set_xticks(ticks, list(map(str, ticks)))
        axes.minorticks_off()
    panels[0].set(yscale="linear", ylim=(0, None))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)
