"""A canvas for the map of a grid world: cells are unit squares, walls are dark."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, Rectangle

from hierax.plotting.canvas import (
    ARROWS_FROM,
    HALO,
    INK,
    PALE,
    PANEL,
    TEXT_FROM,
    WALL,
    Marks,
    Scale,
    action_colours,
    action_legend,
    bare,
    contrasting,
)
from hierax.worlds import GridWorld
from hierax.worlds.grid_moves import MOVES

_JUMP = "#CC79A7"


class GridCanvas:
    """A canvas with a map of one square per state.

    Args:
        world: the world of the map.
        task: whether to mark start and goal in addition to the bottlenecks.

    Attributes:
        height: height of a drawing in inches.
        legend: handles of the legend of the marked states.
        names: None; the position of a square identifies its state.
    """

    names = None

    def __init__(self, world: GridWorld, task: bool = True):
        rows, columns = world.free.shape
        self.height = PANEL * float(np.clip(rows / columns, 0.5, 1.5))
        self._world = world
        ends = (world.start, world.goal) if task else (None, None)
        self._marks = Marks(*ends, world.bottlenecks)
        self.legend = self._marks.legend()
        self._spacing = 72 * min(PANEL / columns, self.height / rows)

    def colour(
        self, axes: Axes, values: np.ndarray, scale: Scale, texts: Sequence[str] | None = None
    ) -> None:
        """Colour the squares, and write ``texts`` into them if they are large enough."""
        mappable = scale.mappable(values)
        colours = mappable.to_rgba(values)
        self._image(axes, colours[:, :3])
        axes.figure.colorbar(mappable, ax=axes, label=scale.label, shrink=0.8)
        is_roomy = self._spacing >= TEXT_FROM
        self._draw_marks(axes, letters=texts is None or not is_roomy)
        if texts is None or not is_roomy:
            return
        for (x, y), text, colour in zip(self._world.coordinates, texts, colours, strict=True):
            axes.text(
                x, y, text, ha="center", va="center", size=min(0.34 * self._spacing, 8.0),
                color=contrasting(colour),
            )  # fmt: skip

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Draw an arrow per move and a dot for staying; large maps have a colour per action."""
        names = np.array(self._world.action_names)
        if self._spacing < ARROWS_FROM:
            self._image(axes, np.array([to_rgb(colour) for colour in action_colours(choice)]))
            action_legend(axes, self._world.action_names)
            self._draw_marks(axes, letters=True)
            return
        self._image(axes, np.tile(to_rgb(PALE), (len(choice), 1)))
        self._draw_moves(axes, names[choice])
        self._draw_jumps(axes, ~np.isin(names[choice], [*MOVES, "stay"]), successor)
        self._draw_marks(axes, letters=False)

    def _image(self, axes: Axes, colours: np.ndarray) -> None:
        free = self._world.free
        image = np.tile(to_rgb(WALL), (*free.shape, 1))
        image[free] = colours
        rows, columns = free.shape
        axes.imshow(image, extent=(-0.5, columns - 0.5, -0.5, rows - 0.5), interpolation="nearest")
        bare(axes)

    def _draw_moves(self, axes: Axes, names: np.ndarray) -> None:
        places = self._world.coordinates
        for name, (down, right) in MOVES.items():
            x, y = places[names == name].T
            axes.quiver(
                x, y, np.full(x.shape, 0.62 * right), np.full(x.shape, -0.62 * down),
                pivot="mid", angles="xy", scale_units="xy", scale=1.0, units="inches",
                width=max(0.07 * self._spacing, 0.5) / 72, color=INK,
            )  # fmt: skip
        x, y = places[names == "stay"].T
        axes.scatter(x, y, s=(0.25 * self._spacing) ** 2, color=INK, linewidths=0)

    def _draw_jumps(self, axes: Axes, jumps: np.ndarray, successor: np.ndarray) -> None:
        places = self._world.coordinates
        for state in np.flatnonzero(jumps):
            arrow = FancyArrowPatch(
                tuple(places[state]), tuple(places[successor[state]]),
                connectionstyle="arc3,rad=0.2", arrowstyle="-|>", mutation_scale=9,
                linestyle="--", linewidth=1.4, color=_JUMP,
            )  # fmt: skip
            axes.add_patch(arrow)

    def _draw_marks(self, axes: Axes, letters: bool) -> None:
        places = self._world.coordinates
        for state in self._marks.dotted():
            axes.add_patch(_frame(places[state], linestyle=":", linewidth=1.2, edgecolor=INK))
        inside = self._spacing >= TEXT_FROM
        for state, letter, colour in self._marks.letters():
            axes.add_patch(_frame(places[state], linewidth=1.8, edgecolor=colour))
            if not letters:
                continue
            axes.annotate(
                letter, places[state], xytext=(0, 0 if inside else 8), textcoords="offset points",
                ha="center", va="center", size=10, weight="bold", color=colour, path_effects=HALO,
            )  # fmt: skip


def _frame(place: np.ndarray, **style: Any) -> Rectangle:
    x, y = place
    return Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, fill=False, zorder=3, **style)
