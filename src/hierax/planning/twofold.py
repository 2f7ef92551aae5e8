"""Sums in twice the precision of float64, for residuals next to discount 1.

A value is held as ``high + low``, two floats. Products and sums keep their rounding errors (Dekker
1971; Ogita, Rump & Oishi 2005, algorithm Dot2), so ``r + γ P v - v`` is as accurate as if it were
computed with 32 digits and rounded once. In float64 alone the rounding of ``v`` would hide every
advantage below ``ε ‖v‖``.
"""

import numpy as np

from hierax.planning.kernel import ONE, compiled, count, inner

SPLITTER = 134_217_729.0  # 2**27 + 1: halves the 53 bits of a float (Veltkamp)


@inner
def _sum(a, b):
    """Return the rounded sum and its rounding error."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


@inner
def _halves(a):
    shifted = SPLITTER * a
    high = shifted - (shifted - a)
    return high, a - high


@inner
def _product(a, b):
    """Return the rounded product and its rounding error."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, error


@inner
def _advantage(starts, columns, weights, reward, row, state, high, low):
    """Return ``r + γ P v - v`` of one pair."""
    total, error = _sum(reward, -high[state])
    error -= low[state]
    for entry in range(starts[row], starts[row + ONE]):
        column, weight = columns[entry], weights[entry]
        product, lost = _product(weight, high[column])
        total, missing = _sum(total, product)
        error += (lost + missing) + weight * low[column]
    return total + error


@compiled
def advantages(rows, high, low):
    """Return ``r + γ P v - v``, ``(S, A)``, of ``v = high + low``; ``-inf`` if unavailable."""
    starts, columns, weights, reward = rows
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    result = np.empty((states, actions))
    row = count(0)
    for state in range(states):
        for action in range(actions):
            gain = reward[state, action]
            if gain > -np.inf:
                gain = _advantage(starts, columns, weights, gain, row, state, high, low)
            result[state, action] = gain
            row += ONE
    return result


@compiled
def chosen_advantages(rows, choice, high, low):
    """Return ``r + γ P v - v`` of the chosen actions, ``(S,)``."""
    starts, columns, weights, reward = rows
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    result = np.empty(states)
    for state in range(states):
        row = state * actions + choice[state]
        gain = reward[state, choice[state]]
        result[state] = _advantage(starts, columns, weights, gain, row, state, high, low)
    return result


@compiled
def add(high, low, change):
    """Add ``change`` to ``high + low`` in place."""
    for state in range(count(high.size)):
        total, error = _sum(high[state], change[state])
        high[state], low[state] = _sum(total, low[state] + error)
