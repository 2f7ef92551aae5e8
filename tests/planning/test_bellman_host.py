"""The host backend: every method finds the optimal value of every kind of model."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from hierax.planning import HardMax, LogSumExp, TabularMDP, greedy, solve_bellman, sweeps
from hierax.planning.bellman_host import METHODS


def optimal_value(transition, reward, discount, available):
    """Dense policy iteration that keeps an action unless another is clearly better."""
    states = np.arange(len(reward))
    table, policy = discount * transition, available.argmax(axis=1)
    while True:
        value = np.linalg.solve(np.eye(len(states)) - table[states, policy], reward[states, policy])
        q = np.where(available, reward + table @ value, -np.inf)
        better = q.max(axis=1) > q[states, policy] + 1e-11 * (1 + np.abs(value).max())
        if not better.any():
            return value
        policy = np.where(better, q.argmax(axis=1), policy)


def random_problem(seed: int, kind: str, factor: float):
    generator = np.random.default_rng(seed)
    states, actions = int(generator.integers(1, 30)), int(generator.integers(1, 5))
    transition = np.zeros((states, actions, states))
    branching = {"dense": states, "deterministic": 1}.get(kind, min(states, 3))
    for state in range(states):
        for action in range(actions):
            successors = generator.choice(states, branching, replace=False)
            transition[state, action, successors] = generator.dirichlet(np.ones(branching))
    if kind == "absorbing":
        transition[0] = np.eye(states)[0]
    if kind == "periodic":
        transition[:] = np.eye(states)[(np.arange(states) + 1) % states][:, None]
    available = generator.random((states, actions)) < 0.7
    available[np.arange(states), generator.integers(actions, size=states)] = True
    reward = generator.normal(size=(states, actions))
    if kind == "ties":
        reward = np.round(reward)
    discount = factor * {
        "entering": np.where(generator.random(states) < 0.3, 0.0, 1.0),
        "each": generator.random((states, actions, states)),
    }.get(kind, 1.0)
    return transition, reward, discount, available


KINDS = ["random", "dense", "deterministic", "absorbing", "periodic", "ties", "entering", "each"]


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([0.0, 0.5, 0.99]), sparse=st.booleans())
@settings(max_examples=15)
def test_every_method_finds_the_optimal_value(kind, seed, factor, sparse):
    transition, reward, discount, available = random_problem(seed, kind, factor)
    want = optimal_value(transition, reward, discount, available)
    tables = [sp.csr_array(p) for p in np.moveaxis(transition, 1, 0)] if sparse else transition
    mdp = TabularMDP(tables, reward, discount, available=available)
    for method in METHODS:
        solution = solve_bellman(mdp, method=method)
        assert solution.converged, method
        assert np.abs(solution.value - want).max() <= 1e-8, method


@pytest.mark.parametrize("method", ["auto", "policy_iteration"])
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
@settings(max_examples=20)
def test_discounts_near_one(method, seed, kind):
    transition, reward, discount, available = random_problem(seed, kind, 0.999999)
    mdp = TabularMDP(transition, reward, discount, available=available)
    solution = solve_bellman(mdp, method=method, tolerance=1e-2)
    want = optimal_value(transition, reward, discount, available)
    assert solution.converged
    assert np.abs(solution.value - want).max() <= 1e-2 + 1e-9 * np.abs(want).max()


@pytest.mark.parametrize("operator", [HardMax(), LogSumExp(0.2)])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_tolerance_below_rounding_ends_and_is_not_met(kind, method, operator):
    transition, reward, discount, available = random_problem(1, kind, 0.99)
    mdp = TabularMDP(transition, reward + 1.0, discount, available=available)
    solution = solve_bellman(mdp, operator, method, tolerance=1e-300)
    assert solution.converged == (solution.error_bound <= 1e-300)
    contraction = mdp.contraction
    assert solution.error_bound <= 1e-12 * (1 + np.abs(solution.value).max()) / (1 - contraction)


@pytest.mark.parametrize("shape", ["corridor", "random graph", "loop"])
@pytest.mark.parametrize("discount", [0.99, 0.9999])
def test_larger_models_of_every_shape(shape, discount):
    """Outward sweeps, mixing sweeps and the Krylov solve each carry one of these."""
    states, actions = 700, 3
    generator = np.random.default_rng(5)
    here = np.arange(states)
    tables = []
    for action in range(actions):
        if shape == "corridor":
            likely = np.clip(here + (-1, 1, 0)[action], 0, states - 1)
            columns = np.stack([likely, np.clip(here + 1, 0, states - 1)])
        elif shape == "loop":
            columns = np.stack([(here + 1) % states, (here - 1) % states])
        else:
            columns = generator.integers(states, size=(4, states))
        weights = generator.dirichlet(np.ones(len(columns)), states).T
        if shape == "corridor":
            weights = np.stack([np.full(states, 0.9), np.full(states, 0.1)])
        entries = (weights.ravel(), (np.tile(here, len(columns)), columns.ravel()))
        tables.append(sp.csr_matrix(entries, shape=(states, states)))
    reward = generator.random((states, actions)) if shape != "corridor" else np.zeros((states, 3))
    reward[0, 2] += 1.0
    mdp = TabularMDP(tables, reward, discount)
    dense = np.stack([table.toarray() for table in tables], axis=1)
    want = optimal_value(dense, reward, discount, np.ones((states, actions), bool))
    solution = solve_bellman(mdp, tolerance=1e-6)
    assert solution.converged
    assert np.abs(solution.value - want).max() <= 1e-6
    assert solution.steps < 100


def test_a_value_that_is_not_a_number_is_never_certified():
    rows = sweeps.rows_of(TabularMDP(np.ones((1, 1, 1)), [[1.0]], 0.9))
    assert np.isnan(greedy.certify(*rows, np.array([np.nan]))[2])


def test_huge_rewards_end_without_an_overflow():
    mdp = TabularMDP(np.ones((1, 1, 1)), [[1e300]], 0.9)
    assert solve_bellman(mdp, LogSumExp(0.1)).value == pytest.approx(1e301)
