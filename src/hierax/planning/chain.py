"""The Markov chain of a policy in compressed rows, and sweeps that evaluate it.

A chain is the equation ``v = r + W v`` of a policy without self loops: ``v(s) = r + p v(s) + rest``
is written as ``v(s) = (r + rest) / (1 - p)``. A goal state with a reward for staying then needs one
visit instead of ``log ε / log γ``.
"""

from typing import NamedTuple

import numpy as np

from hierax.planning.kernel import ONE, Index, compiled, count

UNEVEN = 2.0
"""Ratio of leaks above which the level correction of `centre` is not used."""


class Chain(NamedTuple):
    """A chain ``v = reward + W v``; in each row the entries left of the diagonal come first.

    Attributes:
        first: ``(S,)`` position of the first entry of each row.
        middle: ``(S,)`` position of the first entry right of the diagonal.
        stop: ``(S,)`` position after the last entry.
        columns: next state of each entry.
        weights: discounted probability of each entry, divided by ``1 - p(s, s)``.
        reward: ``(S,)`` reward, divided by the same number.
        leak: ``(S,)`` 1 minus the row sum.
        relaxation: ``(S,)`` relaxation factor of each state.
    """

    first: np.ndarray
    middle: np.ndarray
    stop: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    reward: np.ndarray
    leak: np.ndarray
    relaxation: np.ndarray


@compiled
def empty_chain(first, entries):
    """Return a chain with room for ``entries``; row ``s`` begins at ``first[s]``."""
    states = first.size
    return Chain(
        first, np.empty(states, Index), np.empty(states, Index), np.empty(entries, Index),
        np.empty(entries), np.empty(states), np.empty(states), np.ones(states),
    )  # fmt: skip


@compiled
def divide(chain, state, divisor):
    """Divide the weights of a row, move those left of the diagonal to the front, set the leak."""
    columns, weights = chain.columns, chain.weights
    middle, total = count(chain.first[state]), 0.0
    for entry in range(chain.first[state], chain.stop[state]):
        column, weight = columns[entry], weights[entry] / divisor
        total += weight
        if column < state:
            columns[entry], weights[entry] = columns[middle], weights[middle]
            columns[middle], weights[middle] = column, weight
            middle += ONE
        else:
            columns[entry], weights[entry] = column, weight
    chain.middle[state] = middle
    chain.leak[state] = 1.0 - total


@compiled
def relaxation(done, ahead, edge):
    """Return the relaxation of a state with weights to states of earlier and of later place.

    ``2 / (1 + √(1 - 4 l u))`` is optimal if all states have the weights ``l`` to the left and ``u``
    to the right (Ehrlich 1981; Botta & Veldman 1982). If most weight is on the left, the sweep
    removes locally constant errors at once, for which plain Gauss-Seidel needs many sweeps. Without
    a clear direction, for ``4 l u >= edge``, it may diverge, and the relaxation is 1.
    """
    radius = 4.0 * done * ahead
    return 2.0 / (1.0 + np.sqrt(1.0 - radius)) if ahead < done and radius < edge else 1.0


@compiled
def relax(chain, value):
    """Make one sweep of successive over-relaxation in place; return the largest residual."""
    first, _, stop, columns, weights, reward, _, relaxation = chain
    change = 0.0
    for state in range(count(value.size)):
        residual = reward[state] - value[state]
        for entry in range(first[state], stop[state]):
            residual += weights[entry] * value[columns[entry]]
        value[state] += relaxation[state] * residual
        change = max(change, abs(residual))
    return change


@compiled
def mix(chain, value, scratch):
    """Make one Jacobi sweep with a level correction in place; return a bound on the residual."""
    first, _, stop, columns, weights, reward, _, _ = chain
    for state in range(count(value.size)):
        total = reward[state]
        for entry in range(first[state], stop[state]):
            total += weights[entry] * value[columns[entry]]
        scratch[state] = total
    return centre(chain, value, scratch)


@compiled
def centre(chain, value, backup):
    """Set ``value`` to ``backup = r + W value`` with a correction of its level.

    With ``ρ = backup - value`` and the leak ``c = 1 - W 1`` the solution lies between ``value + min
    ρ/c`` and ``value + max ρ/c`` (MacQueen 1966; Puterman 1994, section 6.6). The middle of the two
    is added to ``value`` first. In a chain that mixes fast the error then decays with the mixing
    rate, not with the discount. Returns half the distance times the largest leak.

    If leaks differ much, for example between a goal and the other states, the correction may
    diverge. Then the backup is taken without it, and its largest change is returned.
    """
    leak = chain.leak
    low, high, least, largest, change = np.inf, -np.inf, np.inf, 0.0, 0.0
    for state in range(count(value.size)):
        rho = backup[state] - value[state]
        level = rho / leak[state]
        low, high, change = min(low, level), max(high, level), max(change, abs(rho))
        least, largest = min(least, leak[state]), max(largest, leak[state])
    if largest > UNEVEN * least:
        value[:] = backup
        return change
    middle = 0.5 * (low + high)
    for state in range(count(value.size)):
        value[state] = backup[state] + middle * (1.0 - leak[state])
    return 0.5 * (high - low) * largest


@compiled
def residual_of(chain, value, right, residual):
    """Set ``residual`` to ``right + W value - value``; return its largest magnitude."""
    first, _, stop, columns, weights, _, _, _ = chain
    largest = 0.0
    for state in range(count(value.size)):
        total = right[state] - value[state]
        for entry in range(first[state], stop[state]):
            total += weights[entry] * value[columns[entry]]
        residual[state] = total
        gap = abs(total)
        largest = gap if gap > largest or gap != gap else largest
    return largest


@compiled
def solve_lower(chain, x):
    """Set ``x`` to ``(I - L)⁻¹ x``; ``L`` is the part of ``W`` left of the diagonal."""
    first, middle, _, columns, weights, _, _, _ = chain
    for state in range(count(x.size)):
        total = x[state]
        for entry in range(first[state], middle[state]):
            total += weights[entry] * x[columns[entry]]
        x[state] = total


@compiled
def solve_upper(chain, x):
    """Set ``x`` to ``(I - U)⁻¹ x``; ``U`` is the part of ``W`` right of the diagonal."""
    _, middle, stop, columns, weights, _, _, _ = chain
    states = count(x.size)
    for k in range(states):
        state = states - ONE - k
        total = x[state]
        for entry in range(middle[state], stop[state]):
            total += weights[entry] * x[columns[entry]]
        x[state] = total
