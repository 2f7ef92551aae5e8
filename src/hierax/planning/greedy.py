"""The compiled search of `solve_bellman` under the hard maximum: inexact policy iteration.

Every round *improves* the policy in one sweep and *evaluates* it until the error is a small
fraction of the change of the improvement. The model is laid out once: self loops are eliminated and
states are sorted (`ordering`). There are two kinds of sweeps:

- *outwards*: Gauss-Seidel from the best reward outwards, over-relaxed where transitions mostly
  follow one direction of this order;
- *mixing*, if all states are a few steps apart: Jacobi with a correction of the level.

If the sweeps of an evaluation converge slowly, a Krylov solve finishes it.
"""

from typing import NamedTuple

import numpy as np

from hierax.planning.chain import Chain, centre, empty_chain, mix, relax, relaxation
from hierax.planning.kernel import NOWHERE, ONE, Index, compiled, count, inner
from hierax.planning.krylov import bicgstab
from hierax.planning.operators import TIE
from hierax.planning.ordering import growth, outwards

EXPANDING = 3.0
"""Growth of the reachable set above which a model counts as mixing."""
REDUCTION = 0.03
"""An evaluation stops at this fraction of the change of the last improvement."""
MARGIN = 0.2
"""The smallest target of an evaluation, as a fraction of the target of the search."""
MOST_SWEEPS = 30
SLOW = 0.8
"""An evaluation continues with a Krylov solve if a sweep leaves more of the residual than this."""
MOST_ITERATIONS = 200
MOST_EVALUATIONS = 100
"""Rounds after which there are only improvement sweeps, which contract in every model."""
EDGE = 0.75
"""Largest squared spectral radius of Jacobi for which a sweep is over-relaxed."""
STALLS = 5
"""Number of rounds without progress, near the rounding error, that end a search."""
ROUNDING = np.finfo(np.float64).eps

WORK_ALLOWED, WORK_CLOSE_TO_ONE = 1_000, 300
"""Sweeps and Krylov iterations that a search may make, and next to discount 1."""
CLOSE_TO_ONE = 5e-5
STATES_PER_SWEEP = 100
"""A large model may have one sweep for this number of states."""

ROUNDS, CHANGE, SMALLEST, STALLED, LARGEST, WORK = range(6)
"""Slots of a record: rounds made, last change, smallest change, stalls, largest value, sweeps."""


class GreedySearch(NamedTuple):
    """A model laid out for sweeps, with the state of the search; states are in sweep order.

    Attributes:
        starts: ``(S*A + 1,)`` first entry of the row of each pair.
        columns: next state of each entry; no self loops.
        weights: discounted probability of each entry, divided by ``1 - p(s, s)``.
        reward: ``(S, A)`` reward divided by the same number; ``-inf`` at unavailable pairs.
        chain: the chain of the current policy.
        choice: ``(S,)`` its actions.
        value: ``(S,)``.
        scratch: ``(S,)`` work space.
        rank: ``(S,)`` position of each state of the model in the sweep order.
        mixing: whether to use the sweeps for a mixing model.
        budget: number of sweeps and Krylov iterations allowed.
    """

    starts: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    reward: np.ndarray
    chain: Chain
    choice: np.ndarray
    value: np.ndarray
    scratch: np.ndarray
    rank: np.ndarray
    mixing: bool | np.bool_
    budget: float


@compiled
def prepare(starts, columns, weights, reward):
    """Return a `GreedySearch` of a model in rows, and the contraction of the model.

    The reward is ``-inf`` at unavailable pairs.
    """
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    mixing = growth(starts, columns, states, actions) > EXPANDING
    if mixing:
        order = np.arange(reward.shape[0]).astype(Index)
        rank = order
    else:
        order, rank = outwards(starts, columns, weights, reward)
    rows, contraction = _arrange(starts, columns, weights, reward, order, rank)
    chain = _roomy_chain(rows[0], states, actions)
    choice = np.full(states, NOWHERE, Index)
    value, scratch = np.zeros(states), np.zeros(states)
    budget = WORK_CLOSE_TO_ONE if 1.0 - contraction < CLOSE_TO_ONE else WORK_ALLOWED
    budget = max(budget, states / STATES_PER_SWEEP)
    search = GreedySearch(*rows, chain, choice, value, scratch, rank, mixing, budget)
    return search, contraction


@inner
def _arrange(starts, columns, weights, reward, order, rank):
    """Return the rows in the given order of states without self loops, and the largest row sum."""
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    new_starts = np.empty(starts.size, Index)
    new_columns, new_weights = np.empty(columns.size, Index), np.empty(columns.size)
    new_reward = np.empty((states, actions))
    pair, end, contraction = count(0), count(0), 0.0
    for state in range(states):
        row = order[state] * actions
        for action in range(actions):
            new_starts[pair] = first = end
            loop, total = 0.0, 0.0
            for entry in range(starts[row], starts[row + ONE]):
                column, weight = rank[columns[entry]], weights[entry]
                total += weight
                if column == state:
                    loop += weight
                else:
                    new_columns[end], new_weights[end] = column, weight
                    end += ONE
            if loop > 0.0:
                for entry in range(first, end):
                    new_weights[entry] /= 1.0 - loop
            new_reward[state, action] = reward[order[state], action] / (1.0 - loop)
            contraction = max(contraction, total)
            row += ONE
            pair += ONE
    new_starts[pair] = end
    return (new_starts, new_columns[:end], new_weights[:end], new_reward), contraction


@inner
def _roomy_chain(starts, states, actions):
    """Return a chain whose rows have room for the longest row of any action."""
    first, end, pair = np.empty(states, Index), count(0), count(0)
    for state in range(states):
        first[state] = end
        longest = count(0)
        for _ in range(actions):
            longest = max(longest, count(starts[pair + ONE] - starts[pair]))
            pair += ONE
        end += longest
    return empty_chain(first, end)


def new_record() -> np.ndarray:
    """Return the record of a search before the first round: see `ROUNDS` to `LARGEST`."""
    record = np.zeros(6)
    record[CHANGE] = record[SMALLEST] = np.inf
    return record


@compiled
def advance(search, target, record, rounds):
    """Make up to ``rounds`` rounds; return whether the search ended.

    It ends when the change of an improvement, which bounds the Bellman residual, is at most
    ``target``, when rounding allows no smaller change, or when its work is spent: then `refined`
    does better. ``record`` comes from `new_record` and is updated in place.
    """
    value = search.value
    for _ in range(rounds):
        if record[WORK] >= search.budget:
            return True
        alone = record[ROUNDS] >= MOST_EVALUATIONS
        mixing = search.mixing and not alone
        slack = max(MARGIN * target, ROUNDING * record[LARGEST])
        change, switched, largest = _improve(search, search.scratch if mixing else value, slack)
        swept = change
        if mixing and np.isfinite(swept):
            change = centre(search.chain, value, search.scratch)
        record[ROUNDS] += 1
        record[WORK] += 1
        if not np.isfinite(change):  # an evaluation diverged: improvement sweeps alone contract
            value[:] = 0.0
            record[ROUNDS] = MOST_EVALUATIONS
            continue
        record[CHANGE] = change
        record[LARGEST] = largest
        rounding = ROUNDING * largest
        near = change <= 1e4 * rounding and change >= 0.5 * record[SMALLEST]
        record[STALLED] = record[STALLED] + 1 if near else 0.0
        record[SMALLEST] = min(record[SMALLEST], change)
        if max(change, swept) <= max(target, 8.0 * rounding) or record[STALLED] >= STALLS:
            return True
        goal = MARGIN * target if switched == 0 else max(REDUCTION * change, MARGIN * target)
        if not alone:
            record[WORK] += _evaluate(search, max(goal, rounding), mixing)
    return False


@inner
def _improve(search, result, slack):
    """Make one sweep of ``result ← max_a (r + γ P value)``, Gauss-Seidel if they are one array.

    The action of a state changes only if another is better by ``slack``, so ties cost no work.
    Returns the largest change, the number of states whose action changed, and the largest magnitude
    of a value.
    """
    starts, columns, weights, reward, _, choice, value = search[:7]
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    change, switched, largest = 0.0, 0, 0.0
    row = count(0)
    for state in range(states):
        best, held, chosen, holds = -np.inf, -np.inf, count(0), choice[state]
        for action in range(actions):
            total = reward[state, action]
            for entry in range(starts[row], starts[row + ONE]):
                total += weights[entry] * value[columns[entry]]
            if total > best:
                best, chosen = total, action
            if action == holds:
                held = total
            row += ONE
        gap = abs(best - value[state])
        change = gap if gap > change or gap != gap else change
        largest = max(largest, abs(best))
        result[state] = best
        if best > held + slack:
            switched += 1
            choice[state] = chosen
            _take(search, state, row - actions + chosen, reward[state, chosen])
    return change, switched, largest


@inner
def _take(search, state, row, reward):
    """Write the row of the chosen action into the chain."""
    starts, columns, weights, chain = search[0], search[1], search[2], search[4]
    left, right = (
        count(chain.first[state]),
        count(chain.first[state] + starts[row + ONE] - starts[row]),
    )
    chain.stop[state] = right
    leftward, rightward = 0.0, 0.0
    for entry in range(starts[row], starts[row + ONE]):
        column, weight = columns[entry], weights[entry]
        if column < state:
            place = left
            left += ONE
            leftward += weight
        else:
            right -= ONE
            place = right
            rightward += weight
        chain.columns[place], chain.weights[place] = column, weight
    chain.middle[state] = left
    chain.reward[state] = reward
    chain.leak[state] = 1.0 - leftward - rightward
    chain.relaxation[state] = relaxation(leftward, rightward, EDGE)


@inner
def _evaluate(search, goal, mixing):
    """Sweep the chain until its residual is at most ``goal``; finish by Krylov if that is slow.

    Returns the number of sweeps and iterations.
    """
    chain, value = search.chain, search.value
    left, made = np.inf, 0
    for _ in range(MOST_SWEEPS):
        made += 1
        before = left
        left = mix(chain, value, search.scratch) if mixing else relax(chain, value)
        if left <= goal:
            return made
        if left > SLOW * before:
            break
    return made + bicgstab(chain, chain.reward, value, goal, MOST_ITERATIONS)


@compiled
def certify(starts, columns, weights, reward, value):
    """Return action values, greedy policy (`HardMax`) and residual of a Jacobi backup.

    The last number is the largest magnitude of ``value``.
    """
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    action_value, policy = np.empty((states, actions)), np.zeros((states, actions))
    residual, size, row = 0.0, 0.0, count(0)
    for state in range(states):
        best, largest = -np.inf, 0.0
        for action in range(actions):
            total = reward[state, action]
            for entry in range(starts[row], starts[row + ONE]):
                total += weights[entry] * value[columns[entry]]
            action_value[state, action] = total
            best = max(best, total)
            if total > -np.inf:
                largest = max(largest, abs(total))
            row += ONE
        chosen = count(0)
        while action_value[state, chosen] < best - TIE * largest:
            chosen += ONE
        policy[state, chosen] = 1.0
        gap = abs(best - value[state])
        residual = gap if gap > residual or gap != gap else residual  # not max: a NaN must show
        size = max(size, abs(value[state]))
    return action_value, policy, residual, size
