"""Twin critics, targets that follow, and a step of descent."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from agents import in_numpy
from hierax.agents.critics import action_values, twin_critics
from hierax.agents.optimisation import gradient_step, polyak_update

made = jax.jit(twin_critics, static_argnums=(1, 2, 3))
values = jax.jit(action_values)


def test_critics_are_two_different_networks():
    critics = made(jax.random.key(0), 3, 2, (8, 8))
    rng = np.random.default_rng(0)
    observation, action = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    found = np.asarray(values(critics, np.float32(observation), np.float32(action)))
    np.testing.assert_allclose(
        found, in_numpy.values(critics, observation, action), rtol=1e-4, atol=1e-5
    )
    assert np.abs(found[0] - found[1]).min() > 1e-3


def test_one_critic_of_two():
    critics = jax.device_get(made(jax.random.key(0), 3, 2, (8,)))
    first = jax.tree.map(lambda leaf: leaf[:1], critics)
    observation = np.ones((4, 3), np.float32)
    action = np.linspace(-1.0, 1.0, 8, dtype=np.float32).reshape(4, 2)
    alone = np.asarray(values(first, observation, action))
    assert alone.shape == (1, 4)
    both = np.asarray(values(critics, observation, action))
    np.testing.assert_allclose(alone[0], both[0], rtol=1e-5)


def test_targets_follow_at_their_rate():
    old, new = {"a": jnp.array([1.0, 2.0])}, {"a": jnp.array([3.0, -2.0])}
    np.testing.assert_allclose(polyak_update(old, new, 0.25)["a"], [1.5, 1.0], rtol=1e-6)
    np.testing.assert_array_equal(polyak_update(old, new, 1.0)["a"], new["a"])


def test_targets_come_as_near_as_a_geometric_series(x64):
    target = jnp.zeros(())
    for _ in range(10):
        target = polyak_update(target, jnp.ones(()), 0.1)
    assert target == pytest.approx(1 - 0.9**10, rel=1e-12)


def test_a_step_of_descent():
    def loss(x):
        return (x**2).sum(), "beside"

    optimiser = optax.sgd(0.1)
    start = jnp.array([3.0, 4.0])
    step = gradient_step(optimiser, loss, start, optimiser.init(start))
    np.testing.assert_allclose(step.parameters, 0.8 * start, rtol=1e-6)
    assert (step.loss, step.aux) == (25.0, "beside")
    assert step.gradient_norm == pytest.approx(10.0)
