"""Oracles next to discount 1: policy iteration in exact fractions, and models to try it on."""

from fractions import Fraction

import numpy as np

EPSILON = np.finfo(np.float64).eps

# Its sweeps need tens of millions of rounds at 1 - 1e-7, and its evaluations overflow.
STALLING_SUCCESSORS = (
    ("2", "267"), ("6", "23"), ("25", "3"), ("124", "13"),
    ("4", "027"), ("237", "467"), ("026", "457"), ("357", "26"),
)  # fmt: skip
STALLING_REWARD = np.array(
    [[-3, -3], [-3, 3], [1, 3], [1, 0], [1, -2], [-2, -3], [-1, 1], [3, -1]], float
)


def stalling_transition() -> np.ndarray:
    """Return the transition ``(8, 2, 8)``, uniform over the listed successors."""
    transition = np.zeros((8, 2, 8))
    for state, row in enumerate(STALLING_SUCCESSORS):
        for action, successors in enumerate(row):
            transition[state, action, [int(s) for s in successors]] = 1 / len(successors)
    return transition


def random_model(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return transition and reward of 1 to 8 states: deterministic, sparse, full, lazy, tied."""
    rng = np.random.default_rng(seed)
    states, actions, kind = int(rng.integers(1, 9)), int(rng.integers(1, 4)), rng.integers(5)
    transition = np.zeros((states, actions, states))
    for row in transition.reshape(-1, states):
        few = rng.choice(states, min(states, int(rng.integers(1, 4))), replace=False)
        if kind == 0:
            row[few[0]] = 1.0
        elif kind == 1:
            row[few] = 1 / len(few)
        elif kind == 2:
            row[:] = rng.dirichlet(np.ones(states))
        elif kind == 3:
            row[few] = rng.dirichlet(np.full(len(few), 0.1))
        else:
            row[few[0]] = 0.1
    if kind == 4:
        transition[np.arange(states), :, np.arange(states)] += 0.9
    transition /= transition.sum(axis=2, keepdims=True)
    reward = rng.normal(size=(states, actions)) * 10.0 ** rng.integers(-3, 4)
    if rng.random() < 0.6:
        reward = rng.integers(-3, 4, (states, actions)).astype(float)
    if rng.random() < 0.15:
        reward[:] = -1.0
    return transition, reward


def exact_value(transition: np.ndarray, reward: np.ndarray, discount: float) -> list[Fraction]:
    """Return the optimal value of the floats that are given, by Howard's policy iteration."""
    states, gamma = range(len(reward)), Fraction(discount)
    rows = [
        [{t: gamma * Fraction(p) for t, p in enumerate(row.tolist()) if p} for row in rows]
        for rows in transition
    ]
    gains = [[Fraction(r) for r in row] for row in reward.tolist()]
    policy = [0] * len(reward)
    while True:
        system = [
            [Fraction(s == t) - rows[s][policy[s]].get(t, 0) for t in states]
            + [gains[s][policy[s]]]
            for s in states
        ]
        value = _solved(system)
        before, policy = policy, []
        for s in states:
            q = [
                r + sum(p * value[t] for t, p in row.items())
                for r, row in zip(gains[s], rows[s], strict=True)
            ]
            policy.append(q.index(max(q)) if max(q) > q[before[s]] else before[s])
        if policy == before:
            return value


def _solved(system: list[list[Fraction]]) -> list[Fraction]:
    """Return the solution of a diagonally dominant system with its right side as last column."""
    for place, pivot in enumerate(system):
        for other in system:
            if other is not pivot and other[place]:
                factor = other[place] / pivot[place]
                other[:] = [x - factor * y for x, y in zip(other, pivot, strict=True)]
    return [row[-1] / row[place] for place, row in enumerate(system)]


def allowed(discount: float) -> float:
    """Return the relative error that float64 allows: 40 ε / (1 - γ), at least 1e-9."""
    return max(40.0 * EPSILON / (1.0 - discount), 1e-9)
