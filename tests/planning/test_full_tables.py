"""The search of large full tables: exact optima, honest bounds, and when it ends without one."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from hierax.planning import (
    LogSumExp,
    TabularMDP,
    action_values,
    bellman,
    full_tables,
    solve_bellman,
    sweeps,
)
from planning.models import optimal_value, random_tables, rounding

TOLERANCE = 1e-8


def full(states=40, actions=4, discount=0.99, seed=0):
    """A model of full rows, whose states are one step from each other."""
    given = random_tables(seed, states, actions, ragged=False, discount=discount)
    return TabularMDP.from_arrays(given.transition, given.reward, discount, "sas")


def halves(coupling, states=40):
    """A model of two halves with full rows that are rarely left."""
    random = np.random.default_rng(0)
    weights = random.random((states, 4, states)) + 0.1
    left = np.arange(states) < states // 2
    weights[(left[:, None] != left)[:, None, :].repeat(4, axis=1)] *= coupling
    weights /= weights.sum(axis=-1, keepdims=True)
    reward = random.normal(size=(states, 4)) + left[:, None]
    return TabularMDP.from_arrays(weights, reward, 0.99, "sas")


@pytest.fixture
def every_size(monkeypatch):
    monkeypatch.setattr(full_tables, "LEAST_ENTRIES", 0)


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from([0.0, 0.5, 0.9, 0.999]),
    st.booleans(), st.sampled_from([-1.0, np.nan, np.inf]),
)  # fmt: skip
def test_the_optimum_of_any_model_is_found_or_left_to_another(seed, states, gamma, ragged, garbage):
    tables = random_tables(seed, states, ragged=ragged, discount=gamma, garbage=garbage)
    model, exact = tables.dense(), optimal_value(tables)
    found = full_tables.search(model, TOLERANCE)
    if found is None:
        return
    value, q, policy, residual, size, contraction, _ = found
    assert size == np.abs(value).max()
    assert residual <= TOLERANCE * (1.0 - contraction)
    error = residual / (1.0 - contraction) + rounding(tables, exact)
    np.testing.assert_allclose(value, exact, rtol=0, atol=error)
    slack = 16 * np.finfo(float).eps * max(1.0, np.abs(exact).max())
    np.testing.assert_allclose(q, action_values(model, value), atol=slack)
    np.testing.assert_allclose(np.abs(q.max(axis=1) - value).max(), residual, atol=slack)
    assert (policy.sum(axis=1) == 1).all()
    assert not policy[~tables.available].any()


@pytest.mark.parametrize("discount", [0.9, 0.99, 0.999])
@pytest.mark.usefixtures("every_size")
def test_a_full_table_is_solved_without_compressed_rows_in_a_few_backups(monkeypatch, discount):
    model = full(discount=discount)
    expected = solve_bellman(model, method="policy_iteration")
    monkeypatch.setattr(sweeps, "rows_of", None)
    found = solve_bellman(model)
    assert found.converged
    assert found.steps <= 6
    np.testing.assert_allclose(found.value, expected.value, rtol=0, atol=2 * TOLERANCE)
    np.testing.assert_array_equal(found.policy, expected.policy)


@pytest.mark.usefixtures("every_size")
def test_rows_that_miss_one_within_the_tolerance_are_no_error_of_the_value():
    given = full().transition * (1.0 + 9e-9 * np.linspace(-1, 1, 40)[:, None, None])
    model = TabularMDP.from_arrays(given, full().reward, 0.99, "sas")
    found = solve_bellman(model)
    assert found.converged
    exact = solve_bellman(model, method="policy_iteration", tolerance=1e-11)
    np.testing.assert_allclose(found.value, exact.value, rtol=0, atol=2 * TOLERANCE)


@pytest.mark.usefixtures("every_size")
def test_a_model_that_mixes_slowly_is_left_to_the_other_search():
    assert full_tables.search(halves(1.0), TOLERANCE) is not None
    slow = halves(1e-4)
    assert full_tables.is_full(slow)
    assert full_tables.search(slow, TOLERANCE) is None
    exact = solve_bellman(slow, method="policy_iteration")
    np.testing.assert_allclose(solve_bellman(slow).value, exact.value, rtol=0, atol=2 * TOLERANCE)


@pytest.mark.parametrize(
    "model", [full(discount=1 - 1e-11), full().with_reward(np.full((40, 4), 1e308))]
)
def test_a_residual_that_rounding_does_not_allow_is_left_to_the_other_search(model):
    assert full_tables.search(model, TOLERANCE) is None


def test_only_large_full_tables_with_one_discount_are_searched_so():
    large = full(states=200)
    assert full_tables.is_full(large)
    assert not full_tables.is_full(large.with_discount(np.full(200, 0.9)))
    assert not full_tables.is_full(full())
    moves = np.eye(200)[np.random.default_rng(0).integers(200, size=(200, 4))]
    assert not full_tables.is_full(TabularMDP(moves, large.reward, 0.9))
    matrices = [sp.csr_array(moves[:, action]) for action in range(4)]
    assert not full_tables.is_full(TabularMDP(matrices, large.reward, 0.9))


@pytest.mark.usefixtures("every_size")
def test_other_methods_and_operators_are_not_replaced(monkeypatch):
    model = full(states=6)
    monkeypatch.setattr(bellman.full_tables, "search", None)
    for method in ("value_iteration", "policy_iteration", "gauss_seidel"):
        assert solve_bellman(model, method=method).converged
    assert solve_bellman(model, LogSumExp(0.1)).converged


@pytest.mark.parametrize("hole", [False, True])
def test_compressed_rows_of_a_full_table_are_those_of_scipy(hole):
    model = full(states=5)
    table = model.transition.copy()
    if hole:
        table[1, 2] = np.eye(5)[3]
    rows = sweeps.rows_of(TabularMDP.from_arrays(table, model.reward, 0.99, "sas"))
    expected = sp.csr_matrix(0.99 * table.reshape(-1, 5))
    np.testing.assert_array_equal(rows.starts, expected.indptr)
    np.testing.assert_array_equal(rows.columns, expected.indices)
    np.testing.assert_array_equal(rows.weights, expected.data)
