"""A certified bound on the error of an undiscounted value.

For a policy that ends let x be its expected number of steps, x = 1 + P x. If no backup by the
policy changes v by more than δ, then v - δ x does not exceed its own backup, so it is a lower bound
of the optimum v*. Likewise v + y is an upper bound if no pair has a backup of it above it:

    r(s, a) + P(s, a) (v + y) ≤ v(s) + y(s)    for all pairs

Both follow from the monotonicity of backups, whose iterates converge to v* where policies that
never end lose for ever. Here y = δ x for the largest expected number of steps over pairs that are
nearly the best, and the inequality is checked for all pairs.
"""

import math

import numpy as np
import scipy.sparse as sp

from hierax.planning.linear import factorise
from hierax.planning.undiscounted.pairs import Pairs

TRIES = 6
WIDER = 100.0
"""Factor of the shortfall up to which pairs count as nearly the best, from one try to the next."""
MOST_POLICIES = 100


def error_bound(pairs: Pairs, value: np.ndarray, choice: np.ndarray) -> float:
    """Return a bound on the error of ``value (M,)``, close to that of the policy ``choice (M,)``.

    It is infinite if none was found.
    """
    q = pairs.reward + pairs.transition @ value
    shortfall = value[pairs.node] - q
    # As with a discount, a residual below half a digit of the largest value counts as that.
    margin = 0.5 * math.ulp(float(np.abs(value).max(initial=0.0)))
    delta = margin + float(max(np.abs(shortfall[choice]).max(), -shortfall.min()))
    near = 10.0 * delta
    for _ in range(TRIES):
        steps = _most_steps(pairs, choice, shortfall <= near)
        if steps is None:
            return np.inf
        # Twice the size, so that the inequality holds beyond the rounding of the check.
        y = 2.0 * delta * steps
        if (pairs.transition @ y - shortfall + margin <= y[pairs.node]).all():
            return float(y.max(initial=0.0))
        near *= WIDER
    return np.inf


def _most_steps(pairs: Pairs, choice: np.ndarray, allowed: np.ndarray) -> np.ndarray | None:
    """Return the largest expected number of steps with allowed pairs; None if it has no bound."""
    starts = pairs.starts
    for _ in range(MOST_POLICIES):
        chain = sp.csr_matrix(pairs.transition[choice])
        steps = np.asarray(factorise(chain).solve(np.ones(pairs.nodes)))
        if not np.isfinite(steps).all() or (steps < 1.0 - 1e-6).any():
            return None
        longer = np.where(allowed, 1.0 + pairs.transition @ steps, -np.inf)
        best = np.maximum.reduceat(longer, starts)
        better = best > steps * (1.0 + 1e-9)
        if not better.any():
            return np.maximum(steps, best)
        taken = np.flatnonzero(longer >= best[pairs.node])
        first = taken[np.searchsorted(pairs.node[taken], np.arange(pairs.nodes))]
        choice = np.where(better, first, choice)
    return None
