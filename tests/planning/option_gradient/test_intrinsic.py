"""Options from intrinsic rewards: soft-optimal policies and parametric terminations."""

import functools

import jax
import numpy as np
import pytest

from hierax.planning import HardMax, LogSumExp, Mellowmax
from hierax.planning.option_gradient import IntrinsicOptions
from planning.models import random_tables
from planning.option_gradient.bilevel_oracle import soft_plan
from refusals import assert_names, refusal

OPTIONS, STATES, ACTIONS = 3, 6, 3
TAU, DISCOUNT = 0.3, 0.8
TABLES = random_tables(2, STATES, ACTIONS, garbage=np.nan)
MDP = TABLES.dense()
AVAILABLE = MDP.available
FORMS = pytest.mark.parametrize("pairs", [False, True], ids=["entered", "pairs"])
TASKS = pytest.mark.parametrize("intrinsic", ["plain", "termination_aware"])
x64 = pytest.mark.usefixtures("x64")


def parameters(pairs, seed=0):
    rng = np.random.default_rng(seed)
    shape = (OPTIONS, STATES, ACTIONS) if pairs else (OPTIONS, STATES)
    return rng.normal(size=shape), rng.normal(size=(OPTIONS, STATES)) - 1.0


def library(reward, logits, tau=TAU, **settings):
    return IntrinsicOptions(
        reward, logits, operator=LogSumExp(tau), **({"discount": DISCOUNT} | settings)
    )


def on_pairs(reward):
    return reward if reward.ndim == 3 else np.einsum("sat,kt->ksa", MDP.transition, reward)


def sigmoid(logits):
    return 1.0 / (1.0 + np.exp(-logits))


@FORMS
@TASKS
def test_policies_are_soft_optimal_for_the_intrinsic_reward(pairs, intrinsic):
    reward, logits = parameters(pairs)
    option = library(reward, logits, intrinsic=intrinsic).option(MDP)
    for k, table in enumerate(on_pairs(reward)):
        goes_on = 1.0 - sigmoid(logits[k]) if intrinsic == "termination_aware" else 1.0
        discounted = MDP.transition * DISCOUNT * goes_on
        _, expected = soft_plan(table, discounted, AVAILABLE, TAU, mellow=False)
        np.testing.assert_allclose(option.policy[k], expected, atol=1e-9)


def test_terminations_are_sigmoids_that_do_not_overflow():
    reward, logits = parameters(pairs=False)
    np.testing.assert_allclose(library(reward, logits).termination, sigmoid(logits), rtol=1e-14)
    extreme = np.where(logits > -1.0, 1e30, -1e30)
    np.testing.assert_array_equal(library(reward, extreme).termination, extreme > 0)
    np.testing.assert_array_equal(
        library(reward, logits).option(MDP).termination, library(reward, logits).termination
    )


def test_the_discount_is_that_of_the_model_unless_one_is_given():
    theta = parameters(pairs=True)
    by_default = library(*theta, discount=None).option(MDP).policy
    given = library(*theta, discount=MDP.discount).option(MDP.with_discount(0.1)).policy
    np.testing.assert_array_equal(by_default, given)
    assert np.abs(by_default - library(*theta).option(MDP).policy).max() > 1e-3


@TASKS
def test_discounts_of_transitions_and_of_goals_are_kept(intrinsic):
    reward, logits = parameters(pairs=True)
    for kind in ("state", "transition"):
        tables = random_tables(2, STATES, ACTIONS, discount_kind=kind)
        settings = {"discount": None, "intrinsic": intrinsic}
        option = library(reward, logits, **settings).option(tables.dense())
        for k in range(OPTIONS):
            goes_on = 1.0 - sigmoid(logits[k]) if intrinsic == "termination_aware" else 1.0
            discounted = tables.discounted_transition() * goes_on
            _, expected = soft_plan(reward[k], discounted, tables.available, TAU, mellow=False)
            np.testing.assert_allclose(option.policy[k], expected, atol=1e-9)


def test_the_extrinsic_reward_plays_no_part():
    theta = parameters(pairs=False)
    richer = MDP.with_reward(100.0 * MDP.reward)
    found, expected = library(*theta).option(richer), library(*theta).option(MDP)
    np.testing.assert_array_equal(found.policy, expected.policy)


@FORMS
def test_no_option_depends_on_another(pairs):
    reward, logits = parameters(pairs)
    other, other_logits = parameters(pairs, seed=1)
    other[1], other_logits[1] = reward[1], logits[1]
    found, expected = library(other, other_logits).option(MDP), library(reward, logits).option(MDP)
    np.testing.assert_array_equal(found.policy[1], expected.policy[1])
    assert not np.allclose(found.policy[0], expected.policy[0])


@FORMS
def test_a_termination_aware_task_ends_with_the_option(pairs):
    reward, logits = parameters(pairs)
    aware = functools.partial(library, reward, intrinsic="termination_aware")
    plain = library(reward, logits).option(MDP).policy
    for_ever = aware(np.full_like(logits, -1e3)).option(MDP).policy
    np.testing.assert_allclose(for_ever, plain, atol=1e-9)
    weights = np.where(AVAILABLE, np.exp(on_pairs(reward) / TAU), 0.0)
    one_step = aware(np.full_like(logits, 1e3)).option(MDP).policy
    np.testing.assert_allclose(one_step, weights / weights.sum(axis=2, keepdims=True), rtol=1e-12)
    assert np.abs(aware(logits).option(MDP).policy - plain).max() > 1e-3


@FORMS
def test_trap_14_a_constant_in_the_reward_changes_no_option(pairs):
    reward, logits = parameters(pairs)
    constants = np.array([-5.0, 1.0, 100.0]).reshape(-1, *[1] * (reward.ndim - 1))
    found = library(reward + constants, logits).option(MDP).policy
    np.testing.assert_allclose(found, library(reward, logits).option(MDP).policy, atol=1e-9)


def test_trap_14_a_potential_in_the_reward_changes_no_option():
    reward, logits = parameters(pairs=True)
    potential = np.random.default_rng(3).normal(size=(OPTIONS, STATES))
    shaping = DISCOUNT * on_pairs(potential) - potential[:, :, None]
    found = library(reward + shaping, logits).option(MDP).policy
    np.testing.assert_allclose(found, library(reward, logits).option(MDP).policy, atol=1e-9)
    # Where the task ends with the option the potential does not return at its end.
    aware = functools.partial(library, intrinsic="termination_aware")
    changed = aware(reward + shaping, logits).option(MDP).policy
    assert np.abs(changed - aware(reward, logits).option(MDP).policy).max() > 1e-3


@FORMS
def test_only_the_ratio_of_reward_and_temperature_counts(pairs):
    reward, logits = parameters(pairs)
    found = library(100.0 * reward, logits, 100.0 * TAU).option(MDP).policy
    np.testing.assert_allclose(found, library(reward, logits).option(MDP).policy, atol=1e-8)


def test_what_is_wanted_of_unavailable_pairs_does_not_count():
    reward, logits = parameters(pairs=True)
    wild = np.where(AVAILABLE, reward, np.nan)
    found, expected = library(wild, logits).option(MDP), library(reward, logits).option(MDP)
    np.testing.assert_array_equal(found.policy, expected.policy)
    assert not AVAILABLE.all()
    assert (found.policy[:, ~AVAILABLE] == 0.0).all()


@FORMS
@TASKS
def test_dense_and_sparse_models_have_the_same_options(pairs, intrinsic):
    options = library(*parameters(pairs), intrinsic=intrinsic)
    dense, sparse = options.option(MDP), options.option(TABLES.sparse())
    np.testing.assert_allclose(sparse.policy, dense.policy, atol=1e-9)


@x64
@pytest.mark.parametrize(("pairs", "intrinsic"), [(False, "termination_aware"), (True, "plain")])
def test_both_engines_hold_the_same_numbers(pairs, intrinsic):
    theta = parameters(pairs)
    mdp = random_tables(2, STATES, ACTIONS).dense()

    @jax.jit
    def traced(start, *theta):
        return library(*theta, intrinsic=intrinsic).plan(mdp, start)

    option, value = library(*theta, intrinsic=intrinsic).plan(mdp)
    for start in (np.zeros((OPTIONS, STATES)), 5.0 * parameters(False)[0], value):
        found, found_value = traced(start, *theta)  # where the search begins does not matter
        np.testing.assert_allclose(found_value, value, atol=1e-8)
        np.testing.assert_allclose(found.policy, option.policy, atol=1e-8)
        np.testing.assert_allclose(found.termination, option.termination, rtol=1e-14)


@FORMS
def test_hardened_options_are_planned_colder_and_end_where_they_would_rather(pairs):
    reward, logits = parameters(pairs)
    logits[0, 0] = 0.0  # β = ½ is not above it
    options = library(reward, logits)
    crisp = options.hardened(MDP, LogSumExp(0.05))
    np.testing.assert_array_equal(crisp.termination, logits > 0.0)
    colder = library(reward, logits, 0.05).option(MDP).policy
    np.testing.assert_allclose(crisp.policy, colder, atol=1e-12)
    np.testing.assert_array_equal(options.hardened(MDP, HardMax()).policy.max(axis=2), 1.0)


def test_hardening_a_termination_aware_task_keeps_the_task():
    """It is planned with the terminations that were learned, not with those they became."""
    reward, logits = parameters(pairs=False)
    options = library(reward, logits, intrinsic="termination_aware")
    expected = library(reward, logits, 0.05, intrinsic="termination_aware").option(MDP).policy
    np.testing.assert_allclose(options.hardened(MDP, LogSumExp(0.05)).policy, expected, atol=1e-12)


FEATURES = np.random.default_rng(4).normal(size=(STATES, 2))


def test_features_make_rewards_and_terminations_of_weights():
    weights, logit_weights = np.random.default_rng(5).normal(size=(2, OPTIONS, 2))
    smooth = library(weights, logit_weights, features=FEATURES)
    plain = library(weights @ FEATURES.T, logit_weights @ FEATURES.T)
    np.testing.assert_array_equal(smooth.state_reward, plain.reward)
    np.testing.assert_array_equal(smooth.termination, plain.termination)
    found, expected = smooth.option(MDP), plain.option(MDP)
    np.testing.assert_array_equal(found.policy, expected.policy)
    assert smooth.count == OPTIONS


@x64
def test_the_gradient_by_weights_is_that_by_states_projected():
    rng = np.random.default_rng(6)
    policy_weights = rng.normal(size=(OPTIONS, STATES, ACTIONS))
    end_weights = rng.normal(size=(OPTIONS, STATES))

    def outcome(weights, logit_weights, features):
        options = library(weights, logit_weights, features=features).option(MDP)
        return (policy_weights * options.policy).sum() + (end_weights * options.termination).sum()

    slopes = jax.jit(jax.grad(outcome, (0, 1)))
    weights = rng.normal(size=(2, OPTIONS, 2))
    on_states = slopes(*(weights @ FEATURES.T), np.eye(STATES))
    for found, slope in zip(slopes(*weights, FEATURES), on_states, strict=True):
        np.testing.assert_allclose(found, slope @ FEATURES, atol=1e-10 * np.abs(slope).max())
        assert np.abs(found).min() > 1e-6


def test_count_is_the_number_of_options():
    assert library(*parameters(pairs=True)).count == OPTIONS


def test_other_operators_plan_too():
    reward, logits = parameters(pairs=True)
    full = random_tables(2, STATES, ACTIONS, ragged=False).dense()
    soft, mellow = (
        IntrinsicOptions(reward, logits, operator=operator).option(full).policy
        for operator in (LogSumExp(TAU), Mellowmax(TAU))
    )
    # With the same number of actions everywhere they differ by a constant.
    np.testing.assert_allclose(mellow, soft, atol=1e-8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reward": np.zeros(STATES)}, "reward must have shape ... (6,)"),
        ({"reward": np.zeros((1, 2, 3, 4))}, "reward must have shape ... (1, 2, 3, 4)"),
        ({"reward": "much"}, "reward must be an array ... got str"),
        ({"logits": np.zeros((OPTIONS, ACTIONS))}, "termination_logits must have shape ... (3, 3)"),
        ({"logits": None}, "termination_logits must be an array ... got NoneType"),
        ({"terminations": "learnt"}, "terminations must be one of ... got 'learnt'"),
        ({"intrinsic": True}, "intrinsic must be one of ... got True"),
        ({"features": np.ones((STATES, 2))}, "features must have shape ... (6, 2)"),
        ({"features": np.ones(STATES)}, "features must have shape ... (6,)"),
        ({"features": "smooth"}, "features must be an array ... got str"),
        ({"features": np.eye(STATES), "reward": np.zeros((OPTIONS, STATES, 2))}, "(K, D)"),
    ],
)
def test_bad_arguments_are_refused(change, words):
    reward, logits = parameters(pairs=False)
    arguments = {"reward": reward, "logits": logits} | change
    assert_names(refusal(lambda: library(**arguments)), words)
    traced = jax.jit(lambda reward: library(**arguments | {"reward": reward}).reward)
    if "reward" not in change:
        assert_names(refusal(traced, reward), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reward": np.zeros((OPTIONS, STATES - 1)), "logits": np.zeros((OPTIONS, 5))}, "(5,)"),
        ({"reward": np.zeros((OPTIONS, STATES, ACTIONS + 1))}, "(6, 4)"),
        ({"reward": np.full((OPTIONS, STATES), np.nan)}, "finite"),
        ({"logits": np.full((OPTIONS, STATES), np.nan)}, "termination"),
        ({"discount": 1.0}, "discount must be below 1 ... got 1"),
        ({"discount": 1.1}, "discount must be in [0, 1] ... got 1.1"),
        ({"discount": "most"}, "discount must be an array ... got str"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(change, words):
    reward, logits = parameters(pairs=False)
    arguments = {"reward": reward, "logits": logits} | change
    assert_names(refusal(lambda: library(**arguments).option(MDP)), words)


def test_an_operator_that_is_none_is_refused():
    make = functools.partial(IntrinsicOptions, *parameters(pairs=False))
    assert_names(
        refusal(lambda: make(operator=0.1)), "operator must be of type HardMax ... got 0.1"
    )
    assert_names(refusal(library(*parameters(pairs=False)).option, None), "must be a TabularMDP")


@FORMS
def test_under_a_transformation_64_bit_types_are_asked_for(pairs):
    logits = parameters(pairs)[1]
    sentence = refusal(
        jax.jit(lambda r: library(r, logits).option(MDP).policy), parameters(pairs)[0]
    )
    assert_names(sentence, "jax_enable_x64")
