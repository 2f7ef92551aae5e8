"""Tables whose rows are state-action pairs: ``(L, S)``, as of QuantEcon, dense or sparse."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning import model_checks


class PairTables(NamedTuple):
    """Tables of all pairs, rows ``s*A + a``.

    Attributes:
        transition: CSR ``(S*A, S)``.
        reward: ``(S, A)``.
        available: ``(S, A)`` bool.
    """

    transition: sp.csr_matrix
    reward: np.ndarray
    available: np.ndarray


def read_pairs(transition: Any, reward: Any, pairs: Any) -> PairTables:
    """Return tables of all pairs from those of L pairs.

    Args:
        transition: ``(L, S)``, dense or sparse.
        reward: ``(L,)``.
        pairs: states ``(L,)`` and actions ``(L,)`` of the rows; without them the rows are the pairs
            ``s*A + a``.

    Raises:
        ValueError: if a shape is wrong, an index is out of range, or a pair occurs twice.
    """
    if not sp.issparse(transition):
        transition = model_checks.numeric("transition", transition)
    if len(transition.shape) != 2 or 0 in transition.shape:
        raise ValueError(
            f"transition of layout 'pairs' must have shape (L, S), got {transition.shape}"
        )
    table = sp.csr_matrix(transition, dtype=np.float64)
    count, states = table.shape
    gains = np.asarray(model_checks.numeric("reward", reward))
    checks.require_shape("reward", gains, (count,))
    if pairs is None:
        if count % states:
            raise ValueError(
                f"transition of layout 'pairs' must have S*A = A*{states} rows, got {count}: give "
                "pairs, the states and actions of the rows"
            )
        rows, actions = np.arange(count), count // states
    else:
        rows, actions = _rows(pairs, count, states)
    every = states * actions
    place = sp.csr_matrix((np.ones(count), (rows, np.arange(count))), shape=(every, count))
    reward, available = np.zeros(every), np.zeros(every, bool)
    reward[rows], available[rows] = gains, True
    shape = states, actions
    return PairTables(sp.csr_matrix(place @ table), reward.reshape(shape), available.reshape(shape))


def _rows(pairs: Any, count: int, states: int) -> tuple[np.ndarray, int]:
    """Return the row ``s*A + a`` of each pair, and A."""
    if not isinstance(pairs, tuple | list) or len(pairs) != 2:
        raise ValueError(f"pairs must be (states, actions), got {type(pairs).__name__}")
    given = [np.asarray(each) for each in pairs]
    for name, each, most in zip(("states", "actions"), given, (states, count), strict=True):
        checks.require_shape(f"{name} of pairs", each, (count,))
        if each.dtype.kind not in "iu" or each.min() < 0 or each.max() >= most:
            raise ValueError(
                f"{name} of pairs must be integers from 0 to {most - 1}, got {each.dtype} from "
                f"{each.min()} to {each.max()}"
            )
    first, second = (each.astype(np.int64) for each in given)
    actions = int(second.max()) + 1
    rows = first * actions + second
    found, times = np.unique(rows, return_counts=True)
    if (times > 1).any():
        state, action = divmod(int(found[np.argmax(times > 1)]), actions)
        raise ValueError(f"pairs must be different, got state {state}, action {action} twice")
    return rows, actions
