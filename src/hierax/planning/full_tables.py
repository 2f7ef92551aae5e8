"""Modified policy iteration with MacQueen's bounds, for large dense models of mostly full rows.

In such a model every state is one step from every other, and the difference of two successive
values becomes a constant after a few backups. With ``d = T v - v`` and rows that sum to 1,

    min d / (1 - γ)  ≤  v* - v  ≤  max d / (1 - γ)

(MacQueen 1966; Porteus 1971; Puterman 1994, theorem 6.6.3). The middle of the bounds is the result.
Its backup needs no further product, because ``P (v + c) = P v + c P 1``.

The table is read where it lies, and rarely: once for each backup, and between two backups only the
rows of the chosen actions.
"""

import numpy as np

from hierax.planning.backend import Array
from hierax.planning.kernel import compiled
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import HardMax

LEAST_ENTRIES = 2**17
"""Entries of a table below which the compiled search is as fast."""
FULL = 0.5
"""Fraction of non-zero entries above which a product is faster than a sum over entries."""
SAMPLED = 4
"""States whose rows are looked at."""
MOST_BACKUPS = 50
"""Backups that cost less than the table in compressed rows."""
MOST_SWEEPS = 10
REDUCTION = 1e-3
"""The sweeps of a policy that has changed stop at this fraction of the spread of its backup."""
BLOCK = 2**16
"""Entries of a block of rows, 512 KiB, that the cache holds."""

Found = tuple[Array, Array, Array, float, float, float, int]


def is_full(model: TabularMDP) -> bool:
    """Return whether `search` applies: a large table of mostly full rows, and one discount."""
    table = model.transition
    if not isinstance(table, np.ndarray) or table.size < LEAST_ENTRIES or np.ndim(model.discount):
        return False
    sample = table[:: max(1, model.states // SAMPLED)]
    return bool(np.count_nonzero(sample) > FULL * sample.size)


@np.errstate(over="ignore", invalid="ignore")  # an infinite value ends the search with None
def search(model: TabularMDP, tolerance: float) -> Found | None:
    """Return value, action values, policy, residual, ``‖v‖∞``, contraction and number of backups.

    They are those of the hard maximum, and the residual is at most ``tolerance * (1 - c)``. None if
    a few backups do not reach it: the model mixes slowly, or rounding allows no smaller residual.
    """
    table, gamma = np.asarray(model.transition), float(model.discount)
    rows = table.reshape(-1, model.states)
    reward = np.where(model.available, model.reward, -np.inf)
    value, choice = reward.max(axis=1), np.full(model.states, -1)
    product, sums = _product_and_sums(rows, value)
    contraction = gamma * float(sums.max())
    target = tolerance * (1.0 - contraction)
    spread = np.inf
    for backups in range(1, MOST_BACKUPS + 1):
        onward = product.reshape(reward.shape)
        new, low, high, switched = improve(reward, gamma, onward, value, choice)
        before, spread = spread, 0.5 * (high - low)
        if spread <= target:
            level = 0.5 * (low + high) / (1.0 - gamma)
            q = reward + gamma * (onward + level * sums.reshape(reward.shape))
            residual = float(np.abs(q.max(axis=1) - (value + level)).max())
            if residual > target:  # rounding of a large level, or of rows that do not sum to 1
                return None
            value = value + level
            policy, size = HardMax().policy(q), float(np.abs(value).max())
            return value, q, policy, residual, size, contraction, backups
        if _backups_to_go(before, spread, target) > MOST_BACKUPS:
            return None
        goal = max(0.5 * target, REDUCTION * spread if switched else 0.0)
        value = follow(table, reward, gamma, choice, new, goal)
        product = rows @ value
    return None


def _product_and_sums(rows: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``P v`` and ``P 1`` from one pass over the rows."""
    product, sums, ones = np.empty(len(rows)), np.empty(len(rows)), np.ones_like(value)
    step = max(1, BLOCK // value.size)
    for first in range(0, len(rows), step):
        block = rows[first : first + step]
        np.dot(block, value, out=product[first : first + step])
        np.dot(block, ones, out=sums[first : first + step])
    return product, sums


def _backups_to_go(before: float, spread: float, target: float) -> float:
    """Return how many backups remain if each one divides the spread as the last one did."""
    if before == np.inf and np.isfinite(spread):
        return 0.0
    if not target < spread < before:
        return np.inf
    return float(np.log(spread / target) / np.log(before / spread))


@compiled
def improve(reward, discount, onward, value, choice):
    """Return ``T v``, the range of ``T v - v``, and how many actions of ``choice`` were replaced.

    ``onward (S, A)`` is ``P v``; the reward is ``-inf`` at unavailable pairs.
    """
    new, low, high, switched = np.empty_like(value), np.inf, -np.inf, 0
    for state in range(value.size):
        best, chosen = -np.inf, 0
        for action in range(reward.shape[1]):
            q = reward[state, action] + discount * onward[state, action]
            if q > best:
                best, chosen = q, action
        change = best - value[state]
        low, high = min(low, change), max(high, change)
        new[state] = best
        if choice[state] != chosen:
            choice[state] = chosen
            switched += 1
    return new, low, high, switched


@compiled
def follow(table, reward, discount, choice, value, goal):
    """Return ``value`` after sweeps of the policy that takes the actions of ``choice``.

    They end when half the range of a change is at most ``goal``, or after `MOST_SWEEPS`.
    """
    old, new = value, np.empty_like(value)
    for _ in range(MOST_SWEEPS):
        low, high = np.inf, -np.inf
        for state in range(value.size):
            action = choice[state]
            onward = np.dot(table[state, action], old)
            new[state] = reward[state, action] + discount * onward
            change = new[state] - old[state]
            low, high = min(low, change), max(high, change)
        old, new = new, old
        if 0.5 * (high - low) <= goal:
            break
    return old
