"""Benchmark of dense models with full rows: hierax, ten lines of NumPy, and QuantEcon.

The ten lines are value iteration with MacQueen's bounds. All sides have the same error bound.
"""

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from hierax.planning import TabularMDP, solve_bellman
from planning_contest import SHORTEST, cpu_seconds

SIZES = (500, 1500, 2000, 3000)
LARGEST_QUICK = 1500
ACTIONS = 4
DISCOUNT = 0.99
PAIRED_RUNS = 9
Side = Callable[[], Any]


def dense_rows(tolerance: float, quick: bool) -> list[dict[str, Any]]:
    """Return CPU seconds for random models: to solve, and to build and solve."""
    return [_row(size, tolerance) for size in SIZES if not (quick and size > LARGEST_QUICK)]


def ten_lines(
    transition: np.ndarray, reward: np.ndarray, discount: float, tolerance: float
) -> np.ndarray:
    """Return the optimal value ``(S,)`` of a model ``(S, A, S)``, ``(S, A)``."""
    rows, value = transition.reshape(-1, len(transition)), np.zeros(len(transition))
    while True:
        action_value = reward + discount * (rows @ value).reshape(reward.shape)
        new = action_value.max(axis=1)
        change = new - value
        low, high = (discount / (1 - discount) * end for end in (change.min(), change.max()))
        value = new
        if high - low < 2 * tolerance:
            return value + (low + high) / 2


def _row(states: int, tolerance: float) -> dict[str, Any]:
    from quantecon.markov import DiscreteDP

    random = np.random.default_rng(0)
    transition = random.random((states, ACTIONS, states))
    transition /= transition.sum(axis=-1, keepdims=True)
    reward = random.standard_normal((states, ACTIONS))
    built = TabularMDP(transition, reward, DISCOUNT)
    problem = DiscreteDP(reward, transition, DISCOUNT)
    sides: dict[str, Side] = {
        "ten lines": lambda: ten_lines(transition, reward, DISCOUNT, tolerance),
        "solve": lambda: solve_bellman(built, tolerance=tolerance).value,
        "build and solve": lambda: (
            solve_bellman(TabularMDP(transition, reward, DISCOUNT), tolerance=tolerance).value
        ),
        "quantecon": lambda: (
            problem.solve("modified_policy_iteration", epsilon=2 * tolerance, k=20).v
        ),
    }
    runs, values = _paired(sides)
    return {
        "states": states,
        "actions": ACTIONS,
        "discount": DISCOUNT,
        "medians": {name: statistics.median(times) for name, times in runs.items()},
        "ratios": {name: _ratio(runs[name], runs["ten lines"]) for name in runs},
        "difference": max(float(np.abs(v - values["ten lines"]).max()) for v in values.values()),
        "runs": runs,
    }


def _paired(sides: dict[str, Side]) -> tuple[dict[str, list[float]], dict[str, np.ndarray]]:
    """Return CPU seconds of all sides, run in turn, and the values that they return."""
    values, repeats = {}, {}
    for name, side in sides.items():
        side()  # compiles
        seconds, values[name] = cpu_seconds(lambda side=side: side, 1)
        repeats[name] = int(SHORTEST / seconds) + 1
    runs: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(PAIRED_RUNS):
        for name, side in sides.items():
            side()  # a virtual machine may have given back the memory of the last run
            runs[name].append(cpu_seconds(lambda side=side: side, repeats[name])[0])
    return runs, values


def _ratio(times: list[float], base: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, base, strict=True))
