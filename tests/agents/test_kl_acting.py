"""A KL-regularised hierarchy acts in a world as its updates take it to have acted."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import kl_numpy
from agents.kl_rollouts import KEY, Z, hierarchy
from agents.kl_windows import GRID, LINE, high_level, ratios, windows
from hierax.agents.distributions import DiagonalGaussian
from hierax.agents.kl.heads import actions

COUNT = 7
SCALES = (0.4, 1.5)
AGENTS = {
    "discrete": (hierarchy(GRID.spec, period=3), GRID),
    "continuous": (hierarchy(LINE.spec, period=2, latent_size=1, action_scales=SCALES), LINE),
}
each_kind = pytest.mark.parametrize("kind", AGENTS)
ROUNDING = 1e-4
"""Of float32: sums of products, in another order."""


@functools.cache
def walked(kind):
    """An agent and windows of its steps, which follow one another."""
    agent, world = AGENTS[kind]
    return agent, windows(agent, world, COUNT)


@functools.cache
def stored(kind):
    """The steps of all windows, one after the other."""
    rollouts = [window.rollout._replace(observation=None) for window in walked(kind)[1]]
    return jax.tree.map(lambda *each: np.concatenate(each), *rollouts)


@each_kind
def test_windows_begin_between_decisions_and_hold_ends_of_episodes(kind):
    agent, made = walked(kind)
    first = np.array([window.rollout.extras["age"][0] for window in made])
    assert (first[1:] % agent.period == 0).any()
    assert (first[1:] % agent.period > 0).any()
    assert any(not window.rollout.is_step[0].all() for window in made)
    for end in ("terminated", "truncated"):
        has_end = any(getattr(window.rollout, end)[:-1].any() for window in made)
        assert has_end == (end == "truncated" or kind == "discrete")


@each_kind
def test_latents_are_drawn_at_the_decisions_of_each_episode_and_held(kind):
    agent, made = walked(kind)
    steps = stored(kind)
    noise = steps.extras["noise"]
    mean, scale = (np.concatenate(each) for each in zip(*map(high_level, made), strict=True))
    age = kl_numpy.ages(steps.extras, steps.is_step)[:-1]
    np.testing.assert_array_equal(steps.extras["age"], age)
    zeros = np.zeros_like(noise[0])
    held, previous = kl_numpy.latents(age, agent.period, mean + scale * noise, zeros, zeros)
    np.testing.assert_allclose(steps.extras["latent"], held, atol=ROUNDING)
    np.testing.assert_allclose(steps.extras["previous"], previous, atol=ROUNDING)
    assert noise.std() == pytest.approx(1, abs=0.05)
    assert abs(np.mean(noise[1:] * noise[:-1])) < 0.05


def low_level(agent, window):
    """The policy of actions at the observations of steps, in NumPy."""
    extras = window.rollout.extras
    parts = [window.rollout.observation["low"][:-1], extras["latent"]]
    parts.append((extras["age"] % agent.period / agent.period)[..., None])
    layers = kl_numpy.arrays(window.parameters)["low"]
    return kl_numpy.policy(agent, kl_numpy.network(layers, np.concatenate(parts, axis=-1)))


@each_kind
def test_log_probs_are_those_of_the_policy(kind):
    """Of the present parameters, of the latent that is held, and of the action as it was drawn."""
    agent, made = walked(kind)
    for window in made:
        expected = kl_numpy.log_prob(low_level(agent, window), window.rollout.action)
        np.testing.assert_allclose(window.rollout.extras["log_prob"], expected, atol=ROUNDING)


def test_noise_of_actions_and_of_latents_is_independent():
    agent, made = walked("continuous")
    pairs = []
    for window in made:
        policy = low_level(agent, window)
        standard = (window.rollout.action - policy[0]) / policy[-1]
        pairs.append([standard, window.rollout.extras["noise"]])
    of_actions, of_latents = np.array(pairs).swapaxes(0, 1).reshape(2, -1)
    assert of_actions.std() == pytest.approx(1, abs=0.05)
    assert abs(np.corrcoef(of_actions, of_latents)[0, 1]) < 0.06  # 3.5 / sqrt(3584)


@each_kind
def test_with_stored_latents_every_ratio_is_1(kind):
    """Across ends of episodes and in windows that begin between two decisions, whatever the key."""
    agent, made = walked(kind)
    for number, window in enumerate(made):
        found = ratios(agent, window, jax.random.key(number))
        np.testing.assert_allclose(found, 1, atol=10 * ROUNDING)


@each_kind
def test_with_new_latents_the_mean_ratio_is_1(kind):
    """A latent that was drawn before the window is the stored one, and its ratios are 1."""
    agent, made = walked(kind)
    agent, ratio = dataclasses.replace(agent, latents="resample"), []
    for number, window in enumerate(made):
        found = ratios(agent, window, jax.random.key(number))
        is_drawn = np.cumsum(window.rollout.extras["age"] % agent.period == 0, axis=0) > 0
        np.testing.assert_allclose(found[~is_drawn], 1, atol=10 * ROUNDING)
        ratio += list(found[is_drawn])
    assert (np.abs(np.array(ratio) - 1) > 1e-3).mean() > 0.9
    assert np.mean(ratio) == pytest.approx(1, abs=0.1)
    one, other = (ratios(agent, made[0], jax.random.key(seed)) for seed in (0, 1))
    assert np.abs(one - other).max() > 0.1


def test_the_variance_of_ratios_grows_with_the_spread_of_latents():
    agent, world = AGENTS["discrete"]
    resampling, spreads = dataclasses.replace(agent, latents="resample"), []
    for log_scale in (-5.0, -2.0, 1.0):

        def spread(parameters, log_scale=log_scale):
            last = parameters["high"].layers[-1]
            weight, bias = last.weight.at[:, Z:].set(0.0), last.bias.at[Z:].set(log_scale)
            high = eqx.tree_at(
                lambda each: (each.layers[-1].weight, each.layers[-1].bias),
                parameters["high"],
                (weight, bias),
            )
            return {**parameters, "high": high}

        made = windows(agent, world, 2, change=spread)
        found = np.concatenate([ratios(resampling, window, KEY) for window in made])
        assert found.mean() == pytest.approx(1, abs=0.1)
        spreads.append(found.std())
    narrow, middle, wide = spreads
    assert narrow < 0.01
    assert middle > 3 * narrow
    assert wide > 2 * middle


def test_actions_are_stored_as_they_were_drawn():
    """The world clips them to [-1, 1]; with clipped ones ratios would be wrong at the bounds."""
    action = stored("continuous").action
    assert (np.abs(action) > 1).mean() > 0.1
    assert len(np.unique(np.abs(action[np.abs(action) > 1]))) > 100


def test_standard_deviations_of_actions_are_within_their_bounds():
    output = jnp.array([[0.0, -50.0], [100.0, 0.0], [-100.0, 50.0]])
    found, (least, most) = actions(LINE.spec.action, output, SCALES), SCALES
    assert isinstance(found, DiagonalGaussian)
    np.testing.assert_allclose(np.exp(found.log_scale[:, 0]), [least, (least + most) / 2, most])
    np.testing.assert_allclose(found.mean[:, 0], [0, 1, -1])
