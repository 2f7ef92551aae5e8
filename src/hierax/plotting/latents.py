"""Fans of paths: where latents from above lead a level, as a figure and as a film."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure

from hierax.plotting.canvas import CATEGORIES, HALO, INK
from hierax.plotting.film import Frame, film

Fans: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Fans by world and level. A fan has ``latents`` (N, 2), and the ``positions`` (T, N, 2) of each
latent at the times ``steps`` (T,), from one start."""

# A cyclic colour map of colours that are visible on white, similar ones side by side.
DIRECTIONS = LinearSegmentedColormap.from_list(
    "directions", [CATEGORIES[index] for index in (0, 4, 2, 1, 5, 3, 0)]
)
_WIDTH, _HEIGHT, _HEAD = 5.0, 5.0, 0.9
"""Width and height of each panel and height of the head, in inches."""


def draw_fans(
    fans: Fans, distances: Mapping[str, Mapping[str, Mapping[str, Any]]], title: str
) -> Figure:
    """Draw the fans, and for each world the distance from the start over time.

    Args:
        fans: the fans by world and level.
        distances: curves by world, with ``steps``, and the ``iqm`` over ``seeds`` with the ends
            ``low`` and ``high`` of its interval.
        title: title above the panels.
    """
    figure, rows = _laid_out(fans, title, dpi=110, more=1)
    for row, (world, levels) in zip(rows, fans.items(), strict=True):
        for fan, panel in zip(levels.values(), _panels(row, world, levels), strict=False):
            panel.show(len(fan["steps"]) - 1)
        _draw_distances(row[-1], distances[world])
    return figure


def film_fans(fans: Fans, title: str) -> Iterator[Frame]:
    """Return a frame for each time, with the paths up to that time."""
    figure, rows = _laid_out(fans, title, dpi=72)
    panels = [
        panel
        for row, (world, levels) in zip(rows, fans.items(), strict=True)
        for panel in _panels(row, world, levels)
    ]
    steps = next(iter(next(iter(fans.values())).values()))["steps"]
    height = figure.get_figheight()
    clock = figure.text(
        0.98, 1.0 - 0.5 * _HEAD / height, "", ha="right", va="center", size=14, color=INK,
        animated=True,
    )  # fmt: skip

    def show(time: int) -> None:
        clock.set_text(f"step {steps[time]}")
        for panel in panels:
            panel.show(time)

    return film(figure, [clock, *(x for panel in panels for x in panel.moving)], show, len(steps))


class _Panel:
    """A panel with one fan.

    Attributes:
        moving: the artists that change with time.
    """

    def __init__(self, axes: Axes, fan: Mapping[str, Any]):
        self._positions = np.asarray(fan["positions"], np.float64)
        colours = _colours(np.asarray(fan["latents"]))
        self._lines = LineCollection([], colors=colours, linewidths=1.1, animated=True)
        axes.add_collection(self._lines, autolim=False)
        here = self._positions[0]
        self._heads = axes.scatter(*here.T, s=12, c=colours, linewidths=0, animated=True)
        self._told = axes.text(
            0.97, 0.03, "", ha="right", va="bottom", color=INK, animated=True,
            transform=axes.transAxes, path_effects=HALO, zorder=4,
        )  # fmt: skip
        self.moving: Sequence[Artist] = (self._lines, self._heads, self._told)

    def show(self, time: int) -> None:
        """Show the paths up to a time."""
        paths = self._positions[: time + 1]
        self._lines.set_segments(list(paths.swapaxes(0, 1)))
        self._heads.set_offsets(paths[-1])
        distance = np.linalg.norm(paths[-1] - paths[0], axis=-1).mean()
        self._told.set_text(f"{distance:.1f} from the start on average")


def _laid_out(fans: Fans, title: str, *, dpi: int, more: int = 0) -> tuple[Figure, np.ndarray]:
    """Return a figure with a head, and its axes ``(worlds, levels + more)``."""
    columns = max(map(len, fans.values())) + more
    heights = [_HEAD, _HEIGHT * len(fans)]
    figure = Figure(figsize=(_WIDTH * columns, sum(heights)), layout="constrained", dpi=dpi)
    head, body = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_head(head, fans, title)
    return figure, body.subplots(len(fans), columns, squeeze=False)


def _draw_head(head: SubFigure, fans: Fans, title: str) -> None:
    """Draw the latents in their plane, each in its colour, and the title."""
    latents = np.asarray(next(iter(next(iter(fans.values())).values()))["latents"])
    left, width = 0.012, head.bbox.height / head.bbox.width
    axes = head.add_axes((left, 0.0, width, 1.0))
    axes.scatter(*latents.T, s=9, c=_colours(latents), linewidths=0)
    axes.set(xlim=np.array((-1.1, 1.1)) * np.abs(latents).max(), aspect="equal")
    axes.set_axis_off()
    head.text(2 * left + width, 0.5, title, va="center", color=INK, size=12)


def _panels(row: np.ndarray, world: str, levels: Mapping[str, Any]) -> list[_Panel]:
    """Return the panels of a world, all at one scale."""
    places = np.concatenate(
        [np.asarray(fan["positions"]).reshape(-1, 2) for fan in levels.values()]
    )
    low, high = places.min(axis=0), places.max(axis=0)
    middle, half = (low + high) / 2.0, 0.6 * (high - low).max()
    low, high = middle - half, middle + half
    panels = []
    for axes, (name, fan) in zip(row, levels.items(), strict=False):
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
        axes.set_title(f"{world}, {name}", color=INK)
        axes.grid(color="#e4e4e4", linewidth=1.0)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=8, labelcolor=INK)
        panels.append(_Panel(axes, fan))
    return panels


def _draw_distances(axes: Axes, curves: Mapping[str, Mapping[str, Any]]) -> None:
    for index, (label, curve) in enumerate(curves.items()):
        colour = CATEGORIES[index]
        axes.plot(curve["steps"], curve["iqm"], color=colour, label=label, linewidth=1.8)
        axes.fill_between(
            curve["steps"], curve["low"], curve["high"], color=colour, alpha=0.2, lw=0
        )
    axes.set(xlabel="steps", ylabel="distance from the start", title="latents from N(0, I)")
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)


def _colours(latents: np.ndarray) -> np.ndarray:
    """Return the colour of the direction of each latent."""
    turns = np.arctan2(latents[:, 1], latents[:, 0]) / (2.0 * np.pi)
    return DIRECTIONS(turns % 1.0)
