"""End components without reward, each as one node that may also stay for ever, at value 0."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning.undiscounted.components import NONE, end_components, towards
from hierax.planning.undiscounted.pairs import Pairs


class Collapsed(NamedTuple):
    """A model whose end components without reward are single nodes.

    Attributes:
        pairs: of the nodes; the first nodes are the components.
        node: ``(M,)`` the new node of each old one.
        origin: ``(N',)`` the old pair of each new one; `NONE` for staying in a component.
        stays: ``(N,)`` bool, the old pairs inside components.
    """

    pairs: Pairs
    node: np.ndarray
    origin: np.ndarray
    stays: np.ndarray

    def old_choice(self, old: Pairs, choice: np.ndarray) -> np.ndarray:
        """Return a pair of each old node, ``(M,)``, from pairs of the new nodes.

        Where a component is left, its other nodes move to that which leaves it. Where it is kept,
        each takes the first pair that stays.
        """
        taken = self.origin[choice]
        leaving = np.zeros(old.node.size, bool)
        leaving[taken[taken != NONE]] = True
        _, found = towards(old, self.stays, leaving)
        first = np.full(old.nodes, NONE)
        inside = np.flatnonzero(self.stays)[::-1]
        first[old.node[inside]] = inside
        return np.where(found == NONE, first, found)


def collapse(pairs: Pairs) -> Collapsed:
    """Return a model with each end component without reward as one node."""
    label, stays = end_components(pairs, pairs.reward == 0.0)
    components = int(label.max(initial=NONE)) + 1
    others = np.flatnonzero(label == NONE)
    node = label.copy()
    node[others] = components + np.arange(others.size)
    count = components + others.size
    kept = np.flatnonzero(~stays)
    member = sp.csr_matrix(
        (np.ones(pairs.nodes), (np.arange(pairs.nodes), node)), shape=(pairs.nodes, count)
    )
    rows = sp.vstack(
        [pairs.transition[kept] @ member, sp.csr_matrix((components, count))], format="csr"
    )
    at = np.concatenate([node[pairs.node[kept]], np.arange(components)])
    order = np.argsort(at, kind="stable")
    found = Pairs(
        at[order],
        sp.csr_matrix(rows[order]),
        np.concatenate([pairs.reward[kept], np.zeros(components)])[order],
        np.concatenate([pairs.ends[kept], np.ones(components, bool)])[order],
    )
    origin = np.concatenate([kept, np.full(components, NONE)])[order]
    return Collapsed(found, node, origin, stays)
