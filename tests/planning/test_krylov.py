"""BiCGSTAB against dense solves."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hierax.planning.krylov import bicgstab, solve
from hierax.planning.linear import chain_of_transition, relative_residual, transition_of_chain

ACCURACY = 1e-13


def random_table(seed: int, states: int, discount: float) -> sp.csr_matrix:
    """A discounted chain with about four successors a state."""
    generator = np.random.default_rng(seed)
    table = generator.random((states, states)) * (generator.random((states, states)) < 4 / states)
    table += np.diag(1e-3 + generator.random(states) * (generator.random(states) < 0.3))
    return sp.csr_matrix(discount * table / table.sum(axis=1, keepdims=True))


def two_way_ring(states: int, discount: float) -> sp.csr_matrix:
    here = np.arange(states)
    table = np.zeros((states, states))
    table[here, (here + 1) % states] = table[here, here - 1] = 0.5 * discount
    return sp.csr_matrix(table)


def nearly_apart(states: int, discount: float) -> sp.csr_matrix:
    """Two halves joined by transitions of probability 1e-6: two eigenvalues near one."""
    half = np.kron(np.eye(2), np.full((states // 2, states // 2), 2.0 / states))
    return sp.csr_matrix(discount * ((1 - 1e-6) * half + 1e-6 / states))


def system(table: sp.csr_matrix, seed: int):
    """The chain of a table, the dense ``I - W`` and a random right-hand side."""
    chain, _ = chain_of_transition(table)
    matrix = np.eye(table.shape[0]) - transition_of_chain(chain).toarray()
    return chain, matrix, np.random.default_rng(seed).normal(size=table.shape[0])


def check(table: sp.csr_matrix, seed: int) -> None:
    chain, matrix, right = system(table, seed)
    x = np.zeros(right.size)
    reached = solve(chain, right, x, ACCURACY)
    assert reached <= ACCURACY
    size = np.abs(right).max() + np.abs(x).max()
    assert np.abs(right - matrix @ x).max() <= 2 * ACCURACY * size
    # A small residual is a small error up to the condition number.
    error = 4 * ACCURACY * size * np.abs(np.linalg.inv(matrix)).sum(axis=1).max()
    np.testing.assert_allclose(x, np.linalg.solve(matrix, right), rtol=0, atol=error)


DISCOUNTS = st.sampled_from([0.0, 0.5, 0.99, 0.9999, 0.999999])


@example(seed=843, states=60, discount=0.9999)  # whose preconditioned residual is the smaller
@given(seed=st.integers(0, 1000), states=st.integers(1, 60), discount=DISCOUNTS)
def test_solve_is_the_dense_solve(seed, states, discount):
    """Rows of a transposed chain may sum to more than one."""
    table = random_table(seed, states, discount)
    check(table, seed)
    check(table.T.tocsr(), seed)


@pytest.mark.parametrize("shape", [two_way_ring, nearly_apart])
@pytest.mark.parametrize("states", [2, 4, 200])
@pytest.mark.parametrize("discount", [0.9, 0.9999])
def test_chains_that_mix_badly(shape, states, discount):
    check(shape(states, discount), 7)
    check(shape(states, discount).T.tocsr(), 7)


def test_iterations_are_limited_and_none_changes_nothing():
    chain, _, right = system(two_way_ring(400, 0.9999), 0)
    x = np.arange(400.0)
    assert bicgstab(chain, right, x, 0.0, 0) == 0
    np.testing.assert_array_equal(x, np.arange(400.0))
    assert bicgstab(chain, right, x, 0.0, 3) == 3


@pytest.mark.parametrize("states", [1, 2, 50])
def test_a_zero_right_side(states):
    chain, _, _ = system(random_table(0, states, 0.9999), 0)
    x, zero = np.zeros(states), np.zeros(states)
    assert solve(chain, zero, x, ACCURACY) == 0.0
    np.testing.assert_array_equal(x, zero)
    x += 1.0
    for _ in range(3):
        bicgstab(chain, zero, x, 0.0, 100)
    assert np.abs(x).max() < 1e-9


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_reached_residual_is_the_true_one(seed):
    chain, matrix, right = system(random_table(seed, 30, 0.99), seed)
    x = np.zeros(30)
    reached = solve(chain, right, x, 1e-4)
    assert reached == pytest.approx(
        relative_residual(sp.csr_matrix(matrix), right, x), rel=1e-6, abs=1e-15
    )
    assert reached <= 1e-4


def test_an_accuracy_below_rounding_ends():
    chain, matrix, right = system(random_table(2, 60, 0.999), 2)
    x = np.zeros(60)
    assert solve(chain, right, x, 0.0) < 1e-14
    assert relative_residual(sp.csr_matrix(matrix), right, x) < 1e-14


@pytest.mark.parametrize("place", [0, 2, 3])
def test_what_is_no_number_is_never_reported_solved(place):
    chain, _, _ = system(sp.csr_matrix(np.full((4, 4), 0.2)), 0)
    bad = np.where(np.arange(4) == place, np.nan, 1.0)
    assert not solve(chain, bad, np.zeros(4), ACCURACY) <= 1.0
    assert not solve(chain, np.ones(4), bad, ACCURACY) <= 1.0
