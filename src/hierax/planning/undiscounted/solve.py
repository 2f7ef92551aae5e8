"""The optimal value with discount 1, by policy iteration over policies that end, with bounds."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning.linear import factorise
from hierax.planning.undiscounted.bounds import error_bound
from hierax.planning.undiscounted.collapse import Collapsed, collapse
from hierax.planning.undiscounted.pairs import Pairs, pairs_of
from hierax.planning.undiscounted.refusals import require_ends

ROUNDING = 16.0 * np.finfo(np.float64).eps
"""Relative difference of two values above which it is more than rounding."""
MOST_POLICIES = 1_000


class Solved(NamedTuple):
    """An optimal value and policy.

    Attributes:
        value: ``(S,)``.
        policy: ``(S, A)`` one-hot; it ends with probability 1, or stays where nothing is lost.
        error_bound: bound on ``‖v - v*‖∞``, up to rounding of the model's tables.
        rounds: number of policies.
    """

    value: np.ndarray
    policy: np.ndarray
    error_bound: float
    rounds: int


def solve_undiscounted(mdp: Any) -> Solved:
    """Return the optimal expected sum of rewards of a concrete model with discount 1.

    Sets of states that can be kept for ever without reward become one node, in which staying is
    worth 0. Then every policy that never ends loses for ever, so policy iteration from a policy
    that ends has only policies that end, and its limit is the only solution of Bellman's equation.

    Raises:
        ValueError: if the optimal value of a state is not finite or not defined.
    """
    old = pairs_of(mdp)
    found = collapse(old)
    value, choice, rounds = _iterate(found.pairs, require_ends(found))
    bound = error_bound(found.pairs, value, choice)
    return Solved(value[found.node], _policy(mdp, old, found, choice), bound, rounds)


def _iterate(pairs: Pairs, choice: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return value, pair of each node, and the number of policies, from a policy that ends."""
    starts, seen, value = pairs.starts, set[int](), np.zeros(pairs.nodes)
    while len(seen) < MOST_POLICIES:
        seen.add(hash(choice.tobytes()))
        chain = sp.csr_matrix(pairs.transition[choice])
        value = np.asarray(factorise(chain).solve(pairs.reward[choice]))
        q = pairs.reward + pairs.transition @ value
        best = np.maximum.reduceat(q, starts)
        better = best - q[choice] > ROUNDING * np.maximum(np.abs(best), np.abs(value).max())
        new = np.where(better, _first(pairs, q >= best[pairs.node]), choice)
        if not better.any() or hash(new.tobytes()) in seen:
            break
        choice = new
    return value, choice, len(seen)


def _first(pairs: Pairs, chosen: np.ndarray) -> np.ndarray:
    """Return the first chosen pair of each node."""
    taken = np.flatnonzero(chosen)
    return taken[np.searchsorted(pairs.node[taken], np.arange(pairs.nodes))]


def _policy(mdp: Any, old: Pairs, found: Collapsed, choice: np.ndarray) -> np.ndarray:
    """Return the policy ``(S, A)`` of pairs of the collapsed model."""
    actions = mdp.available.shape[1]
    table = np.zeros(mdp.available.shape)
    offered = np.flatnonzero(mdp.available.ravel())
    taken = offered[found.old_choice(old, choice)]
    table[taken // actions, taken % actions] = 1.0
    return table
