"""A canvas for the graph of states: a disc per state, a line per transition."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.spatial import KDTree

from hierax.plotting.canvas import (
    ARROWS_FROM,
    EDGE,
    HALO,
    INK,
    PALE,
    PANEL,
    TEXT_FROM,
    Marks,
    Scale,
    action_colours,
    action_legend,
    bare,
    contrasting,
)

_MOST_LINES = 20_000
"""Largest number of transitions that are drawn as lines."""
_SMALL = 0.6
"""Size of the discs with arrows, relative to discs with a text."""


class GraphCanvas:
    """A canvas with states at given places and a line where an action connects two states.

    Attributes:
        height: height of a drawing in inches.
        legend: handles of the legend of the marked states.
        names: names of the states, or None if they do not fit into the discs.
    """

    def __init__(
        self,
        places: Float[np.ndarray, "S 2"],
        moves: sp.csr_matrix,
        marks: Marks,
        state_names: Sequence[str],
        action_names: Sequence[str],
    ):
        width, height = np.ptp(places, axis=0)
        self.height = PANEL * float(np.clip(height / max(width, 1e-9), 0.5, 1.1))
        self.legend = marks.legend()
        self._places, self._marks, self._action_names = places, marks, action_names
        points = 72 * 0.87 * min(PANEL / max(width, 1e-9), self.height / max(height, 1e-9))
        self._spacing = min(points * _nearest(places), 48.0)
        self._disc = max(0.62 * self._spacing, 1.5)
        self._disc_radius = 0.5 * self._disc / points
        self._lines = _lines(places, moves)
        fits = max(map(len, state_names)) * 0.55 * self._text_size < self._disc
        self.names = state_names if fits and self._spacing >= TEXT_FROM else None

    @property
    def _text_size(self) -> float:
        return min(0.34 * self._spacing, 8.0)

    def colour(
        self, axes: Axes, values: np.ndarray, scale: Scale, texts: Sequence[str] | None = None
    ) -> None:
        """Colour the discs, and write ``texts`` into them if they are large enough."""
        mappable = scale.mappable(values)
        colours = mappable.to_rgba(values)
        self._graph(axes, colours, self._disc)
        axes.figure.colorbar(mappable, ax=axes, label=scale.label, shrink=0.8)
        if texts is None or self._spacing < TEXT_FROM:
            return
        for (x, y), text, colour in zip(self._places, texts, colours, strict=True):
            axes.text(
                x, y, text, ha="center", va="center", size=self._text_size, zorder=4,
                color=contrasting(colour),
            )  # fmt: skip

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Draw an arrow to the most likely next state, or a dot if it is the state itself.

        Large graphs have one colour per action instead.
        """
        if self._spacing < ARROWS_FROM:
            self._graph(axes, action_colours(choice), self._disc)
            action_legend(axes, self._action_names)
            return
        self._graph(axes, [PALE], _SMALL * self._disc)
        stays = successor == np.arange(len(successor))
        self._draw_arrows(axes, self._places[~stays], self._places[successor[~stays]])
        size = (0.3 * self._disc) ** 2
        axes.scatter(*self._places[stays].T, s=size, color=INK, linewidths=0, zorder=4)

    def _draw_arrows(self, axes: Axes, tails: np.ndarray, heads: np.ndarray) -> None:
        """Draw arrows from the edge of one small disc to the edge of another."""
        way = heads - tails
        length = np.hypot(*way.T)[:, None]
        gap = 1.15 * _SMALL * self._disc_radius / length
        axes.quiver(
            *(tails + gap * way).T, *((1.0 - 2.0 * gap) * way).T,
            angles="xy", scale_units="xy", scale=1.0, units="inches", zorder=4,
            width=float(np.clip(0.05 * self._spacing, 0.6, 1.5)) / 72, color=INK,
        )  # fmt: skip

    def _graph(self, axes: Axes, colours: Sequence[str] | np.ndarray, diameter: float) -> None:
        axes.add_collection(
            LineCollection(list(self._lines), colors=EDGE, linewidths=0.7, zorder=1)
        )
        edge = 0.5 if diameter > 4 else 0.0
        x, y = self._places.T
        axes.scatter(x, y, s=diameter**2, c=colours, edgecolors=INK, linewidths=edge, zorder=2)
        self._draw_marks(axes, diameter)
        axes.margins(0.08)
        bare(axes)

    def _draw_marks(self, axes: Axes, diameter: float) -> None:
        ring = {"s": (diameter + 3.5) ** 2, "facecolors": "none", "zorder": 3}
        dotted = self._places[self._marks.dotted()]
        axes.scatter(*dotted.T, edgecolors=INK, linewidths=1.2, linestyles=":", **ring)
        centre = self._places.mean(axis=0)
        for state, letter, colour in self._marks.letters():
            place = self._places[state]
            axes.scatter(*place, edgecolors=colour, linewidths=1.8, **ring)
            outward = (place - centre) / max(float(np.hypot(*(place - centre))), 1e-9)
            axes.annotate(
                letter, place, xytext=outward * (0.5 * diameter + 8), textcoords="offset points",
                ha="center", va="center", size=10, weight="bold", color=colour,
                path_effects=HALO, zorder=5,
            )  # fmt: skip


def _nearest(places: np.ndarray) -> float:
    """Return the smallest distance between two states; 1 if there is only one state."""
    if len(places) == 1:
        return 1.0
    return float(KDTree(places).query(places, k=2)[0][:, 1].min())


def _lines(places: np.ndarray, moves: sp.csr_matrix) -> np.ndarray:
    """Return both ends of each line, ``(lines, 2, 2)``; no lines if there are too many."""
    begins, ends = sp.triu(moves + moves.T, k=1).nonzero()
    if len(begins) > _MOST_LINES:
        return np.zeros((0, 2, 2))
    return np.stack([places[begins], places[ends]], axis=1)
