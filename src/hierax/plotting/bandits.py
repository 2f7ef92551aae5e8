"""Figures of the KL divergence from stacks of flows to the optimal policy of a bandit."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from hierax.plotting.canvas import CATEGORIES


def draw_divergences(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Figure:
    """Draw the KL divergence to the optimum by the number of levels.

    Args:
        tables: rows of each case. A row has its method (``way``), its equivalent number of
            ``levels``, and ``kl`` with ``iqm``, ``low`` and ``high`` over seeds.
    """
    figure = Figure(figsize=(3.2 * len(tables), 3.4), layout="constrained", dpi=110)
    panels = figure.subplots(1, len(tables), squeeze=False)[0]
    for axes, (case, rows) in zip(panels, tables.items(), strict=True):
        most = max(row["levels"] for row in rows.values())
        for index, way in enumerate(dict.fromkeys(row["way"] for row in rows.values())):
            of_way = [row for row in rows.values() if row["way"] == way]
            levels = [row["levels"] for row in of_way]
            means, low, high = ([row["kl"][k] for row in of_way] for k in ("iqm", "low", "high"))
            colour = CATEGORIES[index]
            axes.plot(levels, means, "o-", color=colour, label=way, markersize=4)
            axes.vlines(levels, low, high, color=colour)
        axes.set(title=case, xlabel="levels", xticks=range(1, 1 + most))
        axes.set_ylim(bottom=0)
        axes.grid(color="#e4e4e4", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("KL to the optimum (nats)")
    panels[-1].legend(frameon=False, fontsize=7)
    return figure
