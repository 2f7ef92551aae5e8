"""Chains and their sweeps against dense ``I - P`` arithmetic."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from hierax.planning import chain as chains
from hierax.planning.linear import chain_of_transition, transition_of_chain
from hierax.planning.sweeps import chain_of_policy, rows_of
from planning.models import random_policy, tables

SEEDS = st.integers(0, 1000)


def random_chain(seed: int, states: int = 12, discount: float = 0.9):
    """A chain with about four successors a state and a random reward; also its dense ``W``."""
    generator = np.random.default_rng(seed)
    table = generator.random((states, states)) * (generator.random((states, states)) < 4 / states)
    table += np.diag(0.1 + generator.random(states))
    table *= discount / table.sum(axis=1, keepdims=True)
    chain, _ = chain_of_transition(sp.csr_matrix(table))
    chain.reward[:] = generator.normal(size=states)
    return chain, transition_of_chain(chain).toarray()


def normal(seed: int, states: int = 12) -> np.ndarray:
    return np.random.default_rng(seed + 1).normal(size=states)


@given(given_tables=tables(), seed=SEEDS)
def test_a_chain_is_i_minus_p_with_each_row_divided_by_its_diagonal(given_tables, seed):
    mdp = given_tables.dense()
    policy = random_policy(mdp.available, seed)
    bonus = normal(seed, mdp.states)
    chain = chain_of_policy(rows_of(mdp), policy, bonus)
    mixed = np.einsum("sa,sat->st", policy, given_tables.discounted_transition())
    reward = (policy * given_tables.expected_reward()).sum(axis=1) + bonus
    stays = 1.0 - np.diag(mixed)
    matrix = (np.eye(mdp.states) - mixed) / stays[:, None]
    got = np.eye(mdp.states) - transition_of_chain(chain).toarray()
    tolerance = 1e-14 / stays.min()
    np.testing.assert_allclose(got, matrix, atol=tolerance, rtol=0)
    np.testing.assert_allclose(chain.leak, matrix.sum(axis=1), atol=tolerance, rtol=0)
    np.testing.assert_allclose(chain.reward, reward / stays, rtol=1e-11, atol=tolerance)
    np.testing.assert_array_equal(chain.relaxation, 1.0)


def test_elimination_turns_staying_at_a_goal_into_one_visit():
    table = np.array([[0.0, 0.99], [0.0, 0.99]])
    chain, scale = chain_of_transition(sp.csr_matrix(table))
    chain.reward[:] = scale * [0.0, 1.0]
    value = np.zeros(2)
    chains.relax(chain, value)
    chains.relax(chain, value)
    np.testing.assert_allclose(value, [99.0, 100.0], rtol=1e-13)


@given(seed=SEEDS, states=st.integers(1, 12))
def test_triangular_solves_are_those_of_scipy(seed, states):
    chain, w = random_chain(seed, states)
    for solve, part in ((chains.solve_lower, np.tril(w)), (chains.solve_upper, np.triu(w))):
        x = normal(seed, states)
        lower = solve is chains.solve_lower
        want = scipy.linalg.solve_triangular(np.eye(states) - part, x, lower=lower)
        solve(chain, x)
        np.testing.assert_allclose(x, want, rtol=1e-12, atol=1e-12)


@given(seed=SEEDS)
def test_the_residual_is_the_dense_one(seed):
    chain, w = random_chain(seed)
    value, right, residual = normal(seed), normal(seed + 1), np.empty(12)
    largest = chains.residual_of(chain, value, right, residual)
    np.testing.assert_allclose(residual, right + w @ value - value, rtol=0, atol=1e-13)
    assert largest == np.abs(residual).max()


@pytest.mark.parametrize("place", [0, 5, 11])
def test_a_residual_with_a_nan_is_never_small(place):
    chain, _ = random_chain(0)
    right = np.ones(12)
    right[place] = np.nan
    assert not chains.residual_of(chain, np.zeros(12), right, np.empty(12)) < np.inf


@given(seed=SEEDS)
def test_relax_is_successive_over_relaxation_written_out(seed):
    chain, w = random_chain(seed)
    chain.relaxation[:] = np.random.default_rng(seed).uniform(0.5, 1.5, 12)
    value, want, largest = normal(seed), normal(seed), 0.0
    for state in range(12):
        residual = chain.reward[state] + w[state] @ want - want[state]
        want[state] += chain.relaxation[state] * residual
        largest = max(largest, abs(residual))
    assert chains.relax(chain, value) == pytest.approx(largest, rel=1e-12)
    np.testing.assert_allclose(value, want, rtol=0, atol=1e-12)


@given(seed=SEEDS, discount=st.sampled_from([0.0, 0.5, 0.99]))
def test_relax_sweeps_converge_to_the_dense_solution(seed, discount):
    chain, w = random_chain(seed, discount=discount)
    want, value = np.linalg.solve(np.eye(12) - w, chain.reward), np.zeros(12)
    changes = [chains.relax(chain, value) for _ in range(3000)]
    np.testing.assert_allclose(value, want, rtol=0, atol=1e-12 * (1 + np.abs(want).max()))
    assert changes[-1] <= 1e-12 * (1 + np.abs(want).max())


def even_chain(seed: int, discount: float):
    """A dense chain in which every row leaks the same, ``1 - discount``."""
    table = np.random.default_rng(seed).exponential(size=(12, 12)) * (1 - np.eye(12))
    chain, _ = chain_of_transition(
        sp.csr_matrix(discount * table / table.sum(axis=1, keepdims=True))
    )
    chain.reward[:] = normal(seed)
    return chain, transition_of_chain(chain).toarray()


@given(seed=SEEDS, level=st.floats(-1e3, 1e3))
def test_mixing_forgets_the_level_and_knows_what_is_left(seed, level):
    chain, w = even_chain(seed, 0.99)
    want, value = np.linalg.solve(np.eye(12) - w, chain.reward), normal(seed)
    shifted = value + level
    bound = chains.mix(chain, value, np.empty(12))
    chains.mix(chain, shifted, np.empty(12))
    np.testing.assert_allclose(shifted, value, rtol=0, atol=1e-10 * (1 + abs(level)))
    assert np.abs(chain.reward + w @ value - value).max() <= bound * (1 + 1e-9) + 1e-12
    error = np.abs(value - want).max()
    for _ in range(30):
        chains.mix(chain, value, np.empty(12))
    # The level alone would decay like 0.99 ** 30 = 0.74.
    assert np.abs(value - want).max() <= 1e-6 * error + 1e-11


def test_mixing_of_uneven_leaks_converges_too():
    """A state whose successors count nothing has leak 1: the others' level is not its own."""
    chain, _ = even_chain(0, 0.9)
    chain.weights[chain.first[4] : chain.stop[4]] = 0.0
    chain.leak[4] = 1.0
    w = transition_of_chain(chain).toarray()
    want, value = np.linalg.solve(np.eye(12) - w, chain.reward), np.zeros(12)
    left = [chains.mix(chain, value, np.empty(12)) for _ in range(400)][-1]
    np.testing.assert_allclose(value, want, rtol=0, atol=1e-12 * (1 + np.abs(want).max()))
    assert left <= 1e-12
