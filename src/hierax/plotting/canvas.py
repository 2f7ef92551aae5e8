"""What every place to draw a plan on shares: colours, scales, marked states, the three questions.

A plan is drawn on a map (`grid_canvas`), on a graph of states (`graph_canvas`) or along the state
index (`index_canvas`). What is drawn there stands in `hierax.plotting.plan`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import matplotlib
import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patheffects import withStroke

# Okabe and Ito (2008), "Color universal design": eight colours that all kinds of sight tell apart.
CATEGORIES = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
INK, WALL, PALE, EDGE = "#222222", "#4a4a4a", "#ebebeb", "#a0a0a0"
START, GOAL = "#D55E00", "#0072B2"
PANEL = 4.0
"""Width of a drawing in inches, without its scale of colours."""
ARROWS_FROM = 9.0
"""Points between neighbouring states from which an arrow can be read."""
TEXT_FROM = 13.0
"""Points between neighbouring states from which a name or a rank can be read."""
HALO = (withStroke(linewidth=2.0, foreground="white"),)


@dataclasses.dataclass(frozen=True, eq=False)
class Marks:
    """The states that a drawing marks.

    Attributes:
        start: the state in which a run begins, or None.
        goal: the state that the task is about, or None.
        bottlenecks: ``(B,)`` states that join clusters to each other, or None.
    """

    start: int | None = None
    goal: int | None = None
    bottlenecks: Int[np.ndarray, "B"] | None = None

    def letters(self) -> list[tuple[int, str, str]]:
        """State, letter and colour of the start and the goal, as far as there are any."""
        marked = ((self.start, "S", START), (self.goal, "G", GOAL))
        return [(state, letter, colour) for state, letter, colour in marked if state is not None]

    def dotted(self) -> list[int]:
        """The bottlenecks that are neither start nor goal."""
        bottlenecks = () if self.bottlenecks is None else self.bottlenecks.tolist()
        return [state for state in bottlenecks if state not in (self.start, self.goal)]

    def legend(self) -> str:
        """What the marks mean, as far as there are any."""
        meaning = {
            "orange: start": self.start is not None,
            "blue: goal": self.goal is not None,
            "dotted: bottlenecks": bool(self.dotted()),
        }
        return "   ".join(text for text, is_drawn in meaning.items() if is_drawn)


@dataclasses.dataclass(frozen=True)
class Scale:
    """How a number per state becomes a colour or a height.

    Attributes:
        label: what the number is, with its unit.
        colours: name of a colour map.
        logarithmic: whether equal steps are equal ratios; at most five powers of ten are shown,
            and what lies below them is as pale as what is missing.
        limits: lowest and highest number; by default those that are drawn.
    """

    label: str
    colours: str
    logarithmic: bool = False
    limits: tuple[float, float] | None = None

    def mappable(self, values: np.ndarray) -> ScalarMappable:
        """Turns ``values`` into colours; those that are not finite are pale."""
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
            low = values[values > 0].min() / 3.0  # so that the least is no ghost of nothing
            return LogNorm(max(low, 1e-5 * high), high)
        low = values.min()
        return Normalize(low, high) if low < high else Normalize(high - 0.5, high + 0.5)


class Canvas(Protocol):
    """What `hierax.plotting.plan` asks of a place to draw on."""

    @property
    def height(self) -> float:
        """Height of a drawing in inches."""
        ...

    @property
    def legend(self) -> str:
        """What the marked states are."""
        ...

    @property
    def names(self) -> Sequence[str] | None:
        """What to write at the states, or None where there is no room."""
        ...

    def colour(
        self, axes: Axes, values: np.ndarray, scale: Scale, texts: Sequence[str] | None = None
    ) -> None:
        """Show a number per state, ``(S,)`` with NaN for none, and a text at each state."""
        ...

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Show the action chosen in each state and the state it most likely leads to, ``(S,)``."""
        ...


def bare(axes: Axes) -> None:
    """Leaves of the axes only what is drawn, with x and y at the same scale."""
    axes.set_aspect("equal")
    axes.set_axis_off()


def contrasting(colour: np.ndarray) -> str:
    """Black or white, whichever can be read on ``colour`` (red, green, blue, opacity)."""
    red, green, blue, _ = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def action_legend(axes: Axes, names: Sequence[str]) -> None:
    """A legend under the axes with one colour of `CATEGORIES` for each action."""
    for name, colour in zip(names, CATEGORIES, strict=False):
        axes.scatter([], [], color=colour, marker="s", label=name)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, frameon=False, fontsize=8)


def action_colours(choice: np.ndarray) -> list[str]:
    """The colour of each chosen action; beyond eight actions the colours repeat."""
    return [CATEGORIES[action % len(CATEGORIES)] for action in choice]
