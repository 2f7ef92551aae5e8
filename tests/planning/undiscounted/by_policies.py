"""An oracle for discount 1: all deterministic policies of a small model, each one evaluated.

It shares no code with the solver: sets that a chain never leaves are found from powers of its
graph, and their mean rewards from stationary distributions.
"""

import itertools

import numpy as np

from hierax.planning import TabularMDP

EARNS, ADDS_UP = "for ever", "add up to 0"


def random_tables(seed):
    """Transition, reward, discount and available pairs of 1 to 5 states, sparse, with many ties."""
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    transition = np.zeros((states, actions, states))
    for row in transition.reshape(-1, states):
        few = rng.choice(states, min(states, int(rng.integers(1, 4))), replace=False)
        row[few] = 1 / len(few)
    highest = int(rng.random() < 0.15)
    reward = rng.integers(-2, highest + 1, (states, actions)) * (
        rng.random((states, actions)) < 0.7
    )
    if rng.random() < 0.1:  # the rewards of all cycles add up to 0
        height = rng.integers(-3, 4, states)
        reward = height[:, None] - transition @ height
    kind = rng.integers(3)
    if kind == 0:
        discount = np.where(rng.random(states) < 0.4, 0.0, 1.0)
    elif kind == 1:
        shape = (states, actions, states)
        discount = np.where(rng.random(shape) < 0.2, rng.choice([0.0, 0.5, 0.9]), 1.0)
    else:
        discount = 1.0
        end = int(rng.integers(states))  # one state keeps itself
        transition[end], reward[end] = np.eye(states)[end], 0
    available = rng.random((states, actions)) < 0.8
    available[np.arange(states), rng.integers(actions, size=states)] = True
    return transition, reward.astype(float), discount, available


def model(tables):
    transition, reward, discount, available = tables
    return TabularMDP(transition, reward, discount, available=available)


def best_of_all_policies(tables):
    """The optimal value ``(S,)`` (-inf where no policy ends), or the reason why there is none."""
    transition, reward, discount, available = tables
    states = len(transition)
    best = np.full(states, -np.inf)
    faults = set()
    offered = [np.flatnonzero(row) for row in available]
    for choice in itertools.product(*offered):
        at = (np.arange(states), list(choice))
        moves, gains = transition[at], reward[at]
        goes_on = moves * np.broadcast_to(discount, transition.shape)[at]
        value, fault = _total(goes_on, moves, gains)
        faults |= {fault} - {None}
        best = np.maximum(best, value)
    for fault in (EARNS, ADDS_UP):
        if fault in faults:
            return fault
    return best


def _total(goes_on, moves, gains):
    """Sums of rewards of a chain from each state, and what is wrong with a set that it keeps."""
    states = len(gains)
    reach = np.linalg.matrix_power(np.eye(states) + (goes_on > 0), states) > 0
    leaks = (goes_on < moves).any(axis=1)
    kept = np.array(
        [not leaks[reach[s]].any() and all(reach[t, s] for t in np.flatnonzero(reach[s]))
         for s in range(states)]
    )  # fmt: skip
    fault, loses = None, np.zeros(states, bool)
    for state in np.flatnonzero(kept):
        members = np.flatnonzero(reach[state])
        if not gains[members].any():
            continue
        inside = moves[np.ix_(members, members)]
        system = np.vstack([inside.T - np.eye(len(members)), np.ones(len(members))])
        share = np.linalg.lstsq(system, np.append(np.zeros(len(members)), 1.0), rcond=None)[0]
        mean = share @ gains[members]
        if mean > 1e-9:
            return np.full(states, -np.inf), EARNS
        if mean > -1e-9:
            fault = ADDS_UP
        loses[members] = True
    value = np.zeros(states)
    lost = reach @ loses
    free = ~kept & ~lost
    system = np.eye(free.sum()) - goes_on[np.ix_(free, free)]
    value[free] = np.linalg.solve(system, gains[free])
    value[lost] = -np.inf
    return value, fault
