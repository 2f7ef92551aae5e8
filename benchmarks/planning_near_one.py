"""Benchmark of discounts next to 1: three families of 20,000 sparse states, from .99 to 1 - 1e-12.

The time next to 1 is to be at most ten times that at .99, or one CPU second.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from hierax.planning import TabularMDP, solve_bellman

STATES, QUICK_STATES = 20_000, 1_000
EXPONENTS = (2, 4, 6, 8, 10, 12)
RUNS = 3
Tables = tuple[list[sp.csr_matrix], np.ndarray]


def near_one_rows(quick: bool) -> list[dict[str, Any]]:
    """Return CPU seconds of ``auto``, and the error bound relative to the largest value."""
    rows = []
    for name, family in FAMILIES.items():
        tables, reward = family(QUICK_STATES if quick else STATES)
        runs, bounds = {}, {}
        for exponent in EXPONENTS:
            mdp = TabularMDP(tables, reward, 1.0 - 10.0**-exponent)
            solve_bellman(mdp)  # compiles
            runs[str(exponent)], bounds[str(exponent)] = _measured(mdp)
        medians = {exponent: statistics.median(times) for exponent, times in runs.items()}
        size = {"family": name, "states": reward.shape[0], "actions": reward.shape[1]}
        rows.append(size | {"medians": medians, "relative_bounds": bounds, "runs": runs})
    return rows


def _measured(mdp: TabularMDP) -> tuple[list[float], float]:
    times = []
    for _ in range(RUNS):
        begin = time.process_time()
        solution = solve_bellman(mdp)
        times.append(time.process_time() - begin)
    return times, float(solution.error_bound / np.abs(solution.value).max())


def grid(states: int) -> Tables:
    """Return four moves that slip, at a cost of 1 until an absorbing corner."""
    side = int(states**0.5)
    cells = np.pad(np.arange(side**2).reshape(side, side), 1, mode="edge")
    moves = (cells[:-2, 1:-1], cells[2:, 1:-1], cells[1:-1, :-2], cells[1:-1, 2:])
    columns = np.stack(moves).reshape(4, -1)
    columns[:, -1] = side**2 - 1
    reward = np.full((side**2, 4), -1.0)
    reward[-1] = 0.0
    return [_table(columns, np.where(np.arange(4) == a, 0.8, 0.2 / 3)) for a in range(4)], reward


def random_graph(states: int) -> Tables:
    """Return three actions with three random successors each, and random rewards."""
    random = np.random.default_rng(0)
    columns = random.integers(states, size=(3, 3, states))
    weights = random.dirichlet(np.ones(3), 3)
    tables = [_table(c, w) for c, w in zip(columns, weights, strict=True)]
    return tables, random.standard_normal((states, 3))


def chain(states: int) -> Tables:
    """Return moves left and right on a line that fail with probability 0.1, and random rewards."""
    here = np.arange(states)
    columns = np.stack([np.maximum(here - 1, 0), np.minimum(here + 1, states - 1)])
    tables = [_table(columns, np.array(weights)) for weights in ((0.9, 0.1), (0.1, 0.9))]
    return tables, np.random.default_rng(0).standard_normal((states, 2))


def _table(columns: np.ndarray, weights: np.ndarray) -> sp.csr_matrix:
    """Return the transition of one action from successors ``(k, S)`` and probabilities ``(k,)``."""
    number, states = columns.shape
    entries = (np.repeat(weights, states), (np.tile(np.arange(states), number), columns.ravel()))
    return sp.csr_matrix(entries, shape=(states, states))


FAMILIES: dict[str, Callable[[int], Tables]] = {
    "grid with slip": grid,
    "random, 3 successors": random_graph,
    "chain": chain,
}
