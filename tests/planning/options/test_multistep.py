"""λ-models of one policy: the identities I1, I2, I3 and I18, and three common mistakes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hierax.planning import (
    TabularMDP,
    evaluate_policy,
    execution_occupancy,
    multistep_model,
    successor_representation,
)
from hierax.planning.options import multistep
from planning.models import random_policy, random_tables, tables
from planning.options.random_options import followed
from refusals import assert_names, refusal

SEEDS = st.integers(0, 2**32 - 1)
MODERATE = tables((0.0, 0.5, 0.9))


def case(seed=0, discount=0.9, **settings):
    """Tables, a policy of them, and a λ that is 0 in some states and 1 in others."""
    given = random_tables(seed, states=6, discount=discount, **settings)
    continuation = np.random.default_rng(seed).random(6)
    continuation[:2] = 0.0, 1.0
    return given, random_policy(given.available, seed), continuation


def chain(given, policy):
    """``T_π`` and ``r_π``."""
    return (
        np.einsum("sa,sat->st", policy, given.discounted_transition()),
        np.einsum("sa,sa->s", policy, given.expected_reward()),
    )


@given(MODERATE, SEEDS)
def test_the_value_is_that_of_the_model_whatever_the_continuation(given, seed):
    policy = random_policy(given.available, seed)
    continuation = np.random.default_rng(seed).random(len(policy))
    mdp = given.dense()
    value = evaluate_policy(mdp, policy)
    model = multistep_model(mdp, policy, continuation)
    # I1: 1e-10 asked, and 1e-12 of the values reached.
    size = max(1.0, np.abs(value).max())
    np.testing.assert_allclose(model.reward + model.transition @ value, value, atol=1e-12 * size)


@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9, 0.99]))
def test_what_an_option_keeps_is_one_less_its_duration_discounted(seed, discount):
    given, policy, continuation = case(seed, discount)
    mdp = given.dense()
    model = multistep_model(mdp, policy, continuation)
    occupancy = execution_occupancy(mdp, policy, continuation)
    # I2: 1e-12.
    mass = model.transition.sum(axis=1)
    np.testing.assert_allclose(mass, 1 - (1 - discount) * model.duration, atol=1e-12)
    np.testing.assert_allclose(occupancy.sum(axis=1), model.duration, rtol=1e-14)
    assert (occupancy >= np.eye(6) - 1e-14).all()
    assert (model.transition >= -1e-14).all()
    assert mass.max() <= discount + 1e-12


@given(MODERATE, SEEDS)
def test_the_limits_are_one_step_and_the_whole_value(given, seed):
    policy = random_policy(given.available, seed)
    mdp, (transition, reward) = given.dense(), chain(given, policy)
    one_step, whole = (multistep_model(mdp, policy, continuation) for continuation in (0.0, 1.0))
    # I3: 1e-12, relative where values are large.
    np.testing.assert_allclose(one_step.reward, reward, atol=1e-12)
    np.testing.assert_allclose(one_step.transition, transition, atol=1e-12)
    np.testing.assert_allclose(one_step.duration, 1.0, atol=1e-12)
    np.testing.assert_allclose(whole.reward, evaluate_policy(mdp, policy), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(whole.transition, 0.0)
    np.testing.assert_allclose(
        execution_occupancy(mdp, policy, 1.0), successor_representation(mdp, policy), atol=1e-12
    )


@pytest.mark.parametrize("continuation", [0.0, 0.3, 0.9])
def test_a_constant_continuation_gives_the_lambda_return(continuation):
    given, policy, _ = case(3)
    transition, reward = chain(given, policy)
    value = np.random.default_rng(3).normal(size=6)
    expected, earned, power = np.zeros(6), np.zeros(6), np.eye(6)
    for step in range(1_000):
        earned = earned + power @ reward
        power = power @ transition
        expected += continuation**step * (1 - continuation) * (earned + power @ value)
    model = multistep_model(given.dense(), policy, continuation)
    # I18: 1e-10.
    np.testing.assert_allclose(model.reward + model.transition @ value, expected, atol=1e-10)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("discount_kind", ["number", "state", "transition"])
def test_a_model_is_what_happens_step_by_step(layout, discount_kind):
    for kind in ("stochastic", "deterministic", "absorbing"):
        given, policy, continuation = case(5, kind=kind, discount_kind=discount_kind, reward_axes=3)
        model = multistep_model(getattr(given, layout)(), policy, continuation)
        table, reward = given.discounted_transition(), given.expected_reward()
        expected = followed(table, reward, policy, 1.0 - continuation)
        for found, wanted in zip(model, expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_trap_1_a_continuation_of_0_at_the_start_still_takes_a_step():
    given, policy, continuation = case(0)
    assert continuation[0] == 0.0
    mdp, (transition, reward) = given.dense(), chain(given, policy)
    model = multistep_model(mdp, policy, continuation)
    # The identity I1 holds for the other convention too; only this tells them apart: it would end
    # at once, with reward and duration 0.
    here = reward[0] + transition[0] @ (continuation * model.reward)
    np.testing.assert_allclose(model.reward[0], here, atol=1e-12)
    assert abs(here) > 0.1
    assert model.duration[0] > 1.0
    at_once = multistep_model(mdp, policy, 0.0)
    np.testing.assert_allclose(at_once.reward, reward, atol=1e-15)
    np.testing.assert_array_equal(at_once.duration, 1.0)


def test_trap_3_the_identity_is_kept():
    given, policy, continuation = case(1)
    mdp, (_, reward) = given.dense(), chain(given, policy)
    assert (np.diag(execution_occupancy(mdp, policy, continuation)) >= 1.0).all()
    np.testing.assert_array_equal(execution_occupancy(mdp, policy, 0.0), np.eye(6))
    np.testing.assert_allclose(multistep_model(mdp, policy, 0.0).reward, reward, rtol=1e-14)


RING = TabularMDP(np.eye(3)[[[1], [2], [0]]], np.ones((3, 1)), 0.5)  # 0 -> 1 -> 2 -> 0


def test_trap_4_the_continuation_belongs_to_the_state_entered():
    model = multistep_model(RING, np.ones((3, 1)), [1.0, 0.0, 1.0])  # control returns in 1
    found = execution_occupancy(RING, np.ones((3, 1)), [1.0, 0.0, 1.0])
    # Scaling rows would let a start in 1 end after one step, and one in 0 run on.
    np.testing.assert_allclose(found, [[1, 0, 0], [0.25, 1, 0.5], [0.5, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(
        model.transition, [[0, 0.5, 0], [0, 0.125, 0], [0, 0.25, 0]], atol=1e-15
    )
    np.testing.assert_allclose(model.duration, [1, 1.75, 1.5], atol=1e-15)


def test_trap_5_continuing_comes_before_ending():
    given, policy, continuation = case(2)
    transition, _ = chain(given, policy)
    occupancy = execution_occupancy(given.dense(), policy, continuation)
    found = multistep_model(given.dense(), policy, continuation).transition
    ending = transition * (1.0 - continuation)
    np.testing.assert_allclose(found, occupancy @ ending, atol=1e-13)
    assert np.abs(found - ending @ occupancy).max() > 0.05


@pytest.mark.usefixtures("x64")
def test_the_continuation_cannot_change_the_value_of_its_own_policy():
    given, policy, continuation = case(4)
    mdp, (transition, reward) = given.dense(), chain(given, policy)
    weights = np.random.default_rng(0).normal(size=6)

    def outcome(continuation, value):
        model = multistep_model(mdp, policy, continuation)
        return weights @ (model.reward + model.transition @ value)

    slope = jax.jit(jax.grad(outcome))
    value = evaluate_policy(mdp, policy)
    np.testing.assert_allclose(slope(continuation, value), 0.0, atol=1e-12)
    # Of another value: (T_πᵀ Nᵀ c) ∘ (x - v), option_gradient.md, 1.3.
    other = value + np.random.default_rng(1).normal(size=6)
    occupancy = np.linalg.inv(np.eye(6) - transition * continuation)
    backup = occupancy @ (reward + (transition * (1 - continuation)) @ other)
    expected = (transition.T @ occupancy.T @ weights) * (backup - other)
    np.testing.assert_allclose(slope(continuation, other), expected, atol=1e-12)


@pytest.mark.usefixtures("x64")
def test_both_engines_hold_the_same_numbers():
    given, policy, continuation = case(6, discount_kind="transition")
    mdp = given.dense()
    for found, wanted in zip(
        jax.jit(multistep_model)(mdp, policy, continuation),
        multistep_model(mdp, policy, continuation),
        strict=True,
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-13)


@given(tables((0.0, 0.5, 0.9)), SEEDS)
@settings(max_examples=20)
def test_dense_and_sparse_agree(given, seed):
    policy = random_policy(given.available, seed)
    dense, sparse = (multistep_model(mdp, policy, 0.4) for mdp in (given.dense(), given.sparse()))
    for one, other in zip(dense, sparse, strict=True):
        assert type(other) is np.ndarray
        np.testing.assert_allclose(one, other, atol=1e-13)


def test_arrays_on_a_device_are_computed_with_in_float64():
    mdp = jax.tree.map(jnp.asarray, RING)
    model = multistep_model(mdp, jnp.ones((3, 1)), jnp.asarray([1.0, 0.0, 1.0]))
    for table in model:
        assert type(table) is np.ndarray
        assert table.dtype == np.float64


@pytest.mark.parametrize("function", [execution_occupancy, multistep_model])
@pytest.mark.parametrize(
    ("continuation", "words"),
    [
        (1.1, "in [0, 1] ... 1.1"), (-1e-9, "-1e-09"), (np.nan, "nan"),
        ([0.5, 0.5, -1.0], "-1.0 at state 2"), (np.ones(2), "shape () or (3,) ... (2,)"),
        (np.ones((3, 1)), "(3, 1)"), (None, "NoneType"), ("all", "str 'all'"),
    ],
)  # fmt: skip
def test_bad_continuations_are_refused(function, continuation, words):
    sentence = refusal(function, RING, np.ones((3, 1)), continuation)
    assert sentence.startswith("continuation")
    assert_names(sentence, words)


@pytest.mark.parametrize("function", [execution_occupancy, multistep_model])
def test_bad_models_and_policies_are_refused(function):
    assert_names(
        refusal(function, None, np.ones((3, 1)), 0.5), "mdp must be a TabularMDP ... got NoneType"
    )
    assert_names(refusal(function, RING, np.ones((2, 1)), 0.5), "policy must have shape ... (2, 1)")
    assert_names(refusal(function, RING, np.full((3, 1), 2.0), 0.5), "sum to 1 ... 2 at state 0")
    stack = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), RING)
    assert_names(refusal(function, stack, np.ones((3, 1)), 0.5), "stack of models")


def test_a_model_too_large_for_a_dense_inverse_is_refused(monkeypatch):
    monkeypatch.setattr(multistep, "LARGEST_EXECUTION", 2)
    sentence = refusal(multistep_model, RING, np.ones((3, 1)), 0.5)
    assert_names(sentence, "at most 2 states ... 3")
    assert_names(sentence, "at most 2")


def test_without_64_bit_types_the_refusal_says_what_to_do():
    made = jax.jit(lambda continuation: multistep_model(RING, np.ones((3, 1)), continuation).reward)
    assert_names(refusal(made, 0.5), 'jax.config.update("jax_enable_x64", True)')
