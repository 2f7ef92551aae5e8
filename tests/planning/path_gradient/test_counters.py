"""Second moments of counters and the path Fisher information, held to independent derivations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import (
    TabularMDP,
    counter_correlations,
    evaluate_policy,
    occupancy,
    path_fisher_information,
)
from hierax.planning.path_gradient import Moments
from planning.path_gradient.random_models import random_model


def generating_function(model, policy, log_tilt):
    """``⟨exp(h·n)⟩`` in closed form: tilt every action by ``e^h`` and let the path end."""
    pairs = model.discounted_transition
    tilted = policy * jnp.exp(log_tilt)
    onward = jnp.einsum("sa,sat->st", tilted, pairs)
    ending = jnp.sum(tilted * (1.0 - pairs.sum(-1)), axis=1)
    return model.initial @ jnp.linalg.solve(jnp.eye(model.states) - onward, ending)


@jax.jit
def hessian_of_generating_function(model, policy):
    tilt = jax.hessian(lambda h: generating_function(model, policy, h.reshape(policy.shape)))
    return tilt(jnp.zeros(policy.size))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("seed", range(20))
def test_correlations_are_the_hessian_of_the_generating_function(seed):
    model, policy, _ = random_model(seed, shape=(5, 3))
    expected = np.asarray(hessian_of_generating_function(model, policy))
    found = counter_correlations(model, policy)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.usefixtures("x64")
def test_correlations_are_the_hessian_with_discounts_of_transitions():
    model, policy, random = random_model(4, shape=(5, 3))
    model = model.with_discount(random.uniform(0.0, 0.95, model.transition.shape))
    expected = np.asarray(hessian_of_generating_function(model, policy))
    found = counter_correlations(model, policy)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def sampled_counters(model, policy, episodes, random):
    """Counters ``(episodes, S*A)`` of simulated paths."""
    counters = np.zeros((episodes, policy.size), dtype=np.int32)
    state = random.choice(model.states, size=episodes, p=model.initial)
    alive = np.arange(episodes)
    choices, moves = policy.cumsum(axis=1), model.transition.cumsum(axis=-1)
    while alive.size:
        action = (random.random((alive.size, 1)) > choices[state]).sum(axis=1)
        counters[alive, state * model.actions + action] += 1
        going = random.random(alive.size) < model.discount
        alive, state, action = alive[going], state[going], action[going]
        draws = random.random((alive.size, 1)) * moves[state, action, -1:]
        state = (draws > moves[state, action]).sum(axis=1)
    return counters


def test_correlations_agree_with_simulated_paths():
    # |z| < 5 for every second moment: a false alarm has odds below 1e-4 for 100 entries.
    model, policy, random = random_model(6, shape=(4, 3), discount=0.8)
    counters = sampled_counters(model, policy, 100_000, random).astype(float)
    products = counters[:, :, None] * counters[:, None, :]
    mean = products.mean(axis=0)
    error = products.std(axis=0) / np.sqrt(len(counters))
    z = (mean - counter_correlations(model, policy))[error > 0] / error[error > 0]
    assert np.abs(z).max() < 5


def test_enumerated_paths_of_a_tiny_model():
    # All paths of two states and two actions up to length 8; the rest weighs 0.15^8 = 2.6e-7.
    random = np.random.default_rng(1)
    transition = random.dirichlet(np.ones(2), (2, 2))
    model = TabularMDP(transition, np.zeros((2, 2)), 0.15, initial=0)
    policy = random.dirichlet(np.ones(2), 2)
    total = np.zeros((4, 4))
    paths = [(1.0, 0, np.zeros(4))]
    for _ in range(8):
        longer = []
        for weight, state, counter in paths:
            for action in range(2):
                counted = counter + np.eye(4)[2 * state + action]
                taken = weight * policy[state, action]
                total += taken * 0.85 * np.outer(counted, counted)
                for after in range(2):
                    going = taken * 0.15 * transition[state, action, after]
                    longer.append((going, after, counted))
        paths = longer
    np.testing.assert_allclose(counter_correlations(model, policy), total, atol=2e-5)


@pytest.mark.parametrize("seed", range(10))
def test_correlations_are_symmetric_and_positive(seed):
    model, policy, _ = random_model(seed)
    found = counter_correlations(model, policy)
    np.testing.assert_array_equal(found, found.T)
    values = np.linalg.eigvalsh(found)
    assert values.min() >= -1e-12 * values.max()


@pytest.mark.parametrize("discount", [0.3, 0.9, 0.99])
def test_sums_of_correlations_are_moments_of_the_length(discount):
    model, policy, _ = random_model(3, discount=discount)
    total = counter_correlations(model, policy).sum()
    assert total == pytest.approx((1 + discount) / (1 - discount) ** 2, rel=1e-11)
    assert occupancy(model, policy).sum() == pytest.approx(1 / (1 - discount), rel=1e-12)


def test_row_sums_are_counters_times_length():
    # ⟨n_ij N⟩ with the length N: N is geometric and continues afresh after each visit.
    model, policy, _ = random_model(8, discount=0.9)
    rows = counter_correlations(model, policy).sum(axis=1)
    reward = TabularMDP(
        model.transition, np.ones((model.states, model.actions)), 0.9, model.initial,
        model.available,
    )  # fmt: skip
    moments = Moments.of(reward, policy)
    np.testing.assert_allclose(rows[moments.pairs], moments.correlations @ moments.reward)
    np.testing.assert_allclose(moments.gradient(), 0.0, atol=1e-11 * rows.max())


def test_unavailable_pairs_are_zero():
    model, policy, _ = random_model(7)
    missing = np.flatnonzero(~model.available)
    assert missing.size
    found = counter_correlations(model, policy)
    assert not found[missing].any()
    assert not found[:, missing].any()


@pytest.mark.parametrize("seed", range(20))
def test_fisher_information_has_the_block_form(seed):
    model, policy, random = random_model(seed)
    omega = np.array([random.choice(np.flatnonzero(row)) for row in model.available])
    visits = occupancy(model, policy)
    free = model.available & (np.arange(model.actions) != omega[:, None])
    expected = np.zeros((free.sum(), free.sum()))
    start = 0
    for state in range(model.states):
        p = policy[state][free[state]]
        block = visits[state] * (np.diag(p) + np.outer(p, p) / policy[state, omega[state]])
        expected[start : start + p.size, start : start + p.size] = block
        start += p.size
    found = path_fisher_information(model, policy, omega)
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("seed", range(20))
def test_inverse_fisher_information(seed):
    model, policy, _ = random_model(seed)
    moments = Moments.of(model, policy)
    state = moments.pairs[moments.independent] // model.actions
    p = policy.flat[moments.pairs[moments.independent]]
    same = state[:, None] == state
    inverse = (np.diag(1 / p) - same) / occupancy(model, policy)[state][:, None]
    product = inverse @ moments.fisher_information()
    np.testing.assert_allclose(product, np.eye(state.size), atol=1e-10)


@jax.jit
@jax.grad
def gradient_of_start_value(preference, model, free):
    """By independent preferences, with the dependent action closing each state (paper, eq. 4)."""
    independent = jnp.where(free, jnp.exp(preference), 0.0)
    rest = 1.0 - independent.sum(axis=1, keepdims=True)
    policy = jnp.where(free, independent, jnp.where(model.available, rest, 0.0))
    return model.initial @ evaluate_policy(model, policy)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("seed", range(20))
def test_gradient_is_the_derivative_through_the_dependent_action(seed):
    model, policy, _ = random_model(seed, shape=(6, 4))
    moments = Moments.of(model, policy)
    free = np.zeros(policy.shape, bool)
    free.flat[moments.pairs[moments.independent]] = True
    preference = np.log(np.where(policy > 0, policy, 1.0))
    expected = np.asarray(gradient_of_start_value(preference, model, free))[free]
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(moments.gradient(), expected, atol=1e-11 * scale)


def test_dependent_actions_are_checked():
    model, policy, _ = random_model(7)
    state, action = np.argwhere(~model.available)[0]
    omega = model.available.argmax(axis=1)
    omega[state] = action
    with pytest.raises(
        ValueError, match=f"dependent must be an action .* {action} at state {state}"
    ):
        path_fisher_information(model, policy, omega)
    with pytest.raises(ValueError, match="dependent must have shape"):
        path_fisher_information(model, policy, omega[:-1])
    with pytest.raises(ValueError, match="action indices"):
        path_fisher_information(model, policy, omega.astype(float))


def test_a_policy_on_the_boundary_has_no_fisher_information():
    model = TabularMDP(np.full((2, 2, 2), 0.5), np.zeros((2, 2)), 0.9)
    with pytest.raises(ValueError, match="positive probability"):
        path_fisher_information(model, np.eye(2))


def test_too_many_pairs_are_refused():
    import scipy.sparse as sp

    states = 10_001
    model = TabularMDP([sp.identity(states)] * 2, np.zeros((states, 2)), 0.5)
    with pytest.raises(ValueError, match="at most 20000 pairs"):
        counter_correlations(model, np.full((states, 2), 0.5))
