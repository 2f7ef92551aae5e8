"""A canvas along the state index with the transitions of the policy as a heat map."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hierax.planning import TabularMDP
from hierax.plotting.canvas import PANEL, Scale, action_colours, action_legend
from hierax.plotting.index_canvas import IndexCanvas

PROBABILITY = Scale("probability of the next state", "viridis")
_STRIP = -1.5
"""Column of the chosen actions, to the left of the next states."""


class MatrixCanvas(IndexCanvas):
    """A canvas for models whose graph has too many lines.

    Numbers of states are drawn as bars. A policy is drawn as the matrix of its transitions, one row
    per state, with the colour of the chosen action beside each row.

    Attributes:
        height: height of a drawing in inches.
    """

    def __init__(self, mdp: TabularMDP, action_names: Sequence[str]):
        super().__init__(action_names)
        self.height = PANEL
        self._mdp = mdp

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Draw the probabilities of the next states (columns) of each state (rows)."""
        states = len(choice)
        rows = chosen_rows(self._mdp, choice)
        probabilities = rows if isinstance(rows, np.ndarray) else rows.toarray()
        mappable = PROBABILITY.mappable(probabilities)
        low, high = mappable.get_clim()
        axes.imshow(probabilities, mappable.cmap, vmin=low, vmax=high, interpolation="nearest")
        size = float(np.clip(2000 / states, 4, 60))
        axes.scatter(
            np.full(states, _STRIP), np.arange(states), s=size, marker="s",
            c=action_colours(choice), linewidths=0,
        )  # fmt: skip
        axes.set(xlim=(_STRIP - 1.0, states - 0.5), xlabel="next state", ylabel="state")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.figure.colorbar(mappable, ax=axes, label=PROBABILITY.label, shrink=0.8)
        action_legend(axes, self._action_names, below=0.15)


def chosen_rows(mdp: TabularMDP, choice: Int[np.ndarray, "S"]) -> np.ndarray | sp.csr_matrix:
    """Return ``(S, S)`` transition probabilities of the chosen actions, sparse if the model is."""
    states = np.arange(mdp.states)
    if mdp.is_sparse:
        return sp.csr_matrix(mdp.transition[states * mdp.actions + choice])
    return np.asarray(mdp.transition[states, choice])
