"""Evaluation of a policy against its definition, its identities and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from hierax.planning import (
    PolicyChain,
    TabularMDP,
    action_values,
    evaluate_policy,
    occupancy,
    successor_representation,
)
from planning.models import EPSILON, random_policy, random_tables, tables
from refusals import assert_names, refusal

SEEDS = st.integers(0, 2**32 - 1)
EVALUATIONS = (evaluate_policy, successor_representation, occupancy)


def conditioning(given):
    """Return the largest entry of ``D``, ``1 / (1 - c)``: rounding of a solve grows with it."""
    return 1.0 / (1.0 - given.discounted_transition().sum(axis=-1).max())


@given(tables(), SEEDS)
def test_value_solves_the_bellman_equation_of_the_policy(given, seed):
    policy = random_policy(given.available, seed)
    transition = np.einsum("sa,sat->st", policy, given.discounted_transition())
    reward = np.einsum("sa,sa->s", policy, given.expected_reward())
    for mdp in (given.dense(), given.sparse()):
        value = evaluate_policy(mdp, policy)
        backup = reward + transition @ value
        np.testing.assert_allclose(value, backup, atol=1e-13 * max(1.0, np.abs(value).max()))


@given(tables(), SEEDS)
def test_value_occupancy_and_action_values_are_those_of_the_successor_representation(given, seed):
    mdp, policy = given.dense(), random_policy(given.available, seed)
    successors, size = successor_representation(mdp, policy), conditioning(given)
    reward = np.einsum("sa,sa->s", policy, mdp.reward)
    value = evaluate_policy(mdp, policy)
    tolerance = 64 * EPSILON * size**2  # two solves, each of condition about 2 / (1 - c)
    np.testing.assert_allclose(value, successors @ reward, atol=tolerance * 4)
    np.testing.assert_allclose(occupancy(mdp, policy), mdp.initial @ successors, atol=tolerance)
    q = np.where(given.available, action_values(mdp, value), 0.0)
    np.testing.assert_allclose(np.einsum("sa,sa->s", policy, q), value, atol=1e-13 * size * 4)


@given(tables(), SEEDS)
def test_dense_and_sparse_agree(given, seed):
    policy = random_policy(given.available, seed)
    size = conditioning(given)
    # 1e-12 where the problem is conditioned for it; a solve loses another factor 1 / (1 - c).
    tolerance = max(1e-12, 64 * EPSILON * size**2)
    for evaluation in EVALUATIONS:
        dense, sparse = evaluation(given.dense(), policy), evaluation(given.sparse(), policy)
        np.testing.assert_allclose(sparse, dense, rtol=1e-12, atol=tolerance)
    value = np.random.default_rng(seed).normal(size=given.available.shape[0])
    np.testing.assert_allclose(
        action_values(given.sparse(), value), action_values(given.dense(), value), atol=1e-14
    )


@given(st.sampled_from([0.0, 0.5, 0.9, 0.99]), SEEDS)
def test_rows_of_the_successor_representation_sum_to_the_horizon(discount, seed):
    mdp = random_tables(seed, discount=discount).dense()
    policy = random_policy(mdp.available, seed)
    # Identities (a) and (d) of himo.md, section 10: 1e-12 relative.
    sums = successor_representation(mdp, policy).sum(axis=1)
    np.testing.assert_allclose(sums, 1 / (1 - discount), rtol=1e-12)
    assert occupancy(mdp, policy).sum() == pytest.approx(1 / (1 - discount), rel=1e-12)


@given(SEEDS, st.booleans())
def test_performance_difference(seed, as_sparse):
    given = random_tables(seed, discount_kind="transition", discount=0.95)
    mdp = given.sparse() if as_sparse else given.dense()
    old, new = random_policy(mdp.available, seed), random_policy(mdp.available, seed + 1)
    value = evaluate_policy(mdp, old)
    advantage = np.where(mdp.available, action_values(mdp, value) - value[:, None], 0.0)
    # Identity (n) of himo.md, section 10: 1e-12 relative to the values.
    gain = occupancy(mdp, new) @ np.einsum("sa,sa->s", new, advantage)
    difference = mdp.initial @ (evaluate_policy(mdp, new) - value)
    assert gain == pytest.approx(difference, abs=1e-12 * max(1.0, np.abs(value).max()))
    np.testing.assert_allclose(np.einsum("sa,sa->s", old, advantage), 0.0, atol=1e-12)


def test_with_discount_zero_only_the_first_reward_counts():
    mdp = random_tables(0, discount=0.0).dense()
    policy = random_policy(mdp.available)
    np.testing.assert_allclose(evaluate_policy(mdp, policy), (policy * mdp.reward).sum(axis=1))
    np.testing.assert_array_equal(successor_representation(mdp, policy), np.eye(mdp.states))


def test_a_goal_ends_the_return_and_an_unreachable_state_is_never_visited():
    transition = np.zeros((4, 1, 4))
    transition[[0, 1, 2, 3], 0, [1, 2, 0, 3]] = 1.0  # 0 -> 1 -> 2 -> 0, and 3 by itself
    mdp = TabularMDP(transition, np.ones((4, 1)), [0.5, 0.5, 0.0, 0.5], initial=0)
    policy = np.ones((4, 1))
    np.testing.assert_allclose(evaluate_policy(mdp, policy), [1.5, 1.0, 1.75, 2.0], rtol=1e-15)
    np.testing.assert_allclose(occupancy(mdp, policy), [1.0, 0.5, 0.0, 0.0], rtol=1e-15)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_unavailable_pairs_have_action_value_minus_infinity(layout):
    given = random_tables(1, garbage=np.nan)
    q = action_values(getattr(given, layout)(), np.zeros(5))
    np.testing.assert_array_equal(np.isneginf(q), ~given.available)
    np.testing.assert_array_equal(np.isfinite(q), given.available)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_bad_policies_are_refused(layout, evaluation):
    mdp = getattr(random_tables(0), layout)()
    uniform = mdp.available / mdp.available.sum(axis=1, keepdims=True)
    assert_names(refusal(evaluation, mdp, uniform.T), "policy must have shape ... (3, 5)")
    assert_names(refusal(evaluation, mdp, 2 * uniform), "policy must sum to 1 ... 2 ... at state 0")
    state, action = np.argwhere(~mdp.available)[0]
    uniform[state] = np.eye(3)[action]
    assert_names(
        refusal(evaluation, mdp, uniform),
        f"policy must be 0 where ... 1 at state {state}, action {action}",
    )
    assert_names(refusal(evaluation, mdp, None), "policy must be an array ... got NoneType")
    assert_names(refusal(evaluation, None, uniform), "must be a TabularMDP")


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_policies_in_float32_are_divided_by_their_sums(evaluation):
    given = random_tables(0, states=8, actions=7, ragged=False)
    mdp, policy = given.dense(), random_policy(given.available)
    rounded = policy.astype(np.float32)
    exact = rounded / rounded.sum(axis=1, dtype=float, keepdims=True)
    assert abs(rounded.sum(axis=1, dtype=float) - 1.0).max() > 1e-8
    np.testing.assert_array_equal(evaluation(mdp, rounded), evaluation(mdp, exact))
    negative = policy.copy()
    negative[0, :2] = [-1e-17, policy[0, 0] + policy[0, 1]]
    assert np.isfinite(evaluation(mdp, negative)).all()


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_a_vector_of_actions_is_a_deterministic_policy(evaluation):
    given = random_tables(0)
    mdp, actions = given.dense(), given.available.argmax(axis=1)
    expected = evaluation(mdp, np.eye(3)[actions])
    for vector in (actions, actions.tolist(), jnp.asarray(actions), actions.astype(np.uint8)):
        np.testing.assert_array_equal(evaluation(mdp, vector), expected)


def test_bad_vectors_of_actions_are_refused():
    given = random_tables(0)
    mdp, actions = given.dense(), given.available.argmax(axis=1)
    state, action = np.argwhere(~given.available)[0]
    for wrong, words in (
        (actions[:3], "policy must have shape (5,), got (3,)"),
        (np.where(np.arange(5) == 2, 3, actions), "from 0 to 2, got 3 at state 2"),
        (np.where(np.arange(5) == 1, -1, actions), "from 0 to 2, got -1 at state 1"),
        (actions.astype(float), "policy must have shape (5, 3), got (5,)"),
        (
            np.where(np.arange(5) == state, action, actions),
            f"0 where the action is not available ... at state {state}, action {action}",
        ),
    ):
        assert_names(refusal(evaluate_policy, mdp, wrong), words)


@pytest.mark.usefixtures("x64")
def test_a_traced_vector_of_actions_is_a_policy():
    mdp = random_tables(0, ragged=False).dense()
    actions = np.array([0, 2, 1, 1, 0])
    found = jax.jit(lambda vector: evaluate_policy(mdp, vector))(actions)
    np.testing.assert_allclose(found, evaluate_policy(mdp, actions), atol=1e-13)


def test_bad_values_are_refused():
    mdp = random_tables(0).dense()
    assert_names(refusal(action_values, mdp, np.zeros(3)), "value must have shape ... (3,)")
    assert_names(
        refusal(action_values, mdp, [0, np.inf, 0, 0, 0]), "value must be finite ... inf at state 1"
    )
    assert_names(refusal(action_values, mdp, "zero"), "value must be an array ... got str")


def test_the_successor_representation_of_too_many_states_is_refused():
    mdp = TabularMDP([sp.identity(20_001)], np.zeros((20_001, 1)), 0.9)
    sentence = refusal(successor_representation, mdp, np.ones((20_001, 1)))
    assert_names(sentence, "at most 20000 states ... 20001")
    assert_names(sentence, "20000")


def test_one_factorisation_answers_all_and_reports_its_residual():
    given = random_tables(2, states=40, kind="sparse")
    policy = random_policy(given.available)
    dense, sparse = PolicyChain(given.dense(), policy), PolicyChain(given.sparse(), policy)
    assert dense.system.residual is None
    np.testing.assert_array_equal(dense.value(), evaluate_policy(dense.model, policy))
    np.testing.assert_array_equal(
        dense.occupancy(dense.model.initial), occupancy(dense.model, policy)
    )
    sparse.value()
    assert 0.0 <= sparse.system.residual < 1e-14


def test_float32_and_device_arrays_are_evaluated_in_float64():
    mdp = TabularMDP(np.full((4, 2, 4), 0.25), np.eye(4)[:, :2], 0.9)
    expected = evaluate_policy(mdp, np.full((4, 2), 0.5))
    for policy in (np.full((4, 2), 0.5, np.float32), jax.numpy.full((4, 2), 0.5)):
        value = evaluate_policy(jax.tree.map(jax.numpy.asarray, mdp.with_discount(0.875)), policy)
        assert value.dtype == np.float64
        np.testing.assert_array_equal(evaluate_policy(mdp, policy), expected)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_under_a_transformation_64_bit_types_are_asked_for(evaluation):
    mdp = random_tables(0).dense()
    policy = random_policy(mdp.available)
    sentence = refusal(jax.jit(lambda policy: evaluation(mdp, policy)), policy)
    assert_names(sentence, "jax_enable_x64")
    assert_names(refusal(jax.jit(lambda v: action_values(mdp, v)), np.zeros(5)), "jax_enable_x64")


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("discount_kind", ["number", "state", "transition"])
def test_both_engines_hold_the_same_numbers(discount_kind):
    mdp = random_tables(4, discount_kind=discount_kind, garbage=np.nan).dense()
    policy = random_policy(mdp.available)
    for evaluation in EVALUATIONS:
        traced = jax.jit(evaluation)(mdp, policy)
        np.testing.assert_allclose(traced, evaluation(mdp, policy), rtol=1e-12, atol=1e-14)
    value = evaluate_policy(mdp, policy)
    traced = jax.jit(action_values)(mdp, value)
    np.testing.assert_allclose(traced, action_values(mdp, value), rtol=1e-13)


@pytest.mark.usefixtures("x64")
def test_evaluation_maps_over_policies_and_models():
    mdp = random_tables(5).dense()
    policies = np.stack([random_policy(mdp.available, seed) for seed in range(3)])
    values = jax.jit(jax.vmap(evaluate_policy, in_axes=(None, 0)))(mdp, policies)
    expected = [evaluate_policy(mdp, policy) for policy in policies]
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    transposed = jax.vmap(lambda policy: evaluate_policy(mdp, policy.T))
    assert_names(refusal(transposed, policies), "policy must have shape (5, 3) ... (3, 5)")


@pytest.mark.usefixtures("x64")
def test_gradient_of_the_start_value_is_the_occupancy_of_pairs():
    mdp = random_tables(6, discount_kind="state").dense()
    policy = random_policy(mdp.available)
    gradient = jax.grad(lambda r: mdp.initial @ evaluate_policy(mdp.with_reward(r), policy))
    expected = occupancy(mdp, policy)[:, None] * policy
    np.testing.assert_allclose(jax.jit(gradient)(mdp.reward), expected, atol=1e-13)
