"""The canvas protocol for drawings of plans, with shared colours, scales and marks.

A plan is drawn on a map (`grid_canvas`), on a graph of states (`graph_canvas`) or along the state
index (`index_canvas`). `hierax.plotting.plan` draws its panels.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal, Protocol

import matplotlib
import numpy as np
from jaxtyping import Int
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

# Okabe and Ito (2008), "Color universal design": eight colours for all kinds of colour vision.
CATEGORIES = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
INK, WALL, PALE, EDGE = "#222222", "#4a4a4a", "#ebebeb", "#a0a0a0"
START, GOAL = "#D55E00", "#0072B2"
PANEL = 4.0
"""Width of a drawing in inches, without its colour bar."""
ARROWS_FROM = 9.0
"""Smallest distance of neighbouring states, in points, for arrows."""
TEXT_FROM = 13.0
"""Smallest distance of neighbouring states, in points, for names and ranks."""
HALO = (withStroke(linewidth=2.0, foreground="white"),)


@dataclasses.dataclass(frozen=True, eq=False)
class Marks:
    """The marked states of a drawing.

    Attributes:
        start: the start state, or None.
        goal: the goal state, or None.
        bottlenecks: ``(B,)`` states that connect clusters, or None.
    """

    start: int | None = None
    goal: int | None = None
    bottlenecks: Int[np.ndarray, "B"] | None = None

    def letters(self) -> list[tuple[int, str, str]]:
        """Return state, letter and colour of the start and the goal that exist."""
        marked = ((self.start, "S", START), (self.goal, "G", GOAL))
        return [(state, letter, colour) for state, letter, colour in marked if state is not None]

    def dotted(self) -> list[int]:
        """Return the bottlenecks that are neither start nor goal."""
        bottlenecks = () if self.bottlenecks is None else self.bottlenecks.tolist()
        return [state for state in bottlenecks if state not in (self.start, self.goal)]

    def legend(self) -> list[Artist]:
        """Return the handles of a legend of the marks that exist."""
        looks: dict[str, tuple[bool, str, Literal["-", ":"]]] = {
            "start": (self.start is not None, START, "-"),
            "goal": (self.goal is not None, GOAL, "-"),
            "bottleneck": (bool(self.dotted()), INK, ":"),
        }
        return [
            Patch(fill=False, edgecolor=colour, linestyle=line, linewidth=1.8, label=label)
            for label, (is_drawn, colour, line) in looks.items()
            if is_drawn
        ]


@dataclasses.dataclass(frozen=True)
class Scale:
    """A scale from a number per state to a colour or a height.

    Attributes:
        label: name of the number, with its unit.
        colours: name of a colour map.
        logarithmic: whether the scale is logarithmic. It shows at most five powers of ten; smaller
            numbers are pale, like missing ones.
        limits: lowest and highest number; by default those of the data.
    """

    label: str
    colours: str
    logarithmic: bool = False
    limits: tuple[float, float] | None = None

    def mappable(self, values: np.ndarray) -> ScalarMappable:
        """Return a map from ``values`` to colours; values that are not finite are pale."""
        colours = matplotlib.colormaps[self.colours].with_extremes(bad=PALE, under=PALE)
        mappable = ScalarMappable(self._norm(values[np.isfinite(values)]), colours)
        mappable.set_array(values)
        return mappable

    def _norm(self, values: np.ndarray) -> Normalize:
        if self.limits is not None:
            return Normalize(*self.limits)
        if not values.size:
            return Normalize(0.0, 1.0)
        high = values.max()
        if self.logarithmic and high > 0:
            low = values[values > 0].min() / 3.0  # keeps the smallest value visible
            return LogNorm(max(low, 1e-5 * high), high)
        low = values.min()
        return Normalize(low, high) if low < high else Normalize(high - 0.5, high + 0.5)


class Canvas(Protocol):
    """The interface of a canvas that `hierax.plotting.plan` draws on."""

    @property
    def height(self) -> float:
        """Height of a drawing in inches."""
        ...

    @property
    def legend(self) -> Sequence[Artist]:
        """Handles of the legend of the marked states."""
        ...

    @property
    def names(self) -> Sequence[str] | None:
        """Text at each state, or None if there is no room."""
        ...

    def colour(
        self, axes: Axes, values: np.ndarray, scale: Scale, texts: Sequence[str] | None = None
    ) -> None:
        """Draw a number per state, ``(S,)`` with NaN for none, and a text at each state."""
        ...

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Draw the chosen action of each state and its most likely next state, ``(S,)``."""
        ...


def bare(axes: Axes) -> None:
    """Hide the axes, and set x and y to the same scale."""
    axes.set_aspect("equal")
    axes.set_axis_off()


def contrasting(colour: np.ndarray) -> str:
    """Return black or white, for text on ``colour`` (red, green, blue, opacity)."""
    red, green, blue, _ = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def marks_legend(figure: FigureBase, canvas: Canvas) -> None:
    """Draw the legend of the marked states under a figure, if there are any."""
    if canvas.legend:
        figure.legend(
            handles=list(canvas.legend), loc="outside lower center", ncols=3, frameon=False,
            fontsize=8,
        )  # fmt: skip


def action_legend(axes: Axes, names: Sequence[str], below: float = 0.0) -> None:
    """Draw a legend under the axes with one colour of `CATEGORIES` per action.

    ``below`` leaves room for the labels of the axis, as a fraction of its height.
    """
    for name, colour in zip(names, CATEGORIES, strict=False):
        axes.scatter([], [], color=colour, marker="s", label=name)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -below), ncols=3, frameon=False, fontsize=8
    )


def action_colours(choice: np.ndarray) -> list[str]:
    """Return the colour of each chosen action; colours repeat after eight actions."""
    return [CATEGORIES[action % len(CATEGORIES)] for action in choice]
