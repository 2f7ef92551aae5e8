"""Smooth features of states, from the transition graph."""

import numpy as np
import scipy.linalg

from hierax import checks
from hierax.planning.mdp import TabularMDP, as_model


def laplacian_features(mdp: TabularMDP, count: int) -> np.ndarray:
    """Return the ``D`` smoothest eigenvectors of the transition graph, ``(S, D)``.

    The first is constant. With these features `IntrinsicOptions` generalise from training goals to
    their neighbours (proto-value functions; Mahadevan & Maggioni 2007). Columns have mean square 1.

    Args:
        mdp: the model.
        count: number of features ``D``, at most ``S``.

    Raises:
        ValueError: if ``count`` is not between 1 and ``S``.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > mdp.states:
        raise ValueError(f"count must be at most {mdp.states}, the number of states, got {count}")
    return np.sqrt(mdp.states) * slowest_eigenvectors(mdp, 0, count)


def slowest_eigenvectors(mdp: TabularMDP, first: int, count: int) -> np.ndarray:
    """Return ``(S, count)`` eigenvectors of the Laplacian by eigenvalue, from number ``first``."""
    last = first + count - 1
    return scipy.linalg.eigh(_laplacian(mdp), subset_by_index=[first, last])[1]


def _laplacian(mdp: TabularMDP) -> np.ndarray:
    """Return ``D - W (S, S)`` of the undirected graph of transitions between different states."""
    moves = mdp.adjacency().toarray()
    weights = np.maximum(moves, moves.T)
    return np.diag(weights.sum(axis=1)) - weights
