"""Adam's options against the steps that they promise; fields of actor-critics that use them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import SAC, TD3, LatentSpacePolicy, TransitionBatch
from hierax.agents.optimisation import adam
from hierax.spec import Continuous, View, WorldSpec
from refusals import refuses

SPEC = WorldSpec("Somewhere-v0", (View("all", (3,)),), Continuous(2), 50)
PICTURES = WorldSpec("Cinema-v0", (View("all", (3,)), View("pixels", (8, 8, 3))), Continuous(2), 50)
AGENTS = (SAC, TD3, LatentSpacePolicy)


def steps(optimiser, gradients):
    """Changes of a parameter under given gradients, one after the other."""
    parameter = jnp.zeros(np.shape(gradients[0]))
    state, changes = optimiser.init(parameter), []
    for gradient in gradients:
        change, state = optimiser.update(jnp.asarray(gradient), state, parameter)
        changes.append(np.asarray(change))
    return np.array(changes)


def test_a_rate_falls_linearly_and_stays_at_its_end(x64):
    # Under a constant gradient every step of Adam is as long as its rate, but for epsilon.
    lengths = -steps(adam(0.4, 0.1, 3), [1.0] * 5)
    np.testing.assert_allclose(lengths, [0.4, 0.3, 0.2, 0.1, 0.1], rtol=1e-7)


def test_a_long_gradient_is_scaled_to_the_largest_norm_and_a_short_one_is_not(x64):
    gradients = [np.array([3.0, 4.0]), np.array([0.3, 0.4]), np.array([-6.0, 8.0])]
    scaled = [gradient * min(1.0, 2.0 / np.linalg.norm(gradient)) for gradient in gradients]
    clipped = steps(adam(0.1, max_gradient_norm=2.0), gradients)
    np.testing.assert_allclose(clipped, steps(adam(0.1), scaled), rtol=1e-12)
    assert np.abs(clipped - steps(adam(0.1), gradients)).max() > 1e-3


@pytest.mark.parametrize("kind", AGENTS)
def test_agents_use_the_options(kind):
    plain = kind(SPEC).optimiser.init(jnp.zeros(2))
    falling = kind(SPEC, learning_rate_end=0.0).optimiser.init(jnp.zeros(2))
    clipped = kind(SPEC, max_gradient_norm=1.0).optimiser.init(jnp.zeros(2))
    assert jax.tree.structure(plain) != jax.tree.structure(falling)
    assert len(clipped) == 2


def test_rewards_of_a_batch_are_scaled():
    agent = SAC(SPEC, reward_scale=0.25, buffer_size=8)
    state = agent.acting_state(jax.random.key(0))
    zeros, ones = jnp.zeros((4, 3)), jnp.ones(4)
    batch = TransitionBatch(zeros, jnp.zeros((4, 2)), 3.0 * ones, 0.9 * ones, zeros)
    encoded = agent._encoded(
        state, batch._replace(observation={"all": zeros}, next_observation={"all": zeros})
    )
    np.testing.assert_array_equal(encoded.reward, 0.75)
    np.testing.assert_array_equal(encoded.discount, batch.discount)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate_end", -1e-4),
        ("learning_rate_updates", 0),
        ("max_gradient_norm", 0.0),
        ("reward_scale", float("nan")),
    ],
)
def test_impossible_options_are_refused(field, value):
    refuses(lambda: SAC(SPEC, **{field: value}), field, repr(value))


@pytest.mark.parametrize("kind", AGENTS)
def test_a_picture_that_reaches_an_mlp_is_told(kind):
    with pytest.warns(UserWarning, match=r"'pixels' of Cinema-v0 .* \(8, 8, 3\).* 192 .*views"):
        kind(PICTURES)


def test_a_picture_that_is_left_out_is_not_told():
    SAC(PICTURES, views=("all",))
