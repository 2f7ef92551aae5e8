"""The compiled search: its error bound, and convergence of every kind of sweep."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from hierax.planning import HardMax, TabularMDP, chain, greedy
from hierax.planning.linear import transition_of_chain
from hierax.planning.sweeps import rows_of
from planning.models import optimal_value, random_tables, tables


def backup(mdp: TabularMDP, value: np.ndarray) -> np.ndarray:
    """Action values of one Jacobi backup, ``-inf`` at unavailable pairs."""
    table = mdp.discounted_transition.reshape(-1, mdp.states)
    q = mdp.reward + (table @ value).reshape(mdp.reward.shape)
    return np.where(mdp.available, q, -np.inf)


def residual(mdp: TabularMDP, value: np.ndarray) -> float:
    """``‖T v - v‖∞``, at least ``1 - c`` of the distance to the optimal value."""
    return float(np.abs(backup(mdp, value).max(axis=1) - value).max())


def run(mdp: TabularMDP, target: float, rounds: int = 10_000):
    """A search to its end; value in the model's order, the search and its record."""
    search, _ = greedy.prepare(*rows_of(mdp))
    record = greedy.new_record()
    assert greedy.advance(search, target, record, rounds)
    return search.value[search.rank], search, record


def model(columns: np.ndarray, weights: np.ndarray, reward: np.ndarray, discount) -> TabularMDP:
    """A sparse model from the successors ``(S, A, k)`` and their probabilities."""
    states, actions, branching = columns.shape
    rows = np.repeat(np.arange(states), branching)
    tables = [
        sp.csr_matrix((weights[:, a].ravel(), (rows, columns[:, a].ravel())), (states, states))
        for a in range(actions)
    ]
    return TabularMDP(tables, reward, discount)


def corridor(states: int = 300, discount: float = 0.999) -> TabularMDP:
    """Steps left and right that slip, and a goal at the left end with a reward for staying."""
    here = np.arange(states)
    columns = np.stack([np.maximum(here - 1, 0), np.minimum(here + 1, states - 1)], axis=1)
    columns = np.stack([columns, columns[:, ::-1]], axis=1)
    weights = np.broadcast_to([0.9, 0.1], columns.shape)
    return model(columns, weights, np.eye(1, states).T * [1.0, 0.0], discount)


def loop(states: int = 300, discount: float = 0.9999) -> TabularMDP:
    """A ring walked at random: sweeps in any order are slow."""
    generator, here = np.random.default_rng(0), np.arange(states)
    columns = np.stack([(here + 1) % states, here - 1], axis=1) % states
    columns = np.stack([columns, columns], axis=1)
    weights = np.stack([np.full((states, 2), 0.5), np.full((states, 2), [0.52, 0.48])], axis=1)
    return model(columns, weights, generator.random((states, 2)), discount)


def random_graph(states: int = 300, discount=0.999) -> TabularMDP:
    generator = np.random.default_rng(1)
    columns = generator.integers(states, size=(states, 3, 5))
    weights = generator.dirichlet(np.ones(5), (states, 3))
    return model(columns, weights, generator.normal(size=(states, 3)), discount)


@given(given_tables=tables(), seed=st.integers(0, 1000))
def test_the_certificate_is_a_jacobi_backup(given_tables, seed):
    mdp = given_tables.dense()
    value = np.random.default_rng(seed).normal(size=mdp.states)
    q, policy, left, size = greedy.certify(*rows_of(mdp), value)
    np.testing.assert_allclose(q, backup(mdp, value), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(policy, HardMax().policy(q))
    assert left == pytest.approx(residual(mdp, value), rel=1e-12, abs=1e-13)
    assert size == np.abs(value).max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("places", [[0], [2], [4], [0, 4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("kind", ["stochastic", "sparse", "absorbing"])
def test_a_value_that_is_no_number_is_never_certified(bad, places, kind):
    rows = rows_of(random_tables(0, kind=kind).sparse())
    value = np.zeros(5)
    value[places] = bad
    assert not greedy.certify(*rows, value)[2] < np.inf


@given(given_tables=tables())
def test_the_layout_is_the_model_without_self_loops(given_tables):
    mdp = given_tables.dense()
    search, contraction = greedy.prepare(*rows_of(mdp))
    states, rank = np.arange(mdp.states), search.rank.astype(int)
    order = np.argsort(rank)
    table = given_tables.discounted_transition()[order][:, :, order]
    assert contraction == pytest.approx(table.sum(axis=2).max(), rel=1e-13)
    stays = 1.0 - table[states, :, states]
    table[states, :, states] = 0.0
    entries = (search.weights, search.columns, search.starts)
    got = sp.csr_matrix(entries, shape=(mdp.states * mdp.actions, mdp.states)).toarray()
    np.testing.assert_allclose(got, (table / stays[..., None]).reshape(got.shape), rtol=1e-11)
    reward = np.where(mdp.available, given_tables.expected_reward(), -np.inf)[order] / stays
    np.testing.assert_allclose(search.reward, reward, rtol=1e-11)


@given(given_tables=tables((0.0, 0.5, 0.9, 0.99)))
def test_small_models_of_every_kind_reach_the_best_of_all_policies(given_tables):
    """Among them single states, ragged ones, absorbing and entered goals, and halves apart."""
    mdp = given_tables.dense()
    value, search, _ = run(mdp, 1e-11)
    want = optimal_value(given_tables)
    np.testing.assert_allclose(value, want, rtol=0, atol=1e-8 + 1e-11 * np.abs(want).max())
    chosen = search.choice[search.rank].astype(int)
    assert mdp.available[np.arange(mdp.states), chosen].all()


@pytest.mark.parametrize(
    ("make", "mixing"), [(corridor, False), (loop, False), (random_graph, True)]
)
@pytest.mark.parametrize("target", [1e-2, 1e-6, 1e-9])
def test_every_way_ends_at_the_fixed_point_in_few_rounds(make, mixing, target):
    mdp = make()
    value, search, record = run(mdp, target)
    assert search.mixing == mixing
    assert residual(mdp, value) <= 1.5 * target
    assert record[0] <= 30


def test_a_walk_that_sweeps_solve_slowly_is_left_to_krylov():
    mdp = loop()
    _, search, record = run(mdp, 1e-8)
    w = transition_of_chain(search.chain).toarray()
    want = np.linalg.solve(np.eye(mdp.states) - w, search.chain.reward)
    value = np.zeros(mdp.states)
    for _ in range(int(record[0]) * greedy.MOST_SWEEPS):
        chain.relax(search.chain, value)
    assert np.abs(search.value - want).max() < 1e-4 * np.abs(value - want).max()


def test_the_chain_is_that_of_the_chosen_actions():
    for mdp in (corridor(40), loop(40), random_graph(40)):
        _, search, _ = run(mdp, 1e-9)
        pairs = np.arange(40) * mdp.actions + search.choice
        entries = (search.weights, search.columns, search.starts)
        table = sp.csr_matrix(entries, shape=(40 * mdp.actions, 40)).toarray()[pairs]
        np.testing.assert_allclose(transition_of_chain(search.chain).toarray(), table, rtol=1e-13)
        np.testing.assert_allclose(search.chain.leak, 1.0 - table.sum(axis=1), atol=1e-14)
        np.testing.assert_array_equal(search.chain.reward, search.reward.ravel()[pairs])


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_a_periodic_cycle_has_its_closed_form(length):
    here, discount = np.arange(length), 0.99
    reward = np.eye(1, length).T
    mdp = model((here[:, None, None] + 1) % length, np.ones((length, 1, 1)), reward, discount)
    value, _, _ = run(mdp, 1e-12)
    want = discount ** (-here % length) / (1.0 - discount**length)
    np.testing.assert_allclose(value, want, rtol=1e-10)


def test_an_entered_goal_in_a_model_that_mixes():
    discount = np.where(np.arange(300) == 7, 0.0, 0.99)
    mdp = random_graph(discount=discount)
    value, search, _ = run(mdp, 1e-9)
    assert search.mixing
    assert residual(mdp, value) <= 2e-9


def test_a_right_level_of_a_wrong_policy_does_not_end_the_search():
    """At value 0 waiting looks best everywhere, and its chain is solved by one change of level."""
    states, generator = 60, np.random.default_rng(0)
    others = (np.arange(states)[:, None] + generator.permuted(
        np.tile(np.arange(1, states), (states, 1)), axis=1
    )[:, :10]) % states  # fmt: skip
    columns = np.zeros((states, 2, 11), int)
    columns[:, :, 1:], columns[:, :, 0] = others[:, None], np.arange(states)[:, None]
    weights = np.tile(np.array([[0.0] + [0.1] * 10, [0.5] + [0.05] * 10]), (states, 1, 1))
    mdp = model(columns, weights, np.tile([1.0, 0.6], (states, 1)), 0.99)
    value, search, _ = run(mdp, 1e-9)
    assert search.mixing
    np.testing.assert_allclose(value, 100.0, rtol=1e-7)


@pytest.mark.parametrize("make", [corridor, loop, random_graph])
def test_rounds_one_by_one_are_the_same_search(make):
    mdp = make(60)
    want, _, all_at_once = run(mdp, 1e-9)
    search, _ = greedy.prepare(*rows_of(mdp))
    record = greedy.new_record()
    while not greedy.advance(search, 1e-9, record, 1):
        assert record[0] < 100
    np.testing.assert_array_equal(search.value[search.rank], want)
    np.testing.assert_array_equal(record, all_at_once)


@pytest.mark.parametrize("make", [corridor, loop, random_graph])
def test_sweeps_alone_converge_once_evaluations_are_spent(make):
    mdp = make(60, 0.9)
    search, _ = greedy.prepare(*rows_of(mdp))
    record = greedy.new_record()
    record[0] = greedy.MOST_EVALUATIONS
    assert greedy.advance(search, 1e-9, record, 300)
    assert record[0] > greedy.MOST_EVALUATIONS + 5
    assert residual(mdp, search.value[search.rank]) <= 2e-9


@pytest.mark.parametrize("make", [corridor, loop, random_graph])
@pytest.mark.parametrize("places", [slice(None), slice(5, 6), slice(0, 1)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_search_recovers_from_a_value_that_is_no_number(make, places, bad):
    """As an evaluation that overflows may leave one."""
    mdp = make(60, 0.9)
    search, _ = greedy.prepare(*rows_of(mdp))
    record = greedy.new_record()
    greedy.advance(search, 1e-9, record, 1)
    search.value[places] = bad
    assert greedy.advance(search, 1e-9, record, 1000)
    assert residual(mdp, search.value[search.rank]) <= 2e-9
