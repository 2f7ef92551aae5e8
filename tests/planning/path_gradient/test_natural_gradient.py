"""The literal natural path gradient equals the advantage; the metric of visits differs."""

import jax
import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import (
    TabularMDP,
    action_values,
    evaluate_policy,
    himo,
    natural_path_gradient,
    occupancy_gradient,
)
from hierax.planning.path_gradient import Moments
from planning.path_gradient.random_models import random_model, random_models


def advantage(model, policy):
    value = evaluate_policy(model, policy)
    q = action_values(model, value)
    return np.where(model.available, q - value[:, None], 0.0)


def test_literal_is_closed_is_advantage_on_200_ragged_models():
    for model, policy, _ in random_models(200):
        expected = advantage(model, policy)
        scale = max(np.abs(expected).max(), 1.0)
        closed = natural_path_gradient(model, policy)
        literal = natural_path_gradient(model, policy, "literal")
        np.testing.assert_allclose(closed, expected, rtol=0, atol=1e-12 * scale)
        np.testing.assert_allclose(literal, expected, rtol=0, atol=1e-9 * scale)


def test_the_step_does_not_depend_on_the_dependent_action_or_the_start():
    model, policy, random = random_model(9)
    steps = []
    for _ in range(4):
        omega = np.array([random.choice(np.flatnonzero(row)) for row in model.available])
        start = model.with_initial(random.dirichlet(np.ones(model.states)))
        steps.append(natural_path_gradient(start, policy, "literal", omega))
    for step in steps[1:]:
        np.testing.assert_allclose(step, steps[0], atol=1e-10)


def test_the_step_averages_to_zero_in_every_state():
    for model, policy, _ in random_models(30):
        step = natural_path_gradient(model, policy)
        scale = max(np.abs(step).max(), 1.0)
        np.testing.assert_allclose((policy * step).sum(axis=1), 0.0, atol=1e-12 * scale)


def test_only_the_expected_reward_matters():
    model, policy, random = random_model(5)
    noise = random.normal(size=(*model.reward.shape, model.states))
    noise -= (model.transition * noise).sum(axis=-1, keepdims=True)
    split = model.with_reward(model.reward[..., None] + noise)
    for form in ("closed", "literal"):
        np.testing.assert_allclose(
            natural_path_gradient(split, policy, form),
            natural_path_gradient(model, policy, form),
            atol=1e-10,
        )


def forking_model():
    """s0: a leads to a dead end with reward 0.8, b leads to s1, where all rewards are 1."""
    transition = np.zeros((3, 2, 3))
    transition[0, 0, 2] = transition[0, 1, 1] = transition[1, :, 2] = transition[2, :, 2] = 1.0
    reward = np.array([[0.8, 0.0], [1.0, 1.0], [0.0, 0.0]])
    return TabularMDP(transition, reward, 0.7, initial=0)


def test_the_discount_belongs_into_the_counters():
    # Without it the value of b would read 1 instead of .7, and b would win (spec, section 2).
    model = forking_model()
    run = himo(model, step_size=0.5, iterations=400)
    assert run.policy[-1, 0, 0] > 1 - 1e-6
    assert run.start_value[-1] == pytest.approx(0.8, abs=1e-6)
    literal = himo(model, step_size=0.5, iterations=20, form="literal")
    assert literal.policy[-1, 0, 0] > literal.policy[0, 0, 0]
    step = natural_path_gradient(model, np.full((3, 2), 0.5), "literal")
    assert step[0, 0] - step[0, 1] == pytest.approx(0.8 - 0.7, abs=1e-12)


def unreachable_model():
    """Two states that never meet; paths start in the first."""
    transition = np.zeros((2, 2, 2))
    transition[0, :, 0] = transition[1, :, 1] = 1.0
    return TabularMDP(transition, [[1.0, 0.0], [2.0, 0.0]], 0.9, initial=0)


def test_an_unreachable_state_has_its_advantage_or_nothing():
    model, policy = unreachable_model(), np.full((2, 2), 0.5)
    np.testing.assert_allclose(natural_path_gradient(model, policy), advantage(model, policy))
    literal = natural_path_gradient(model, policy, "literal")
    np.testing.assert_allclose(literal[0], [0.5, -0.5], atol=1e-12)
    np.testing.assert_array_equal(literal[1], 0.0)


def test_a_goal_entered_with_discount_0_is_the_end_of_the_reachable_world():
    transition = np.zeros((3, 2, 3))
    transition[0, :, 1] = transition[1, :, 2] = transition[2, :, 2] = 1.0
    model = TabularMDP(transition, np.eye(3, 2), np.array([0.9, 0.0, 0.9]), initial=0)
    literal = natural_path_gradient(model, np.full((3, 2), 0.5), "literal")
    np.testing.assert_allclose(literal, [[0.5, -0.5], [0, 0], [0, 0]], atol=1e-12)
    sparse = TabularMDP(
        [sp.csr_matrix(transition[:, a]) for a in range(2)], np.eye(3, 2),
        np.array([0.9, 0.0, 0.9]), initial=0,
    )  # fmt: skip
    policy = np.full((3, 2), 0.5)
    np.testing.assert_allclose(natural_path_gradient(sparse, policy, "literal"), literal)


def test_a_faint_leak_is_solved_as_exactly_as_the_rest():
    transition = np.zeros((2, 2, 2))
    transition[0, :, 0], transition[0, :, 1] = 1 - 1e-10, 1e-10
    transition[1, :, 1] = 1.0
    model = TabularMDP(transition, [[1.0, 0.0], [2.0, 0.0]], 0.9, initial=0)
    policy = np.array([[0.3, 0.7], [0.6, 0.4]])
    literal = natural_path_gradient(model, policy, "literal")
    np.testing.assert_allclose(literal, advantage(model, policy), atol=1e-9)


def test_states_with_a_single_action_have_no_step():
    model = TabularMDP(np.ones((1, 1, 1)), [[3.0]], 0.9)
    for form in ("closed", "literal"):
        np.testing.assert_array_equal(natural_path_gradient(model, [[1.0]], form), [[0.0]])


def test_sparse_is_dense():
    for seed in range(20):
        model, policy, _ = random_model(seed)
        matrices = [sp.csr_matrix(model.transition[:, a]) for a in range(model.actions)]
        sparse = TabularMDP(matrices, model.reward, model.discount, model.initial, model.available)
        for form in ("closed", "literal"):
            np.testing.assert_allclose(
                natural_path_gradient(sparse, policy, form),
                natural_path_gradient(model, policy, form),
                atol=1e-10,
            )
        np.testing.assert_allclose(
            occupancy_gradient(sparse, policy), occupancy_gradient(model, policy), atol=1e-9
        )


@pytest.mark.usefixtures("x64")
def test_the_closed_form_under_jit_and_vmap():
    model, policy, random = random_model(12)
    rewards = random.normal(size=(3, *model.reward.shape))
    step = jax.jit(jax.vmap(lambda r: natural_path_gradient(model.with_reward(r), policy)))
    for reward, found in zip(rewards, step(rewards), strict=True):
        expected = natural_path_gradient(model.with_reward(reward), policy)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_policy_that_is_almost_deterministic_is_refused_or_close():
    model = TabularMDP(np.ones((1, 2, 1)), [[1.0, 0.0]], 0.5)
    with pytest.raises(ValueError, match="positive probability"):
        natural_path_gradient(model, [[1.0, 0.0]], "literal")
    policy = np.array([[1 - 1e-12, 1e-12]])
    step = natural_path_gradient(model, policy, "literal")
    np.testing.assert_allclose(step, advantage(model, policy), atol=1e-3)


def test_the_form_is_checked():
    model, policy, _ = random_model(0)
    with pytest.raises(ValueError, match=r"form must be one of 'closed', 'literal', got 'open'"):
        natural_path_gradient(model, policy, "open")


@pytest.mark.parametrize("seed", range(1, 40))
def test_occupancy_gradient_solves_the_dense_metric(seed):
    # x = G⁻¹ g with G = J diag(1/μ) Jᵀ, the state-action Fisher information of unnormalised visits.
    model, policy, _ = random_model(seed)
    moments = Moments.of(model, policy)
    jacobian = moments.visit_jacobian()
    metric = (jacobian / moments.visits) @ jacobian.T
    expected = np.linalg.solve(metric, moments.gradient())
    step = occupancy_gradient(model, policy)
    found = step.flat[moments.pairs[moments.independent]]
    scale = max(np.abs(expected).max(initial=0.0), 1.0)
    np.testing.assert_allclose(found, expected, atol=1e-7 * scale)
    np.testing.assert_allclose((policy * step).sum(axis=1), 0.0, atol=1e-9 * scale)


def test_occupancy_gradient_depends_on_the_start_and_couples_states():
    model, policy, _ = random_model(15)
    first, second = (
        occupancy_gradient(model.with_initial(state), policy) for state in (0, model.states - 1)
    )
    assert np.abs(first - second).max() > 1e-3


def test_occupancy_gradient_leaves_unvisited_states_alone():
    step = occupancy_gradient(unreachable_model(), np.full((2, 2), 0.5))
    assert step[0, 0] > 0 > step[0, 1]
    np.testing.assert_array_equal(step[1], 0.0)


def test_a_model_on_a_device_is_computed_with_on_the_host():
    model, policy, _ = random_model(12)
    moved = jax.device_put(model)  # float32, since 64-bit types are off
    expected = himo(model, iterations=3, initial_policy=policy).value
    found = himo(moved, iterations=3, initial_policy=policy).value
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    for form in ("closed", "literal"):
        assert natural_path_gradient(moved, policy, form).dtype == np.float64


def test_what_is_no_model_is_named():
    for function in (natural_path_gradient, occupancy_gradient):
        with pytest.raises(ValueError, match="TabularMDP"):
            function(np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="TabularMDP"):
        himo(np.eye(2))
