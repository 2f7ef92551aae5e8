"""Smooth features of states, from the graph of moves."""

import numpy as np
import scipy.linalg

from hierax import checks
from hierax.planning.mdp import TabularMDP, as_model


def laplacian_features(mdp: TabularMDP, count: int) -> np.ndarray:
    """The ``D`` smoothest eigenvectors of the graph of moves, ``(S, D)``; the first is constant.

    Features for `IntrinsicOptions`: what is learned on some goals then carries over to their
    neighbours (proto-value functions; Mahadevan & Maggioni 2007). Columns have mean square 1.

    Args:
        mdp: the model.
        count: number of features ``D``, at most ``S``.

    Raises:
        ValueError: where ``count`` is not between 1 and ``S``.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > mdp.states:
        raise ValueError(f"count is {count}, but must be at most the {mdp.states} states")
    return np.sqrt(mdp.states) * slowest_eigenvectors(mdp, 0, count)


def slowest_eigenvectors(mdp: TabularMDP, first: int, count: int) -> np.ndarray:
    """``(S, count)`` eigenvectors of the Laplacian, with eigenvalues ascending from ``first``."""
    last = first + count - 1
    return scipy.linalg.eigh(_laplacian(mdp), subset_by_index=[first, last])[1]


def _laplacian(mdp: TabularMDP) -> np.ndarray:
    """``D - W`` of the undirected graph of moves between different states, ``(S, S)``."""
    moves = mdp.adjacency().toarray()
    weights = np.maximum(moves, moves.T)
    return np.diag(weights.sum(axis=1)) - weights
