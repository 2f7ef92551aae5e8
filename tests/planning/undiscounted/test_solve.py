"""Optimal values with discount 1, against all policies of small models and known answers."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import (
    LogSumExp,
    TabularMDP,
    evaluate_policy,
    himo,
    occupancy,
    primitive_model,
    solve_bellman,
)
from hierax.planning.option_gradient import train_options
from hierax.planning.undiscounted.pairs import is_undiscounted
from planning.undiscounted.by_policies import (
    ADDS_UP,
    EARNS,
    best_of_all_policies,
    model,
    random_tables,
)
from refusals import refusal, refuses

MODELS = 800


def judged(seed):
    """How the solver fares beside all policies: "solved", or the reason of both for refusing."""
    tables = random_tables(seed)
    expected = best_of_all_policies(tables)
    mdp = model(tables)
    if isinstance(expected, str):
        sentence = refusal(solve_bellman, mdp)
        assert (EARNS in sentence) or (ADDS_UP in sentence and expected == ADDS_UP), sentence
        return expected
    if np.isinf(expected).any():
        state = int(np.argmax(np.isinf(expected)))
        assert f"state {state}:" in refusal(solve_bellman, mdp)
        return "no end"
    found = solve_bellman(mdp)
    assert found.converged
    assert np.abs(found.value - expected).max() <= found.error_bound + 1e-13  # of the oracle
    np.testing.assert_allclose(evaluate_policy(mdp, found.policy), expected, atol=1e-8)
    if not is_undiscounted(mdp):
        return "discounted"
    assert found.error_bound < 1e-9
    return "solved"


def test_values_are_those_of_the_best_policy_of_small_models():
    found = [judged(seed) for seed in range(MODELS)]
    counts = collections.Counter(found)
    assert min(counts[kind] for kind in (EARNS, ADDS_UP, "no end")) > 10, counts
    assert counts["solved"] > 500, counts


def corridor(length, cost=1.0):
    """Two actions, west and east; each step costs ``cost`` until the last state, which is kept."""
    east = np.minimum(np.arange(length) + 1, length - 1)
    west = np.maximum(np.arange(length) - 1, 0)
    west[-1] = length - 1
    matrices = [
        sp.csr_array((np.ones(length), (np.arange(length), ends)), shape=(length, length))
        for ends in (west, east)
    ]
    reward = np.full((length, 2), -cost)
    reward[-1] = 0.0
    return TabularMDP(matrices, reward, 1.0, initial=0)


@pytest.mark.parametrize("length", [2, 100, 5_000])
def test_a_corridor_costs_its_length(length):
    mdp = corridor(length)
    found = solve_bellman(mdp)
    assert found.converged
    np.testing.assert_allclose(found.value, np.arange(length) - (length - 1.0), atol=1e-8)
    assert (found.policy[:-1, 1] == 1.0).all()
    np.testing.assert_allclose(evaluate_policy(mdp, found.policy), found.value, atol=1e-8)


def test_a_gambler_who_plays_boldly_or_timidly_reaches_100_as_often_where_the_game_is_fair():
    # Every policy of a fair game that ends has the value s / 100 (optional stopping).
    states = 101
    matrices = []
    for stake in (1, 10):
        ends = np.arange(states)
        step = np.where(
            (ends == 0) | (ends == 100), 0, np.minimum(stake, np.minimum(ends, 100 - ends))
        )
        table = np.zeros((states, states))
        table[ends, ends + step] += 0.5
        table[ends, ends - step] += 0.5
        matrices.append(table)
    transition = np.stack(matrices, axis=1)
    reward = transition[:, :, 100].copy()
    reward[100] = 0.0
    found = solve_bellman(TabularMDP(transition, reward, 1.0))
    assert found.converged
    np.testing.assert_allclose(found.value[:100], np.arange(100) / 100, atol=1e-9)
    assert found.value[100] == 0.0


def test_the_optimal_value_is_the_limit_of_discounts_towards_1():
    mdp = corridor(50)
    near = solve_bellman(mdp.with_discount(1.0 - 1e-9))
    np.testing.assert_allclose(near.value, solve_bellman(mdp).value, atol=1e-5)


def test_a_state_that_can_be_kept_without_reward_is_worth_what_it_leads_to():
    # State 0 may wait without cost, or go to state 1, which pays 5 and ends.
    transition = np.zeros((3, 2, 3))
    transition[0, 0, 0] = transition[0, 1, 1] = transition[1, :, 2] = transition[2, :, 2] = 1.0
    reward = np.array([[0.0, 0.0], [5.0, 5.0], [0.0, 0.0]])
    mdp = TabularMDP(transition, reward, 1.0)
    found = solve_bellman(mdp)
    np.testing.assert_allclose(found.value, [5.0, 5.0, 0.0])
    assert found.policy[0].tolist() == [0.0, 1.0]  # waiting for ever is as good in one step only
    np.testing.assert_allclose(evaluate_policy(mdp, found.policy), found.value)
    assert evaluate_policy(mdp, [0, 0, 0]).tolist() == [0.0, 5.0, 0.0]


def answer(mdp):
    """The value of a model, or the sentence that refuses it."""
    try:
        return solve_bellman(mdp).value
    except ValueError as error:
        return str(error)


def test_sparse_and_dense_models_have_the_same_solution():
    for seed in range(100):
        tables = random_tables(seed)
        transition, *rest, available = tables
        matrices = [sp.csr_array(transition[:, a]) for a in range(transition.shape[1])]
        found = answer(TabularMDP(matrices, *rest, available=available))
        expected = answer(model(tables))
        if isinstance(expected, str):
            assert found == expected
        else:
            np.testing.assert_allclose(found, expected, atol=1e-9)


def test_other_operators_and_methods_are_refused():
    mdp = corridor(4)
    refuses(lambda: solve_bellman(mdp, LogSumExp(0.1)), "operator ... HardMax() ... LogSumExp")
    refuses(lambda: solve_bellman(mdp, method="value_iteration"), "method ... 'policy_iteration'")


def test_planners_that_need_a_discount_say_so():
    mdp = corridor(4)
    refuses(lambda: himo(mdp), "discount must be below 1 ... with_discount")
    refuses(lambda: primitive_model(mdp), "discount must be below 1")
    refuses(lambda: train_options(mdp, [0], 1), "discount must be below 1")


def test_policies_with_rewards_for_ever_are_refused():
    refuses(lambda: evaluate_policy(corridor(4), [0, 0, 0, 0]), "must end ... state 0 ... -1")


def test_visits_of_a_state_that_is_kept_are_infinite():
    visits = occupancy(corridor(4), [1, 1, 1, 1])
    assert visits.tolist() == [1.0, 1.0, 1.0, np.inf]


def test_discount_1_is_refused_under_jax_transformations():
    mdp = corridor(3)
    table = mdp.transition.toarray().reshape(3, 2, 3)

    def start(reward):
        return solve_bellman(TabularMDP(table, reward, 1.0)).value[0]

    refuses(lambda: jax.grad(start)(jnp.zeros((3, 2))), "discount ... below 1 under jit, grad")
