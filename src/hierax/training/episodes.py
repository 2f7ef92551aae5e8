"""Results of whole episodes, and their averages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import scipy.stats


class Episodes(NamedTuple):
    """Results of E episodes.

    Attributes:
        returns: ``(E,)`` sums of rewards.
        lengths: ``(E,)`` numbers of steps.
        successes: ``(E,)`` bool, whether the last step was a success.
        measures: ``(E,)`` for each name: what the world measures at the last step, see
            `hierax.worlds.measures`.
    """

    returns: np.ndarray
    lengths: np.ndarray
    successes: np.ndarray
    measures: Mapping[str, np.ndarray] = MappingProxyType({})

    def means(self, has_success: bool) -> dict[str, float]:
        """Return the means of returns, lengths and, if the world has success, successes."""
        found = {"return": float(self.returns.mean()), "length": float(self.lengths.mean())}
        told = {"success": float(self.successes.mean())} if has_success else {}
        return {**found, **told, **self.measured()}

    def measured(self) -> dict[str, float]:
        """Return the means of the measures of the world."""
        return {name: float(values.mean()) for name, values in self.measures.items()}


def summary(episodes: Episodes, has_success: bool) -> dict[str, Any]:
    """Return mean, interquartile mean, number of episodes, success rate and mean length."""
    found = {
        "mean": float(episodes.returns.mean()),
        "iqm": float(scipy.stats.trim_mean(episodes.returns, 0.25)),
        "episodes": len(episodes.returns),
    }
    rate = {"success_rate": float(episodes.successes.mean())} if has_success else {}
    return {**found, **rate, **episodes.measured(), "mean_length": float(episodes.lengths.mean())}
