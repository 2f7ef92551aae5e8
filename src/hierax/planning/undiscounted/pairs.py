"""Available (state, action) pairs of a model as rows, and which of them may end an episode.

A pair *ends* if a transition of positive probability has a discount below 1: the episode then ends
with a probability of ``1 - γ``. In a model without such pairs episodes go on for ever.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks
from hierax.planning.backend import is_traced


class Pairs(NamedTuple):
    """N pairs of M nodes, which are states or sets of states.

    Attributes:
        node: ``(N,)`` the node that offers the pair, ascending.
        transition: CSR ``(N, M)``, discounted probabilities of the next node, all positive.
        reward: ``(N,)`` expected reward.
        ends: ``(N,)`` bool, whether the episode may end.
    """

    node: np.ndarray
    transition: sp.csr_matrix
    reward: np.ndarray
    ends: np.ndarray

    @property
    def nodes(self) -> int:
        """M."""
        return self.transition.shape[1]

    @property
    def starts(self) -> np.ndarray:
        """``(M,)``: the first pair of each node."""
        return np.searchsorted(self.node, np.arange(self.nodes))

    @property
    def rows(self) -> np.ndarray:
        """The pair of each stored entry."""
        return np.repeat(np.arange(self.node.size), np.diff(self.transition.indptr))


def ending_pairs(mdp: Any) -> np.ndarray:
    """Return which pairs may end an episode, ``(S, A)`` bool; false where unavailable."""
    given, discounted = mdp.transition, mdp.discounted_transition
    if not sp.issparse(given):
        return (discounted < given).any(axis=2)
    rows = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
    ending = np.bincount(rows[discounted.data < given.data], minlength=given.shape[0])
    return (ending > 0).reshape(mdp.available.shape)


def is_undiscounted(mdp: Any) -> bool:
    """Return whether an available pair never ends an episode; False where a tracer hides it."""
    if is_traced(mdp.discount):
        return False
    if np.ndim(mdp.discount) == 0:
        return float(mdp.discount) == 1.0
    if np.max(mdp.discount) < 1.0 or is_traced(mdp.transition, mdp.available):
        return False
    return bool((mdp.available & ~ending_pairs(mdp)).any())


def require_discounted(mdp: Any, what: str) -> None:
    """Raise if `is_undiscounted`; ``what`` needs a discount."""
    if is_undiscounted(mdp):
        where = ""
        if np.ndim(mdp.discount):
            pair = model_checks.first(mdp.available & ~ending_pairs(mdp))
            where = f" at {model_checks.place(('state', 'action'), pair)}"
        raise ValueError(f"discount must be below 1 for {what}, got 1{where}: use with_discount")


def require_concrete(*trees: Any) -> None:
    """Raise under a JAX transformation, where models with discount 1 cannot be analysed."""
    if is_traced(*trees):
        raise ValueError(
            "discount must be below 1 under jit, grad or vmap, got 1: use with_discount, or plan "
            "on concrete arrays"
        )


def pairs_of(mdp: Any) -> Pairs:
    """Return the available pairs of a concrete model; nodes are its states."""
    states, actions = mdp.available.shape
    table = mdp.discounted_transition
    table = table if sp.issparse(table) else sp.csr_matrix(table.reshape(-1, states))
    offered = np.flatnonzero(mdp.available.ravel())
    transition = sp.csr_matrix(table[offered])
    transition.eliminate_zeros()
    return Pairs(
        offered // actions,
        transition,
        mdp.reward.ravel()[offered],
        ending_pairs(mdp).ravel()[offered],
    )
