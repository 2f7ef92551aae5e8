"""Compiled sweeps over a decision model in compressed rows: Bellman sweeps and policy evaluation.

A Gauss-Seidel sweep visits states one after another and uses each new value at once. A self loop is
eliminated exactly: from ``v(s) = r + p v(s) + rest`` follows ``v(s) = (r + rest) / (1 - p)``, so a
goal that pays for staying costs one visit instead of ``log ε / log γ`` of them.

The kernels release the GIL and allocate nothing per state.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from hierax.planning.operators import Boltzmann, HardMax, LogSumExp, Mellowmax, Operator

HARD, LOG_SUM_EXP, MELLOWMAX, BOLTZMANN = range(4)
CODES = {HardMax: HARD, LogSumExp: LOG_SUM_EXP, Mellowmax: MELLOWMAX, Boltzmann: BOLTZMANN}

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


class Rows(NamedTuple):
    """A decision model in compressed rows: row ``s*A + a`` holds ``γ P(·|s, a)``.

    Attributes:
        starts: ``(S*A + 1,)`` first entry of each row.
        columns: next state of each entry.
        weights: discounted probability of each entry.
        reward: ``(S, A)`` expected reward.
        available: ``(S, A)`` bool.
    """

    starts: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    reward: np.ndarray
    available: np.ndarray


class Chain(NamedTuple):
    """A policy's evaluation ``v = reward + W v`` in compressed rows, without self loops.

    Attributes:
        starts: ``(S + 1,)`` first entry of each row.
        columns: next state of each entry.
        weights: discounted probability of each entry, divided by ``1 - p(s, s)``.
        reward: ``(S,)`` reward, divided likewise.
    """

    starts: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    reward: np.ndarray


def compress(discounted_transition: Any, reward: np.ndarray, available: np.ndarray) -> Rows:
    """`Rows` of a model whose ``Γ∘P`` is dense ``(S, A, S)`` or CSR ``(S*A, S)``."""
    table = discounted_transition
    if not sp.issparse(table):
        table = sp.csr_matrix(table.reshape(-1, table.shape[-1]))
    starts, columns = table.indptr.astype(np.int64), table.indices.astype(np.int32, copy=False)
    return Rows(starts, columns, table.data, reward, available)


def operator_code(operator: Operator) -> tuple[int, float]:
    """The kernel's number for an operator, and its temperature (1 where it has none)."""
    return CODES[type(operator)], float(getattr(operator, "temperature", 1.0))


@compiled
def bellman_sweep(rows, value, result, policy, bonus, operator, backward, eliminate):
    """One sweep of ``result ← Ω(r + γ P value)``; the largest change.

    With ``result`` another array than ``value`` this is a Jacobi backup, with the same array a
    Gauss-Seidel sweep. ``eliminate`` self loops only in the latter and under the hard maximum.
    ``policy (S, A)`` receives ``∇Ω`` and ``bonus (S,)`` what ``Ω(q)`` adds to ``π·q`` (entropy).
    """
    starts, columns, weights, reward, available = rows
    kind, temperature = operator
    states, actions = reward.shape
    change = 0.0
    q = np.empty(actions)
    for k in range(states):
        state = states - 1 - k if backward else k
        for action in range(actions):
            q[action] = -np.inf
            if not available[state, action]:
                continue
            row = state * actions + action
            total, loop = reward[state, action], 0.0
            for entry in range(starts[row], starts[row + 1]):
                if eliminate and columns[entry] == state:
                    loop += weights[entry]
                else:
                    total += weights[entry] * value[columns[entry]]
            q[action] = total / (1.0 - loop)
        new = _apply(kind, temperature, q, policy[state])
        mean = 0.0
        for action in range(actions):
            if available[state, action]:
                mean += policy[state, action] * q[action]
        bonus[state] = new - mean
        change = max(change, abs(new - value[state]))
        result[state] = new
    return change


@compiled
def _apply(kind, temperature, q, policy):
    """``Ω(q)`` of one state; ``policy (A,)`` receives its weights."""
    best = np.argmax(q)
    if kind == HARD:
        policy[:] = 0.0
        policy[best] = 1.0
        return q[best]
    total, number, mean = 0.0, 0, 0.0
    for action in range(q.size):
        policy[action] = np.exp((q[action] - q[best]) / temperature)
        total += policy[action]
        number += q[action] > -np.inf
    policy /= total
    if kind == BOLTZMANN:
        for action in range(q.size):
            if q[action] > -np.inf:
                mean += policy[action] * q[action]
        return mean
    value = q[best] + temperature * np.log(total)
    return value - temperature * np.log(number) if kind == MELLOWMAX else value


@compiled
def chain_of_policy(rows, policy, bonus):
    """The `Chain` of a policy: rows mixed over actions, self loops divided out.

    ``bonus (S,)`` is added to the reward of each step.
    """
    starts, columns, weights, reward, _ = rows
    states, actions = reward.shape
    most = 0
    for row in range(states * actions):
        if policy[row // actions, row % actions] > 0.0:
            most += starts[row + 1] - starts[row]
    chain_starts = np.zeros(states + 1, np.int64)
    chain_columns, chain_weights = np.empty(most, np.int32), np.empty(most)
    chain_reward = np.empty(states)
    seen = np.full(states, -1, np.int64)
    end = 0
    for state in range(states):
        first, loop, gain = end, 0.0, bonus[state]
        for action in range(actions):
            probability = policy[state, action]
            if probability <= 0.0:
                continue
            row = state * actions + action
            gain += probability * reward[state, action]
            for entry in range(starts[row], starts[row + 1]):
                column, weight = columns[entry], probability * weights[entry]
                if column == state:
                    loop += weight
                elif seen[column] >= first:
                    chain_weights[seen[column]] += weight
                else:
                    seen[column] = end
                    chain_columns[end], chain_weights[end] = column, weight
                    end += 1
        chain_weights[first:end] /= 1.0 - loop
        chain_reward[state] = gain / (1.0 - loop)
        chain_starts[state + 1] = end
    return Chain(chain_starts, chain_columns[:end], chain_weights[:end], chain_reward)


@compiled
def evaluation_sweeps(chain, value, sweeps, target):
    """Up to ``sweeps`` alternating Gauss-Seidel sweeps, in place, until a change is <= ``target``.

    Returns the number of sweeps and the last change.
    """
    starts, columns, weights, reward = chain
    change, done = np.inf, 0
    while done < sweeps and change > target:
        change = 0.0
        for k in range(reward.size):
            state = k if done % 2 == 0 else reward.size - 1 - k
            total = reward[state]
            for entry in range(starts[state], starts[state + 1]):
                total += weights[entry] * value[columns[entry]]
            change = max(change, abs(total - value[state]))
            value[state] = total
        done += 1
    return done, change


@compiled
def shift_level(chain, value):
    """Shift all values by the constant that minimises the chain's residual ``‖ρ - α c‖₂``, in place.

    Here ``ρ = reward + W v - v`` and ``c = 1 - W 1``. Where a chain mixes fast, what is left after a
    few sweeps is one wrong level that decays like γ alone; this removes it at once. Nothing is done
    unless the level is most of the residual (cosine² above one half).
    """
    starts, columns, weights, reward = chain
    product, residual, leak = 0.0, 0.0, 0.0
    for state in range(reward.size):
        rho, c = reward[state] - value[state], 1.0
        for entry in range(starts[state], starts[state + 1]):
            rho += weights[entry] * value[columns[entry]]
            c -= weights[entry]
        product += rho * c
        residual += rho * rho
        leak += c * c
    if product * product > 0.5 * residual * leak:
        value += product / leak


@compiled
def precondition(chain, right, result):
    """``result ← M⁻¹ right`` with ``M = (I - L)(I - U)``, symmetric Gauss-Seidel of ``W = L + U``."""
    starts, columns, weights, _ = chain
    for state in range(right.size):
        total = right[state]
        for entry in range(starts[state], starts[state + 1]):
            if columns[entry] < state:
                total += weights[entry] * result[columns[entry]]
        result[state] = total
    for k in range(right.size):
        state = right.size - 1 - k
        total = result[state]
        for entry in range(starts[state], starts[state + 1]):
            if columns[entry] > state:
                total += weights[entry] * result[columns[entry]]
        result[state] = total
