"""Figures of HIMO: six panels as in McNamee (2019), figures 1, 2 and S1, and two others.

The curves and tables come from a result, names and places of states from the world.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from hierax.plotting.canvas import CATEGORIES, EDGE, HALO, INK
from hierax.worlds import GridWorld, TabularWorld

FAINT, CLEAR = 0.13, 0.9
DOTTED, DASHED = (0, (1, 1.2)), (0, (4, 1.5))
CLUSTERS = (CATEGORIES[5], CATEGORIES[2], CATEGORIES[0], CATEGORIES[1])
"""Colours of clusters, in their order; red, green and blue of the paper come first."""
DOOR = INK


def six_panels(
    world: TabularWorld, curves: Mapping[str, Any], path: Path, title: str, normalised: bool
) -> None:
    """Draw a run of HIMO: the world, divergence, value, visits, and the velocities of both.

    Args:
        world: the world of the run.
        curves: ``time (R,)``, ``start_value (R,)``, ``policy_divergence (R, S)``,
            ``counter_difference (R, S)``, ``time_to_peak (S,)`` and ``final_occupancy (S,)``.
        path: path of the PNG file.
        title: a line above the panels.
        normalised: whether to divide divergence and visits by their largest magnitude in each
            state, as in figure 1 of the paper.
    """
    figure = Figure(figsize=(13, 7.6), layout="constrained")
    axes = figure.subplots(2, 3)
    pen = _Pen(world)
    time = np.asarray(curves["time"])
    divergence, visits = (
        _scaled(np.asarray(curves[name]), normalised)
        for name in ("policy_divergence", "counter_difference")
    )
    relative = "normalised " if normalised else ""
    pen.world(axes[0, 0], np.asarray(curves["final_occupancy"]))
    pen.curves(axes[0, 1], time, divergence, f"{relative}policy divergence PD")
    pen.velocities(axes[0, 2], time, divergence, f"velocity of {relative}PD")
    pen.value(axes[1, 0], time, curves["start_value"], np.asarray(curves["time_to_peak"]))
    pen.curves(axes[1, 1], time, visits, f"{relative}counter difference CD")
    pen.velocities(axes[1, 2], time, visits, f"velocity of {relative}CD")
    for letter, panel in zip("ABCDEF", axes.flat, strict=True):
        panel.set_title(letter, loc="left", fontweight="bold")
    figure.suptitle(title)
    _save(figure, path)


def _scaled(curves: np.ndarray, normalised: bool) -> np.ndarray:
    largest = np.abs(curves).max(axis=0)
    return curves / np.where(largest > 1e-12, largest, np.inf) if normalised else curves


class _Pen:
    """The style of each state of a world in every panel."""

    def __init__(self, world: TabularWorld):
        self._world = world
        self._on_path = world.on_shortest_path()
        self._colours = [CLUSTERS[c % len(CLUSTERS)] if c >= 0 else DOOR for c in world.clusters]
        self._ends = [state for name, state in world.marks.items() if "wormhole" in name]
        self._special = {int(state): DOTTED for state in world.bottlenecks}
        self._special |= dict.fromkeys(self._ends, DASHED)

    def world(self, axes: Axes, occupancy: np.ndarray) -> None:
        """Draw the graph of states, or the map with the occupancy of the final policy."""
        axes.set_aspect("equal")
        axes.axis("off")
        if isinstance(self._world, GridWorld):
            self._map(axes, self._world.free, occupancy)
        else:
            self._graph(axes)
        for state, letter in self._letters():
            x, y = self._world.coordinates[state]
            axes.text(
                x, y, letter, ha="center", va="center", fontweight="bold", path_effects=HALO
            )  # fmt: skip

    def _letters(self) -> list[tuple[int, str]]:
        marks = [(int(state), "+") for state in self._world.bottlenecks]
        marks += [(state, "W") for state in self._ends]
        start = [] if self._world.start is None else [(self._world.start, "S")]
        return [*marks, *start, (self._world.goal, "G")]

    def _graph(self, axes: Axes) -> None:
        places = self._world.coordinates
        begins, ends = self._world.adjacency().nonzero()
        lines = list(np.stack([places[begins], places[ends]], axis=1))
        axes.add_collection(LineCollection(lines, colors=EDGE, linewidths=1.0, zorder=1))
        alpha = np.where(self._on_path, CLEAR, 0.35)
        colours = [to_rgba(c, a) for c, a in zip(self._colours, alpha, strict=True)]
        axes.scatter(*places.T, s=230, c=colours, zorder=2, linewidths=0)
        axes.margins(0.06)

    def _map(self, axes: Axes, free: np.ndarray, occupancy: np.ndarray) -> None:
        rows, columns = free.shape
        image = np.ones((rows, columns, 3)) * 0.25
        shade = np.log10(np.clip(occupancy / occupancy.max(), 1e-3, 1.0)) / 3.0
        image[free] = matplotlib.colormaps["YlOrBr"](0.05 + 0.75 * (1.0 + shade))[:, :3]
        axes.imshow(image, extent=(-0.5, columns - 0.5, -0.5, rows - 0.5))
        axes.set_title("darker: visited more, log scale", fontsize=9)

    def curves(self, axes: Axes, time: np.ndarray, series: np.ndarray, label: str) -> None:
        """Draw one curve per state: faint off the optimal path, dotted for bottlenecks."""
        for state in np.argsort(self._on_path, kind="stable"):
            special = self._special.get(int(state))
            clear = bool(self._on_path[state]) or special is not None
            axes.plot(
                time, series[:, state], color=self._colours[state],
                alpha=CLEAR if clear else FAINT, linestyle=special or "-",
                linewidth=2.0 if special else 1.1,
            )  # fmt: skip
        axes.set(xlabel="planning time (step size × iterations)", ylabel=label)
        axes.set_xlim(time[0], time[-1])

    def velocities(self, axes: Axes, time: np.ndarray, series: np.ndarray, label: str) -> None:
        """Draw the growth of each curve, at the middle of its steps."""
        velocity = np.diff(series, axis=0) / np.diff(time)[:, None]
        self.curves(axes, 0.5 * (time[1:] + time[:-1]), velocity, label)

    def value(self, axes: Axes, time: np.ndarray, value: Any, peak: np.ndarray) -> None:
        """Draw the value of the start, with a dot at the peak of each state of the optimal path."""
        axes.plot(time, value, color=INK)
        for state in np.flatnonzero(self._on_path):
            axes.plot(
                peak[state], np.interp(peak[state], time, value), "o",
                color=self._colours[state], markersize=7, markeredgecolor="white",
            )  # fmt: skip
        for state, letter in self._letters():
            if self._on_path[state]:
                place = (peak[state], np.interp(peak[state], time, value))
                axes.annotate(letter, place, (-9, 5), textcoords="offset points", fontweight="bold")
        axes.set(xlabel="planning time (step size × iterations)", ylabel="value of the start")
        axes.set_xlim(time[0], time[-1])


def metric_figure(tables: Mapping[str, Any], path: Path) -> None:
    """Draw the coupling of states in two metrics, and the order of decisions from two starts."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    shares, order = figure.subplots(1, 2)
    metrics = {"path": CATEGORIES[0], "occupancy": CATEGORIES[5]}
    for place, (metric, colour) in enumerate(metrics.items()):
        values = [max(row[f"{metric}_cross_state"], 1e-18) for row in tables["random_models"]]
        spread = np.linspace(-0.2, 0.2, len(values))
        shares.semilogy(place + spread, sorted(values), ".", color=colour)
    shares.set_xticks(range(len(metrics)), [f"metric of {m}s" for m in ("path", "visit")])
    shares.set_ylabel("cross-state part of the Fisher information")
    shares.set_title("random models: does the metric couple states?", fontsize=10)
    for metric, colour in metrics.items():
        first, second = (row for row in tables["hanoi"] if row["metric"] == metric)
        order.plot(
            first["time_to_peak"],
            second["time_to_peak"],
            "o",
            color=colour,
            label=metric,
            alpha=0.7,
        )
    limits = [*order.get_xlim(), *order.get_ylim()]
    order.plot([min(limits), max(limits)], [min(limits), max(limits)], color=EDGE, zorder=0)
    order.set(xscale="log", yscale="log", xlabel="time to peak, start at one corner")
    order.set_ylabel("time to peak, start at another corner")
    order.set_title("Tower of Hanoi: does the start matter?", fontsize=10)
    order.legend(title="metric")
    _save(figure, path)


def hierarchy_figure(
    tables: Mapping[str, Any],
    curves: Mapping[str, Any],
    path: Path,
    world_of: Callable[[str, float], TabularWorld],
) -> None:
    """Draw maps of each measure in two worlds, and their rank correlations in all worlds."""
    measures = ("time_to_peak", "goal_averaged_time_to_peak", "action_gap", "betweenness")
    names = list(dict.fromkeys(row["world"] for row in tables["time_to_peak"]))
    drawn = [name for name in ("Hanoi3", "FourRooms") if name in names]
    figure = Figure(figsize=(15, 3.4 * len(drawn) + 3.6), layout="constrained")
    heights = [3.4 * len(drawn), 3.6]
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    grid = upper.subplots(len(drawn), len(measures), squeeze=False)
    for name, line in zip(drawn, grid, strict=True):
        key = [key for key in curves if key.startswith(name) and measures[1] in curves[key]][-1]
        world = world_of(name, float(key.split()[1]))
        for measure, axes in zip(measures, line, strict=True):
            _measure_map(axes, world, np.asarray(curves[key][measure], dtype=float))
            axes.set_title(f"{key}: {measure.replace('_', ' ')}", fontsize=9)
    for axes, target in zip(lower.subplots(1, 2), measures[:2], strict=True):
        _correlation_chart(axes, tables[target], names)
        axes.set_title(f"{target.replace('_', ' ')} against", fontsize=10)
    _save(figure, path)


def _measure_map(axes: Axes, world: TabularWorld, values: np.ndarray) -> None:
    spacing = 230 if len(values) < 60 else 90
    square = isinstance(world, GridWorld)
    points = axes.scatter(
        *world.coordinates.T, c=values, s=spacing, marker="s" if square else "o", cmap="viridis"
    )
    axes.figure.colorbar(points, ax=axes, shrink=0.8)
    axes.set_aspect("equal")
    axes.axis("off")


def _correlation_chart(axes: Axes, rows: Sequence[Mapping[str, Any]], names: list[str]) -> None:
    predictors = [key for key in rows[0] if key not in ("world", "foresight")]
    for index, name in enumerate(names):
        own = [row for row in rows if row["world"] == name]
        shift = 0.13 * (index - (len(names) - 1) / 2)
        places = [place + shift for place in range(len(predictors)) for _ in own]
        found = [row[predictor] for predictor in predictors for row in own]
        axes.plot(places, found, "o", color=CATEGORIES[index], alpha=0.75, label=name)
    axes.set_xticks(
        range(len(predictors)), [predictor.replace("_", " ") for predictor in predictors]
    )
    axes.axhline(0.0, color=EDGE, linewidth=0.8)
    axes.set(ylim=(-1.05, 1.05), ylabel="Spearman correlation")
    axes.legend(fontsize=8, title="one dot for each foresight", title_fontsize=8)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
