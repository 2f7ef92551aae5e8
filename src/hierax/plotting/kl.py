"""Figure of a transfer between bodies: success of all arms in all settings, and one as curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hierax.plotting.canvas import contrasting
from hierax.plotting.learning import learning_panel


def draw_transfers(
    success: Mapping[str, Mapping[str, float]],
    curves: Sequence[Mapping[str, Any]],
    metric: str,
    title: str,
) -> Figure:
    """Draw the mean success of arms by setting, and the learning curves of one setting.

    Args:
        success: means by setting and arm, from 0 to 1; an arm may be missing in a setting.
        curves: as for `hierax.plotting.learning.draw_learning`.
        metric: of the curves.
        title: of the curves.
    """
    figure = Figure(figsize=(13.0, 4.4), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
    _draw_table(left, success)
    learning_panel(right, curves, metric)
    right.set_title(title, fontsize=10)
    return figure


def _draw_table(axes: Axes, success: Mapping[str, Mapping[str, float]]) -> None:
    """Draw a cell for each setting and arm, with its number."""
    arms = list(dict.fromkeys(arm for row in success.values() for arm in row))
    values = np.array([[row.get(arm, np.nan) for arm in arms] for row in success.values()])
    image = axes.imshow(values, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = contrasting(np.asarray(image.to_rgba(value)))
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, size=8)
    axes.set_xticks(range(len(arms)), arms, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(success)), list(success), fontsize=8)
    axes.set_title("mean success of the last evaluations", fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
