"""Figure of the theory of NORL: losses against bounds, and the bound of mutual information."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hierax.plotting.canvas import CATEGORIES, EDGE, INK

LEAST = 1e-5
"""Losses below this are drawn at this height."""


def draw_theory(tables: Mapping[str, Any]) -> Figure:
    """Draw losses against both bounds, the objective by its maps, and estimates by pool size.

    Args:
        tables: of the experiment ``norl-theory``.
    """
    figure = Figure(figsize=(13.0, 3.6), layout="constrained", dpi=110)
    panels = figure.subplots(1, 4)
    for axes, name in zip(panels, ("theorem", "claim"), strict=False):
        _losses(axes, tables, name)
    _shares(panels[2], tables["maps"])
    _pools(panels[3], tables["pools"])
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("loss of value")
    return figure


def _losses(axes: Axes, tables: Mapping[str, Any], name: str) -> None:
    rows, sharp = tables["bounds"], tables["sharp"]
    for index, (label, row) in enumerate(rows.items()):
        bound, loss = (np.asarray(row[key]) for key in (f"{name}_bound", "suboptimality"))
        axes.plot(
            np.maximum(bound, LEAST), np.maximum(loss, LEAST), ".", markersize=2, alpha=0.5,
            color=CATEGORIES[index % len(CATEGORIES)], label=label,
        )  # fmt: skip
    loss = np.array([row["suboptimality"] for row in sharp])
    bound = loss / [row[f"ratio_{name}"] for row in sharp]
    axes.plot(bound, np.maximum(loss, LEAST), "x", markersize=3, color=INK, label="chain and coin")
    ends = (LEAST, max(np.max(row[f"{name}_bound"]) for row in rows.values()))
    axes.plot(ends, ends, color=INK, linewidth=1.0)
    axes.set(xscale="log", yscale="log", title=name, xlabel=f"bound of the {name}")
    axes.legend(frameon=False, fontsize=6, markerscale=1.5)


def _shares(axes: Axes, rows: Mapping[str, Mapping[str, Any]]) -> None:
    places = np.arange(len(rows))[::-1]
    for place, row in zip(places, rows.values(), strict=True):
        axes.hlines(place, row["least_share"], row["largest_share"], color=CATEGORIES[0])
        axes.plot(row["mean_share"], place, "o", color=CATEGORIES[0], markersize=4)
    axes.axvline(1.0, color=INK, linewidth=1.0)
    axes.set_yticks(places, list(rows), fontsize=7)
    axes.set(title="f and φ", xlabel="objective / information", xlim=(-1.0, 1.1))


def _pools(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    best = [row for row in rows if row["maps"] == "best"]
    sizes = [row["pool"] for row in best]
    for index, kind in enumerate(("without_positive", "with_positive")):
        means = [row[kind]["mean"] for row in best]
        axes.plot(sizes, means, "o-", color=CATEGORIES[index], label=kind.replace("_", " "))
    axes.axhline(best[0]["information"], color=INK, linewidth=1.0, label="information")
    axes.plot(sizes, np.log(sizes), "--", color=EDGE, label="log of pool size")
    axes.set(xscale="log", title="pools", xlabel="pool size", ylabel="estimate (nats)")
    axes.set_ylim(bottom=0.0)
    axes.set_xticks(sizes, list(map(str, sizes)))
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=7)
