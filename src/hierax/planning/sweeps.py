"""Compiled Bellman sweeps over a decision model in compressed rows, for every operator.

A Gauss-Seidel sweep updates the states one after another and uses each new value at once. Under the
hard maximum it eliminates self loops, like a `chain`. The kernels release the GIL and allocate no
memory per state.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning.backend import Array
from hierax.planning.chain import divide, empty_chain
from hierax.planning.decision_model import DecisionModel
from hierax.planning.kernel import NOWHERE, ONE, Index, compiled, count, inner
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import Boltzmann, HardMax, LogSumExp, Mellowmax, Operator

HARD, LOG_SUM_EXP, MELLOWMAX, BOLTZMANN = range(4)
CODES = {HardMax: HARD, LogSumExp: LOG_SUM_EXP, Mellowmax: MELLOWMAX, Boltzmann: BOLTZMANN}


class Rows(NamedTuple):
    """A decision model in compressed rows: row ``s*A + a`` holds ``γ P(·|s, a)``.

    Attributes:
        starts: ``(S*A + 1,)`` first entry of each row.
        columns: next state of each entry.
        weights: discounted probability of each entry.
        reward: ``(S, A)`` expected reward; ``-inf`` at unavailable pairs.
    """

    starts: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    reward: np.ndarray


def rows_of(model: DecisionModel) -> Rows:
    """Return a model in compressed rows."""
    if isinstance(model, TabularMDP) and np.ndim(model.discount) == 0:
        # Make no table of products: for a sparse model that costs as much as solving a small one.
        return compress(model.transition, model.reward, model.available, float(model.discount))
    return compress(model.discounted_transition, model.expected_reward, model.available)


def compress(transition: Any, reward: Array, available: Array, discount: float = 1.0) -> Rows:
    """Return the `Rows` of a model whose ``Γ∘P`` is ``discount`` times ``transition``.

    The transition is dense ``(S, A, S)`` or CSR ``(S*A, S)``.
    """
    if not available.all():
        reward = np.where(available, reward, -np.inf)
    reward = np.ascontiguousarray(reward)
    if sp.issparse(transition):
        starts, columns = transition.indptr.astype(Index), transition.indices.astype(Index)
        return Rows(starts, columns, transition.data * discount, reward)
    table = np.ascontiguousarray(transition).reshape(-1, transition.shape[-1])
    return Rows(*compress_dense(table, discount), reward)


@compiled
def compress_dense(table, discount):
    """Return starts, columns and weights of the entries of a dense ``(S*A, S)`` that are not 0."""
    rows, states = count(table.shape[0]), count(table.shape[1])
    starts, end = np.empty(table.shape[0] + 1, Index), count(0)
    for row in range(rows):
        starts[row] = end
        for column in range(states):
            end += count(table[row, column] != 0.0)
    starts[rows] = end
    columns, weights, place = np.empty(end, Index), np.empty(end), count(0)
    for row in range(rows):
        for column in range(states):
            if table[row, column] != 0.0:
                columns[place], weights[place] = column, discount * table[row, column]
                place += ONE
    return starts, columns, weights


def operator_code(operator: Operator) -> tuple[int, float]:
    """Return the code of an operator in the kernels, and its temperature (1 if it has none)."""
    return CODES[type(operator)], float(getattr(operator, "temperature", 1.0))


@compiled
def action_values(rows, value):
    """Return one backup ``r + γ P value``, ``(S, A)``; ``-inf`` at unavailable pairs."""
    starts, columns, weights, reward = rows
    result = reward.copy()
    row = count(0)
    for state in range(count(reward.shape[0])):
        for action in range(count(reward.shape[1])):
            for entry in range(starts[row], starts[row + ONE]):
                result[state, action] += weights[entry] * value[columns[entry]]
            row += ONE
    return result


@compiled
def bellman_sweep(rows, value, result, policy, bonus, operator, backward, eliminate):
    """Make one sweep of ``result ← Ω(r + γ P value)``; return largest change and magnitude.

    If ``result`` and ``value`` are two arrays this is a Jacobi backup, if they are one array a
    Gauss-Seidel sweep. Use ``eliminate`` (of self loops) only for the latter and the hard maximum.
    ``∇Ω`` is written to ``policy (S, A)``, and ``Ω(q) - π·q`` (entropy) to ``bonus (S,)``.
    """
    starts, columns, weights, reward = rows
    kind, temperature = operator
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    change, largest = 0.0, 0.0
    q = np.empty(actions)
    for k in range(states):
        state = states - ONE - k if backward else k
        row = state * actions
        for action in range(actions):
            total, loop = reward[state, action], 0.0
            for entry in range(starts[row], starts[row + ONE]):
                if eliminate and columns[entry] == state:
                    loop += weights[entry]
                else:
                    total += weights[entry] * value[columns[entry]]
            q[action] = total / (1.0 - loop)
            row += ONE
        new = _apply(kind, temperature, q, policy[state])
        mean = 0.0
        for action in range(actions):
            if q[action] > -np.inf:
                mean += policy[state, action] * q[action]
        bonus[state] = new - mean
        gap = abs(new - value[state])
        change = gap if gap > change or gap != gap else change  # not max: a NaN must show
        largest = max(largest, abs(new))
        result[state] = new
    return change, largest


@inner
def _apply(kind, temperature, q, policy):
    """Return ``Ω(q)`` of one state, and write its weights to ``policy (A,)``."""
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
    """Return the `Chain` of a policy: rows averaged over actions, self loops eliminated.

    ``bonus (S,)`` is added to the reward of each step.
    """
    starts, columns, weights, reward = rows
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    first, room = _room(starts, policy)
    chain = empty_chain(first, room)
    seen = np.full(states, NOWHERE, Index)
    for state in range(states):
        end, loop, gain = count(first[state]), 0.0, bonus[state]
        for action in range(actions):
            probability = policy[state, action]
            if probability <= 0.0:
                continue
            row = state * actions + action
            gain += probability * reward[state, action]
            for entry in range(starts[row], starts[row + ONE]):
                column, weight = columns[entry], probability * weights[entry]
                place = seen[column]
                if column == state:
                    loop += weight
                elif place != NOWHERE and first[state] <= place:
                    chain.weights[place] += weight
                else:
                    seen[column] = end
                    chain.columns[end], chain.weights[end] = column, weight
                    end += ONE
        chain.stop[state] = end
        chain.reward[state] = gain / (1.0 - loop)
        divide(chain, state, 1.0 - loop)
    return chain


@inner
def _room(starts, policy):
    """Return the first position of each state's row in a chain, and the number of positions."""
    states, actions = count(policy.shape[0]), count(policy.shape[1])
    first, end, row = np.empty(states, Index), count(0), count(0)
    for state in range(states):
        first[state] = end
        for action in range(actions):
            if policy[state, action] > 0.0:
                end += count(starts[row + ONE] - starts[row])
            row += ONE
    return first, end


@compiled
def evaluation_sweeps(chain, value, sweeps, target):
    """Make up to ``sweeps`` alternating Gauss-Seidel sweeps until a change is <= ``target``.

    Returns the number of sweeps and the last change.
    """
    first, _, stop, columns, weights, reward, _, _ = chain
    states = count(reward.size)
    change, done = np.inf, 0
    while done < sweeps and change > target:
        change = 0.0
        for k in range(states):
            state = k if done % 2 == 0 else states - ONE - k
            total = reward[state]
            for entry in range(first[state], stop[state]):
                total += weights[entry] * value[columns[entry]]
            change = max(change, abs(total - value[state]))
            value[state] = total
        done += 1
    return done, change


@compiled
def shift_level(chain, value):
    """Shift all values by the constant that minimises the residual ``‖ρ - α c‖₂``, in place.

    Here ``ρ = reward + W v - v`` and ``c = 1 - W 1``. In a chain that mixes fast, the error after a
    few sweeps is almost constant and decays only like γ; the shift removes it. There is no shift
    unless the constant is most of the residual (cosine² above one half).
    """
    first, _, stop, columns, weights, reward, leak, _ = chain
    product, residual, leaks = 0.0, 0.0, 0.0
    for state in range(count(reward.size)):
        rho = reward[state] - value[state]
        for entry in range(first[state], stop[state]):
            rho += weights[entry] * value[columns[entry]]
        product += rho * leak[state]
        residual += rho * rho
        leaks += leak[state] * leak[state]
    if product * product > 0.5 * residual * leaks:
        value += product / leaks
