"""Sets of nodes that a policy can keep for ever, and nodes from which one surely ends."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse import csgraph

from hierax.planning.undiscounted.pairs import Pairs

NONE = -1


def end_components(pairs: Pairs, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximal end components of the ``chosen`` pairs ``(N,)``.

    From each node of a component its pairs lead to nodes of it alone, and all others can be
    reached. A policy that takes only these pairs never leaves it, and never ends.

    Returns:
        The number of the component of each node ``(M,)``, `NONE` outside, and which pairs stay in
        one, ``(N,)`` bool.
    """
    rows, columns = pairs.rows, pairs.transition.indices
    stays = chosen & ~pairs.ends
    while True:
        kept = stays[rows]
        label = _strong_components(pairs.nodes, pairs.node[rows[kept]], columns[kept])
        leaves = np.zeros(stays.size, bool)
        leaves[rows[label[columns] != label[pairs.node[rows]]]] = True
        if not (leaves & stays).any():
            break
        stays &= ~leaves
    inside = np.zeros(pairs.nodes, bool)
    inside[pairs.node[stays]] = True
    _, numbers = np.unique(label[inside], return_inverse=True)
    found = np.full(pairs.nodes, NONE)
    found[inside] = numbers
    return found, stays


def surely_ending(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes from which a policy ends with probability 1, and such a policy.

    Returns:
        ``(M,)`` bool, and ``(M,)`` a pair of each of these nodes, `NONE` for others.
    """
    rows, columns = pairs.rows, pairs.transition.indices
    alive = np.ones(pairs.nodes, bool)
    while True:
        allowed = alive[pairs.node]
        allowed[rows[~alive[columns]]] = False
        reached, choice = towards(pairs, allowed, allowed & pairs.ends)
        if (reached == alive).all():
            return alive, choice
        alive = reached


def towards(pairs: Pairs, allowed: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes from which ``allowed`` pairs may lead to a ``last`` one, and those pairs.

    Each pair has a next node from which fewer steps are needed.

    Returns:
        ``(M,)`` bool, and ``(M,)`` a pair of each of these nodes, `NONE` for others.
    """
    root, rows, columns = pairs.nodes, pairs.rows, pairs.transition.indices
    kept = allowed[rows]
    ends = np.flatnonzero(last)
    begins = np.concatenate([columns[kept], np.full(ends.size, root)])
    stops = pairs.node[np.concatenate([rows[kept], ends])]
    through = np.concatenate([rows[kept], ends])
    graph = sp.csr_matrix((np.ones(begins.size), (begins, stops)), shape=(root + 1, root + 1))
    _, before = csgraph.breadth_first_order(graph, root)
    choice = np.full(root, NONE)
    fits = before[stops] == begins
    choice[stops[fits]] = through[fits]
    return choice != NONE, choice


def _strong_components(nodes: int, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    graph = sp.csr_matrix((np.ones(begins.size), (begins, ends)), shape=(nodes, nodes))
    return csgraph.connected_components(graph, connection="strong")[1]
