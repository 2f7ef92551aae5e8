"""The parts of the solver next to discount 1: doubled precision, corrections, better policies."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import corrections, policy_iteration, refined, twofold
from hierax.planning.sweeps import Rows, rows_of
from planning.models import random_tables


def silent(change: float, target: float) -> None:
    """No report."""


def ring(states: int, far: float = 0.0, seed: int = 0) -> sp.csr_matrix:
    """A walk on a ring, with jumps to anywhere of probability ``far``."""
    rng, here = np.random.default_rng(seed), np.arange(states)
    columns = np.concatenate([(here + 1) % states, here - 1, rng.integers(states, size=states)])
    weights = np.repeat([0.5 - 0.5 * far, 0.5 - 0.5 * far, far], states)
    table = sp.csr_matrix((weights, (np.tile(here, 3), columns % states)), (states, states))
    table.eliminate_zeros()
    return table


@pytest.mark.parametrize("seed", range(5))
def test_advantages_are_those_of_exact_fractions(seed):
    mdp = random_tables(seed, ragged=seed % 2 == 1).dense()
    rows, rng = rows_of(mdp), np.random.default_rng(seed)
    high = 1e12 + rng.normal(size=mdp.states)
    low = 1e-5 * rng.normal(size=mdp.states)
    got = twofold.advantages(rows, high, low)
    table = mdp.discounted_transition
    value = [Fraction(h) + Fraction(x) for h, x in zip(high.tolist(), low.tolist(), strict=True)]
    for (state, action), number in np.ndenumerate(got):
        if not mdp.available[state, action]:
            assert np.isneginf(number)
            continue
        onward = [
            Fraction(p) * v for p, v in zip(table[state, action].tolist(), value, strict=True)
        ]
        want = Fraction(float(mdp.reward[state, action])) + sum(onward) - value[state]
        assert number == pytest.approx(float(want), rel=1e-15, abs=1e-18)
    choice = mdp.available.argmax(axis=1)
    chosen = twofold.chosen_advantages(rows, choice, high, low)
    np.testing.assert_array_equal(chosen, got[np.arange(mdp.states), choice])


def test_sums_keep_what_float64_loses():
    high, low = np.array([1e16, -1e16]), np.zeros(2)
    for _ in range(3):
        twofold.add(high, low, np.array([0.3, 1e-3]))
    exact = [Fraction(h) + Fraction(x) for h, x in zip(high.tolist(), low.tolist(), strict=True)]
    assert float(exact[0] - 10**16) == pytest.approx(0.9, rel=1e-12)
    assert float(exact[1] + 10**16) == pytest.approx(3e-3, rel=1e-12)


def random_graph(states: int) -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(3), states).ravel()
    columns = rng.integers(states, size=3 * states)
    return sp.csr_matrix((weights, (np.repeat(np.arange(states), 3), columns)), (states, states))


@pytest.mark.parametrize(
    ("transition", "narrow"),
    [
        (ring(1500), True),
        (ring(8000, 1e-3), False),
        (random_graph(8000), False),
        (random_graph(300), True),
        (sp.csr_matrix(np.full((40, 40), 1 / 40)), True),
    ],
)
def test_corrections_have_some_right_digits(transition, narrow):
    """Sparse factors, factors of strong transitions, Krylov iterations, dense factors."""
    assert corrections.is_narrow(transition) == narrow
    transition = (1 - 1e-6) * transition
    right = np.random.default_rng(1).normal(size=transition.shape[0])
    solve, x = corrections.correction_solver(transition), np.zeros_like(right)
    for _ in range(3):
        x += solve(right - (x - transition @ x))
    assert np.abs(right - (x - transition @ x)).max() <= 1e-6 * np.abs(right).max()


def test_hubs_and_trees_are_narrow():
    states = 3000
    back = ring(states).tolil()
    back[:, 7] = 0.1
    assert corrections.is_narrow(sp.csr_matrix(back))
    parent = np.random.default_rng(0).integers(np.maximum(np.arange(states), 1))
    tree = sp.csr_matrix((np.ones(states), (np.arange(states), parent)), (states, states))
    assert corrections.is_narrow(tree)


def test_a_reward_far_away_is_found_in_a_few_policies():
    """Each policy alone would move the frontier by a few states against the stream."""
    states = 2000
    here = np.arange(states)
    columns = np.stack([np.minimum(here + 1, states - 1), np.maximum(here - 1, 0)], axis=1)
    weights = np.tile([[0.4, 0.6], [0.6, 0.4]], (states, 1))
    reward = np.zeros((states, 2))
    reward[0, 0], reward[-1, 1] = 0.005, 1.0
    starts = np.arange(0, 4 * states + 1, 2).astype(np.uint32)
    rows = Rows(
        starts, np.repeat(columns, 2, axis=0).ravel().astype(np.uint32),
        (1 - 1e-8) * weights.ravel(), reward,
    )  # fmt: skip
    found = refined.refine(rows, np.zeros(states), np.zeros(states, int), 1 - 1e-8, 1e-8, silent)
    assert (found.policy.argmax(axis=1) == 1).all()
    assert found.policies <= 10


@pytest.mark.parametrize("start", [0.0, np.nan, np.inf, 1e200])
def test_any_start_leads_to_the_same_value(start):
    mdp = random_tables(4, states=30, discount=1 - 1e-9).sparse()
    rows, choice = rows_of(mdp), mdp.available.argmax(axis=1)
    want = refined.refine(rows, np.zeros(30), choice, 1 - 1e-9, 1e-8, silent).value
    found = refined.refine(rows, np.full(30, start), choice, 1 - 1e-9, 1e-8, silent)
    np.testing.assert_allclose(found.value, want, rtol=1e-14)
    assert (found.policy.sum(axis=1) == 1).all()
    assert (found.policy[~mdp.available] == 0).all()


def test_policy_iteration_keeps_an_action_that_is_as_good():
    here = np.arange(50)
    rows = Rows(
        np.arange(101).astype(np.uint32), np.repeat((here + 1) % 50, 2).astype(np.uint32),
        np.full(100, 0.999), np.full((50, 2), 0.1),
    )  # fmt: skip
    reports = []
    value, choice, made = policy_iteration.iterate_policies(
        rows, 0.999, 1e-12, lambda change, target: reports.append((change, target))
    )
    np.testing.assert_allclose(value, 100.0, rtol=1e-12)
    assert made <= 3
    assert (choice == 0).all()
    assert len(reports) == made
