"""The order of states in a sweep: from the best reward outwards.

A Gauss-Seidel sweep propagates values along any path whose states it visits in backward order. In a
navigation task, one sweep over states sorted by their distance to the best reward propagates it to
all states. In a model whose states are a few steps apart the order does not matter.
"""

import numpy as np

from hierax.planning.kernel import NOWHERE, ONE, Index, compiled, count, inner

ENOUGH = 1_000
"""Number of reached states from which `growth` is estimated."""


@compiled
def growth(starts, columns, states, actions):
    """Return the factor by which the set of states within reach of state 0 grows with each step.

    The search stops at half of the states, at most `ENOUGH`. The factor is about 1.2 in a plane and
    the number of successors in a random graph.
    """
    states, actions = count(states), count(actions)
    reached, enough = ONE, min(count(ENOUGH), (states + ONE) // count(2))
    queue = np.zeros(ENOUGH, Index)
    seen = np.zeros(states, np.bool_)
    seen[0] = True
    level, steps = count(0), 0
    while level < reached < enough:
        frontier = reached
        while level < frontier and reached < enough:
            row = queue[level] * actions
            for entry in range(starts[row], starts[row + actions]):
                column = columns[entry]
                if not seen[column] and reached < enough:
                    seen[column] = True
                    queue[reached] = column
                    reached += ONE
            level += ONE
        steps += 1
    return reached ** (1.0 / max(steps, 1))


@compiled
def outwards(starts, columns, weights, reward):
    """Return the states by distance to the best reward, and the rank of each state.

    The order is breadth first along the most probable transitions. The reward of a self loop counts
    as ``r / (1 - γ p(s, s))``. States that do not reach the best reward come last.
    """
    states = count(reward.shape[0])
    likely, gain = _likely_successors(starts, columns, weights, reward)
    first, predecessors = _predecessors(likely, states)
    order, rank = np.empty(states, Index), np.full(states, NOWHERE, Index)
    placed, best = count(0), gain.max()
    for state in range(states):
        if gain[state] == best:
            order[placed], rank[state] = state, placed
            placed += ONE
    done = count(0)
    while done < placed:
        state = order[done]
        for k in range(first[state], first[state + ONE]):
            previous = predecessors[k]
            if rank[previous] == NOWHERE:
                order[placed], rank[previous] = previous, placed
                placed += ONE
        done += ONE
    for state in range(states):
        if rank[state] == NOWHERE:
            order[placed], rank[state] = state, placed
            placed += ONE
    return order, rank


@inner
def _likely_successors(starts, columns, weights, reward):
    """Return the most probable other state of each pair, and the best gain of each state."""
    states, actions = count(reward.shape[0]), count(reward.shape[1])
    likely, gain = np.empty((states, actions), Index), np.empty(states)
    row = count(0)
    for state in range(states):
        best = -np.inf
        for action in range(actions):
            successor, largest, loop = NOWHERE, 0.0, 0.0
            for entry in range(starts[row], starts[row + ONE]):
                if columns[entry] == state:
                    loop += weights[entry]
                elif weights[entry] > largest:
                    successor, largest = columns[entry], weights[entry]
            likely[state, action] = successor
            best = max(best, reward[state, action] / (1.0 - loop))
            row += ONE
        gain[state] = best
    return likely, gain


@inner
def _predecessors(likely, states):
    """Return the predecessors by likely successor: those of ``s`` are ``first[s]:first[s + 1]``."""
    first = np.zeros(states + ONE, Index)
    for successor in likely.flat:
        if successor != NOWHERE:
            first[successor + ONE] += Index(1)
    for state in range(states):
        first[state + ONE] += first[state]
    predecessors, place = np.empty(first[states], Index), first.copy()
    for state in range(states):
        for action in range(count(likely.shape[1])):
            successor = likely[state, action]
            if successor != NOWHERE:
                predecessors[place[successor]] = state
                place[successor] += Index(1)
    return first, predecessors
