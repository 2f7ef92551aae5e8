"""Linear-quadratic problems against the numbers of the derivation, and against simulation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.experiments.lqr import LQR

WORLD = LQR()
TEMPERATURE, DISCOUNT = 0.2, 0.95


def value(solution, state):
    return -0.5 * state @ solution.cost @ state + solution.constant


def test_the_solution_under_a_normal_prior():
    found = WORLD.solve(TEMPERATURE, DISCOUNT)
    np.testing.assert_allclose(found.gain, [[1.376251, 1.240163]], atol=1e-6)
    np.testing.assert_allclose(found.covariance, [[0.707155]], atol=1e-6)
    assert value(found, np.array([1.0, 0.0])) == pytest.approx(-5.457188, abs=1e-6)


def test_a_default_policy_of_no_precision_is_no_prior():
    # The numbers for a flat prior; the constant of the value depends on how wide the default is.
    found = WORLD.solve(TEMPERATURE, DISCOUNT, (np.zeros((1, 2)), np.eye(1) * 1e12))
    np.testing.assert_allclose(found.gain, [[3.178610, 2.342017]], atol=1e-5)
    np.testing.assert_allclose(found.covariance, [[3.147724]], atol=1e-5)


def test_a_scale_of_rewards_is_a_temperature():
    rho = 5.0
    dear = dataclasses.replace(
        WORLD, state_cost=(rho * 1.0, rho * 0.1), control_cost=rho * WORLD.control_cost
    )
    one, same = dear.solve(1.0, DISCOUNT), WORLD.solve(1 / rho, DISCOUNT)
    np.testing.assert_allclose(one.gain, same.gain, rtol=1e-12)
    np.testing.assert_allclose(one.covariance, same.covariance, rtol=1e-12)
    np.testing.assert_allclose(one.cost, rho * same.cost, rtol=1e-12)
    assert one.constant == pytest.approx(rho * same.constant, rel=1e-12)


@pytest.mark.parametrize("control", [((0.0,), (0.1,)), ((0.1, 0.0), (0.02, 0.1))])
def test_the_value_of_a_second_level_agrees_with_simulation(control):
    world = LQR(control=control, noise=0.01)
    first = world.solve(TEMPERATURE, DISCOUNT)
    second = world.solve(TEMPERATURE, DISCOUNT, (first.gain, first.covariance))
    rng = np.random.default_rng(0)
    a, b, q = np.array(world.dynamics), np.array(control), np.array(world.state_cost)
    root = np.linalg.cholesky(second.covariance)
    begin = np.array([1.0, -0.5])
    state, total = np.tile(begin, (20_000, 1)), 0.0
    for t in range(150):
        u = -state @ second.gain.T + rng.normal(size=(20_000, b.shape[1])) @ root.T
        ratio = log_normal(u, state, second) - log_normal(u, state, first)
        paid = -0.5 * (state**2 @ q + world.control_cost * (u**2).sum(axis=1))
        total += DISCOUNT**t * (paid - TEMPERATURE * ratio)
        state = state @ a.T + u @ b.T + np.sqrt(world.noise) * rng.normal(size=state.shape)
    error = total.std() / np.sqrt(total.size)
    assert total.mean() == pytest.approx(value(second, begin), abs=4 * error + 0.01)


def test_the_default_policy_is_optimal_without_reward():
    # The optimum is a fixed point: against itself as the default, without reward, nothing changes.
    still = LQR(state_cost=(0.0, 0.0), control_cost=0.0)
    default = np.array([[0.7, -0.3]]), np.array([[0.4]])
    found = still.solve(TEMPERATURE, DISCOUNT, default)
    np.testing.assert_allclose(found.gain, default[0], atol=1e-9)
    np.testing.assert_allclose(found.covariance, default[1], atol=1e-9)
    assert found.constant == pytest.approx(0.0, abs=1e-9)


def test_a_step_of_the_world():
    world = LQR(noise=0.0)
    state, action = jnp.array([1.0, -2.0]), jnp.tanh(jnp.array([0.5]))
    moved, shown = world.step(state, action, jax.random.key(0))
    np.testing.assert_allclose(moved, [1.0 - 0.2, -1.9 + 0.05], rtol=1e-5)
    assert shown.reward == pytest.approx(-0.5 * (1.0 + 0.1 * 4.0 + 0.05 * 0.25), rel=1e-5)
    assert not shown.terminated


def log_normal(u, state, solution):
    off = u + state @ solution.gain.T
    precise = np.linalg.inv(solution.covariance)
    quadratic = np.einsum("ni,ij,nj->n", off, precise, off)
    size = u.shape[1] * np.log(2 * np.pi)
    return -0.5 * (quadratic + np.linalg.slogdet(solution.covariance)[1] + size)
