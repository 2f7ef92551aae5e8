"""The Markov chain of a policy in compressed rows, and sweeps that evaluate it.

A chain holds the equation ``v = r + W v`` of a policy with its self loops eliminated: from
``v(s) = r + p v(s) + rest`` follows ``v(s) = (r + rest) / (1 - p)``, so a goal that pays for
staying costs one visit instead of ``log ε / log γ`` of them.
"""

from typing import NamedTuple

import numpy as np

from hierax.planning.kernel import ONE, Index, compiled, count

UNEVEN = 2.0
"""Ratio of leaks beyond which a chain has no common level."""


class Chain(NamedTuple):
    """``v = reward + W v``; in each row the entries left of the diagonal come first.

    Attributes:
        first: ``(S,)`` place of the first entry of each row.
        middle: ``(S,)`` place of the first entry right of the diagonal.
        stop: ``(S,)`` place after the last entry.
        columns: next state of each entry.
        weights: discounted probability of each entry, divided by ``1 - p(s, s)``.
        reward: ``(S,)`` reward, divided likewise.
        leak: ``(S,)`` what a row sum lacks to 1.
        relaxation: ``(S,)`` factor on the change that a sweep makes.
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
    """A chain with room for ``entries``, its row ``s`` from ``first[s]`` on."""
    states = first.size
    return Chain(
        first, np.empty(states, Index), np.empty(states, Index), np.empty(entries, Index),
        np.empty(entries), np.empty(states), np.empty(states), np.ones(states),
    )  # fmt: skip


@compiled
def divide(chain, state, divisor):
    """Divide the weights of a finished row, set those left of the diagonal first, and its leak."""
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
def relax(chain, value):
    """One sweep of successive over-relaxation, in place; the largest residual met."""
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
    """One Jacobi sweep with the level set right, in place; a bound on the residual left."""
    first, _, stop, columns, weights, reward, _, _ = chain
    for state in range(count(value.size)):
        total = reward[state]
        for entry in range(first[state], stop[state]):
            total += weights[entry] * value[columns[entry]]
        scratch[state] = total
    return centre(chain, value, scratch)


@compiled
def centre(chain, value, backup):
    """``value ← backup`` with the level set right, where ``backup = r + W value``.

    With ``ρ = backup - value`` and the leak ``c = 1 - W 1`` the solution lies between ``value + min
    ρ/c`` and ``value + max ρ/c`` (MacQueen 1966; Puterman 1994, section 6.6): the middle of the two
    is added first. Where a chain mixes fast this leaves an error that decays like the mixing, not
    like the discount. Returns half the distance times the largest leak.

    Where leaks differ, as between an entered goal and the rest, the middle says little and adding
    it may diverge: then the backup alone is taken, and its largest change returned.
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
    """``residual ← right + W value - value``; its largest magnitude."""
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
    """``x ← (I - L)⁻¹ x`` with ``L`` the part of ``W`` left of the diagonal."""
    first, middle, _, columns, weights, _, _, _ = chain
    for state in range(count(x.size)):
        total = x[state]
        for entry in range(first[state], middle[state]):
            total += weights[entry] * x[columns[entry]]
        x[state] = total


@compiled
def solve_upper(chain, x):
    """``x ← (I - U)⁻¹ x`` with ``U`` the part of ``W`` right of the diagonal."""
    _, middle, stop, columns, weights, _, _, _ = chain
    states = count(x.size)
    for k in range(states):
        state = states - ONE - k
        total = x[state]
        for entry in range(middle[state], stop[state]):
            total += weights[entry] * x[columns[entry]]
        x[state] = total
