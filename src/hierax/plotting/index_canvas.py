"""A canvas along the state index, for models without a drawing."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hierax.plotting.canvas import CATEGORIES, PANEL, Scale

_MOST_ACTION_NAMES = 12


class IndexCanvas:
    """A canvas with the states along the horizontal axis, in the order of the model.

    Attributes:
        height: height of a drawing in inches.
        legend: empty; no state is marked.
        names: None; the axis shows the state index.
    """

    legend = ()
    names = None

    def __init__(self, action_names: Sequence[str]):
        self.height = 0.7 * PANEL
        self._action_names = action_names

    def colour(
        self, axes: Axes, values: np.ndarray, scale: Scale, texts: Sequence[str] | None = None
    ) -> None:
        """Draw a bar up to the number of each state; ``texts`` are not drawn."""
        edges = np.arange(len(values) + 1) - 0.5
        axes.stairs(np.nan_to_num(values), edges, fill=True, color=CATEGORIES[0])
        axes.set_ylabel(scale.label)
        _label_states(axes, len(values))

    def policy(self, axes: Axes, choice: np.ndarray, successor: np.ndarray) -> None:
        """Draw a point at the chosen action of each state."""
        size = float(np.clip(2000 / len(choice), 1, 30))
        axes.scatter(np.arange(len(choice)), choice, s=size, color=CATEGORIES[5], linewidths=0)
        axes.set_ylim(-0.5, len(self._action_names) - 0.5)
        if len(self._action_names) <= _MOST_ACTION_NAMES:
            axes.set_yticks(range(len(self._action_names)), self._action_names)
        _label_states(axes, len(choice))


def _label_states(axes: Axes, states: int) -> None:
    axes.set_xlim(-0.5, states - 0.5)
    axes.set_xlabel("state")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
