"""Compiled sweeps against the same sweeps written out in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.planning import Boltzmann, HardMax, LogSumExp, Mellowmax, chain, greedy, sweeps
from hierax.planning.linear import transition_of_chain
from planning.models import random_tables

OPERATORS = [HardMax(), LogSumExp(0.3), Mellowmax(0.3), Boltzmann(0.3)]


def model(seed: int, **options):
    return random_tables(seed, ragged=True, **options).sparse()


def swept(mdp, operator, value, *, jacobi, backward, eliminate):
    """One sweep, state after state."""
    table, new = np.asarray(mdp.discounted_transition.todense()), value.copy()
    table = table.reshape(mdp.states, mdp.actions, mdp.states)
    for state in range(mdp.states)[:: -1 if backward else 1]:
        source = value if jacobi else new
        q = mdp.reward[state] + table[state] @ source
        if eliminate:
            loop = table[state, :, state]
            q = (q - loop * source[state]) / (1.0 - loop)
        new[state] = operator.value(q, mdp.available[state])
    return new


@pytest.mark.parametrize("operator", OPERATORS)
@given(seed=st.integers(0, 1000), jacobi=st.booleans(), backward=st.booleans())
def test_a_bellman_sweep_is_the_sweep_written_out(operator, seed, jacobi, backward):
    mdp = model(seed)
    value = np.random.default_rng(seed).normal(size=mdp.states)
    eliminate = isinstance(operator, HardMax) and not jacobi
    want = swept(mdp, operator, value, jacobi=jacobi, backward=backward, eliminate=eliminate)
    result = np.empty_like(value) if jacobi else value.copy()
    policy, bonus = np.zeros((mdp.states, mdp.actions)), np.zeros(mdp.states)
    change, largest = sweeps.bellman_sweep(
        sweeps.rows_of(mdp), value if jacobi else result, result, policy, bonus,
        sweeps.operator_code(operator), backward, eliminate,
    )  # fmt: skip
    np.testing.assert_allclose(result, want, rtol=1e-12, atol=1e-12)
    assert change == pytest.approx(np.abs(want - value).max(), rel=1e-12, abs=1e-12)
    assert largest == np.abs(result).max()
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, rtol=1e-12)
    assert (policy[~mdp.available] == 0).all()


@given(seed=st.integers(0, 1000))
def test_chain_elimination_keeps_the_value(seed):
    mdp = model(seed)
    generator = np.random.default_rng(seed)
    policy = np.where(mdp.available, generator.random((mdp.states, mdp.actions)), 0.0)
    policy /= policy.sum(axis=1, keepdims=True)
    bonus = generator.normal(size=mdp.states)
    made = sweeps.chain_of_policy(sweeps.rows_of(mdp), policy, bonus)
    table = np.asarray(mdp.discounted_transition.todense()).reshape(*policy.shape, -1)
    mixed = np.einsum("sa,sat->st", policy, table)
    reward = (policy * mdp.reward).sum(axis=1) + bonus
    want = np.linalg.solve(np.eye(mdp.states) - mixed, reward)
    w = transition_of_chain(made).toarray()
    assert (np.diag(w) == 0).all()
    np.testing.assert_allclose(made.leak, 1.0 - w.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.solve(np.eye(mdp.states) - w, made.reward), want, rtol=1e-9
    )
    for state in range(mdp.states):
        left = made.columns[made.first[state] : made.middle[state]]
        right = made.columns[made.middle[state] : made.stop[state]]
        assert (left < state).all()
        assert (right > state).all()
    value = np.zeros(mdp.states)
    sweeps.evaluation_sweeps(made, value, 20_000, 0.0)
    np.testing.assert_allclose(value, want, rtol=1e-9, atol=1e-9)


def ring(states: int, discount: float):
    """Every state goes on by one or two; the chain and its exact value."""
    table = np.zeros((states, 1, states))
    for state in range(states):
        table[state, 0, [(state + 1) % states, (state + 2) % states]] = 0.5 * discount
    reward = np.random.default_rng(0).random((states, 1))
    rows = sweeps.compress(table, reward, np.ones((states, 1), bool))
    made = sweeps.chain_of_policy(rows, np.ones((states, 1)), np.zeros(states))
    return made, np.linalg.solve(np.eye(states) - table[:, 0], reward[:, 0])


def test_a_wrong_level_is_removed_at_once():
    made, want = ring(9, 0.999)
    for repair in (sweeps.shift_level, lambda c, v: chain.mix(c, v, np.empty_like(v))):
        value = want + 7.0
        repair(made, value)
        np.testing.assert_allclose(value, want, rtol=1e-11)


def test_the_level_stays_where_it_is_not_what_is_wrong():
    made, want = ring(9, 0.9)
    value = want + np.where(np.arange(9) % 2, 1.0, -1.0)
    before = value.copy()
    sweeps.shift_level(made, value)
    np.testing.assert_array_equal(value, before)


def test_over_relaxation_brings_a_directed_walk_home():
    """On a walk that drifts to its end, plain Gauss-Seidel needs a sweep every dozen states."""
    states, forward = 400, 0.93
    table = np.zeros((states, 1, states))
    for state in range(1, states):
        table[state, 0, state - 1] = forward
        table[state, 0, min(state + 1, states - 1)] += 1 - forward
    table[0, 0, 0] = 1.0
    reward = np.zeros((states, 1))
    reward[0] = 1.0
    rows = sweeps.compress(0.999 * table, reward, np.ones((states, 1), bool))
    search, _ = greedy.prepare(*rows)
    greedy.advance(search, 0.0, greedy.new_record(), 1)
    want = np.linalg.solve(np.eye(states) - 0.999 * table[:, 0], reward[:, 0])
    residuals = []
    for relaxation in (search.chain.relaxation.copy(), np.ones(states)):
        search.chain.relaxation[:] = relaxation
        value = np.zeros(states)
        for _ in range(12):
            chain.relax(search.chain, value)
        residuals.append(np.abs(value[search.rank] - want).max())
    assert residuals[0] < 1e-6 * residuals[1]


def test_states_are_ordered_outwards_from_the_best_reward():
    """A corridor of five states with the reward in state 3, and a state that reaches nothing."""
    moves = np.zeros((6, 2, 6))
    for state in range(5):
        moves[state, 0, max(state - 1, 0)] = moves[state, 1, min(state + 1, 4)] = 1.0
    moves[5, :, 5] = 1.0
    reward = np.zeros((6, 2))
    reward[3, 0] = 1.0
    rows = sweeps.compress(0.9 * moves, reward, np.ones((6, 2), bool))
    rank = greedy.prepare(*rows)[0].rank
    order = np.argsort(rank)
    distance = np.abs(order[:5].astype(int) - 3)
    assert (np.diff(distance) >= 0).all()
    assert order[5] == 5


def test_a_random_graph_mixes_and_a_corridor_does_not():
    generator = np.random.default_rng(0)
    random = np.zeros((400, 1, 400))
    random[np.arange(400)[:, None], 0, generator.integers(400, size=(400, 5))] = 0.2
    corridor = np.zeros((400, 1, 400))
    corridor[np.arange(400), 0, np.minimum(np.arange(400) + 1, 399)] = 0.9
    for table, mixing in ((random, True), (corridor, False)):
        rows = sweeps.compress(table, np.zeros((400, 1)), np.ones((400, 1), bool))
        assert greedy.prepare(*rows)[0].mixing == mixing
