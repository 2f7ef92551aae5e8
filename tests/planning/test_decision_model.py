"""Solvers see actions and options through the same interface."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from hierax.planning import (
    Mellowmax,
    OptionModel,
    PolicyChain,
    action_values,
    condition_on_goals,
    evaluate_policy,
    option_model,
    primitive_model,
    solve_bellman,
)
from hierax.planning.decision_model import DecisionModel, as_decision_model, row_sums, single
from planning.models import random_policy, random_tables, tables
from planning.options.random_options import random_options
from refusals import assert_names, refusal, refuses

TABLES = random_tables(2, states=5, garbage=np.nan)
MDP = TABLES.dense()
ACTIONS = primitive_model(MDP)
OPTIONS = option_model(MDP, random_options(MDP.available, seed=1, initiation=True))
x64 = pytest.mark.usefixtures("x64")


def dense(table, available):
    """``(S, A, S)`` of a discounted transition in either layout."""
    full = table.toarray() if sp.issparse(table) else table
    return np.reshape(full, (*available.shape, -1))


@given(tables(), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_every_model_answers_by_its_reward_and_its_discounted_transition(given, seed):
    options = option_model(given.dense(), random_options(given.available, seed=seed % 1000))
    value = np.random.default_rng(seed).normal(size=len(given.available))
    for model in (given.dense(), given.sparse(), primitive_model(given.sparse()), options):
        table = dense(model.discounted_transition, model.available)
        assert model.states == len(given.available)
        assert model.expected_reward.shape == model.available.shape
        expected = table @ value
        np.testing.assert_allclose(model.expected_value(value), expected, atol=1e-13)
        q = np.where(model.available, model.expected_reward + expected, -np.inf)
        np.testing.assert_allclose(model.backup(value), q, atol=1e-13)
        np.testing.assert_allclose(action_values(model, value), q, atol=1e-13)
        assert model.contraction == pytest.approx(table.sum(axis=-1).max(), abs=1e-14)
        assert (table[~model.available] == 0).all()


@given(tables())
@settings(max_examples=25)
def test_actions_are_the_same_model_as_options_of_one_step(given):
    mdp, actions = given.dense(), primitive_model(given.dense())
    np.testing.assert_array_equal(actions.available, mdp.available)
    np.testing.assert_array_equal(actions.expected_reward, mdp.expected_reward)
    np.testing.assert_array_equal(actions.discounted_transition, mdp.discounted_transition)
    assert actions.contraction == mdp.contraction
    policy = random_policy(given.available)
    value = evaluate_policy(mdp, policy)
    np.testing.assert_allclose(evaluate_policy(actions, policy), value, rtol=1e-12, atol=1e-12)


def test_sums_of_rows_have_the_layout_of_the_table():
    table = np.arange(24.0).reshape(3, 2, 4)
    np.testing.assert_array_equal(row_sums(table), table.sum(axis=-1))
    found = row_sums(sp.csr_matrix(table.reshape(6, 4)))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, table.sum(axis=-1).ravel())


class Bandit(DecisionModel):
    """A third kind of model: one state, and arms with a reward that return to it."""

    transition: Any
    available: Any
    pays: Any

    def __init__(self, pays, discount):
        self.transition = np.full((1, len(pays), 1), discount)
        self.available = np.ones((1, len(pays)), bool)
        self.pays = np.asarray(pays)

    @property
    def expected_reward(self):
        return self.pays[None]

    @property
    def discounted_transition(self):
        return self.transition

    def expected_value(self, value):
        return self.transition[:, :, 0] * value[0]


@x64
def test_whatever_says_what_it_earns_and_where_it_leads_can_be_solved():
    bandit = Bandit([1.0, 3.0, 2.0], 0.5)
    for solve in (solve_bellman, jax.jit(solve_bellman)):
        solution = solve(bandit)
        np.testing.assert_allclose(solution.value, [6.0], atol=1e-8)
        np.testing.assert_array_equal(solution.policy, [[0, 1, 0]])
        assert solution.converged
    even = np.full((1, 3), 1 / 3)
    np.testing.assert_allclose(evaluate_policy(bandit, even), [4.0], rtol=1e-14)
    np.testing.assert_allclose(PolicyChain(bandit, even).occupancy(np.ones(1)), [2.0], rtol=1e-14)


def test_an_incomplete_kind_of_model_is_no_model():
    class Incomplete(DecisionModel):
        transition: Any
        available: Any

    with pytest.raises(TypeError, match=r"discounted_transition.*expected_reward.*expected_value"):
        Incomplete(np.zeros((1, 1, 1)), np.ones((1, 1), bool))


@pytest.mark.parametrize("model", [MDP, ACTIONS, OPTIONS], ids=["mdp", "actions", "options"])
def test_a_model_on_a_device_is_brought_to_the_host_in_float64(model):
    assert as_decision_model("model", model) is model
    found = as_decision_model("model", jax.tree.map(jnp.asarray, model))
    for leaf, wanted in zip(jax.tree.leaves(found), jax.tree.leaves(model), strict=True):
        assert not isinstance(leaf, jax.Array)
        np.testing.assert_allclose(leaf, wanted, rtol=1e-6)
    value = evaluate_policy(found, random_policy(model.available))
    assert type(value) is np.ndarray
    assert value.dtype == np.float64


@pytest.mark.parametrize("model", [None, 3, "rooms", TABLES.transition, [MDP], OptionModel])
def test_what_is_no_model_is_refused(model):
    for function in (
        lambda: solve_bellman(model),
        lambda: evaluate_policy(model, np.ones((5, 3))),
        lambda: action_values(model, np.zeros(5)),
        lambda: as_decision_model("model", model),
    ):
        given = type(model).__name__
        refuses(function, "model", "must be a TabularMDP or an OptionModel", f"got {given}")


def test_a_family_of_goals_is_solved_and_is_no_single_model():
    family = condition_on_goals(MDP, None, [0, 1], primitives=True)
    assert solve_bellman(family).value.shape == (2, 5)
    assert_names(
        refusal(evaluate_policy, family, np.ones((5, 3))),
        "model must be a TabularMDP or an OptionModel ... got GoalOptionModels",
    )
    assert_names(
        refusal(action_values, family, np.ones(5)),
        "model must be a TabularMDP or an OptionModel ... got GoalOptionModels",
    )


@pytest.mark.parametrize("model", [MDP, OPTIONS], ids=["mdp", "options"])
def test_a_stack_of_models_is_refused_outside_vmap(model):
    stack = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), model)
    sentence = refusal(single, "model", stack)
    assert_names(sentence, f"shape {(2, *model.transition.shape)}")
    assert_names(sentence, "must have three axes")
    assert refusal(solve_bellman, stack) == sentence


@x64
def test_a_stack_of_option_models_maps():
    stack = jax.tree.map(lambda leaf: np.stack([leaf, 0.5 * leaf if leaf.dtype != bool else leaf]),
                         OPTIONS)  # fmt: skip
    values = jax.jit(jax.vmap(lambda model: solve_bellman(model, Mellowmax(0.3)).value))(stack)
    for index, value in enumerate(values):
        model = jax.tree.map(lambda leaf, i=index: leaf[i], stack)
        expected = solve_bellman(model, Mellowmax(0.3), tolerance=1e-12).value
        np.testing.assert_allclose(value, expected, atol=2e-8)
