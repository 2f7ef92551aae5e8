"""The views of the modules of a KL-regularised hierarchy: what one does not see changes nothing."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import PLANE
from agents.kl_rollouts import BUTTONS, N, T, Z, flat, hierarchy, modules_of
from hierax.agents import Transition
from hierax.agents.kl.agent import KLCarry

AGENT = hierarchy(period=3, high_views=("task",), normalise_observations=True)
"""The high level sees the task alone; the low level, by default, all but the task."""
KEY = jax.random.key(1)
_act = jax.jit(
    lambda explore, *given: AGENT.act(*given, explore=explore), static_argnums=0
)  # fmt: skip


@functools.cache
def state():
    """A state whose statistics have seen something, after a rollout."""
    rng, new = np.random.default_rng(0), jax.jit(AGENT.init, static_argnums=1)(KEY, N)
    new = new._replace(learner=modules_of(AGENT))
    observe, rows = jax.jit(AGENT.observe), [seen(rng) for _ in range(T + 1)]
    for before, after in itertools.pairwise(rows):
        no, zeros = np.zeros(N, bool), np.zeros((N, Z), np.float32)
        extras = {"age": np.zeros(N, np.int32), "latent": zeros, "previous": zeros, "noise": zeros}
        extras["log_prob"] = np.zeros(N, np.float32)
        given = before, np.zeros(N, np.int32), extras, np.zeros(N, np.float32), no, no, after, ~no
        new = observe(new, Transition(*given))
    return new, rows


def seen(rng):
    """Any observation."""
    return {
        view.name: (3 + 2 * rng.normal(size=(N, *view.shape))).astype(np.float32)
        for view in BUTTONS.views
    }


def acted(observation, age=0, explore=True):
    """Carry, actions and extras at some age of all episodes."""
    rng = np.random.default_rng(3)
    latents = (jnp.asarray(rng.normal(size=(N, Z)), jnp.float32) for _ in range(2))
    carry = KLCarry(jnp.full(N, age, jnp.int32), *latents)
    given = state()[0]._replace(replay=None), carry, observation, KEY
    return jax.device_get(_act(explore, *given))


def changed(name, how):
    """An observation before and after one of its views has changed."""
    rng, before = np.random.default_rng(5), seen(np.random.default_rng(4))
    other = before[name][::-1] if how == "permuted" else 9 * rng.normal(size=before[name].shape)
    return before, {**before, name: other.astype(np.float32)}


both = pytest.mark.parametrize("how", ["permuted", "random"])


@both
def test_latents_do_not_depend_on_views_that_the_high_level_does_not_see(how):
    (_, _, before), (_, _, after) = (acted(each) for each in changed("body", how))
    np.testing.assert_array_equal(before["latent"], after["latent"])
    assert np.abs(before["log_prob"] - after["log_prob"]).max() > 1e-3


@both
def test_by_default_the_low_level_does_not_see_the_task(how):
    """Between two decisions it does not matter. At a decision it changes the latent."""
    between, decided = (
        [acted(each, age)[1:] for each in changed("task", how)] for age in (4, 3)
    )  # fmt: skip
    (action, extras), (other, others) = between
    np.testing.assert_array_equal(action, other)
    jax.tree.map(np.testing.assert_array_equal, extras, others)
    (_, extras), (_, others) = decided
    assert np.abs(extras["latent"] - others["latent"]).max() > 1e-3
    assert np.abs(extras["log_prob"] - others["log_prob"]).max() > 1e-3


def test_without_exploration_latents_and_actions_are_modes():
    observation = seen(np.random.default_rng(6))
    carry, action, extras = acted(observation, explore=False)
    learner, encoders = state()[0].learner, state()[0].encoders
    high = learner.parameters["high"](encoders["high"](observation))
    np.testing.assert_allclose(extras["latent"], high[:, :Z], atol=1e-5)
    np.testing.assert_array_equal(carry.latent, extras["latent"])
    below = [encoders["low"](observation), extras["latent"], np.zeros((N, 1))]
    logits = learner.parameters["low"](jnp.concatenate(below, axis=1))
    np.testing.assert_array_equal(action, np.argmax(logits, axis=1))
    np.testing.assert_allclose(
        extras["log_prob"], jax.nn.log_softmax(logits).max(axis=1), atol=1e-5
    )


def test_a_batch_holds_the_views_of_each_module_at_every_observation():
    """As its encoder shows them, with the statistics of now; that after the last step too."""
    now, rows = state()
    batch = jax.device_get(jax.jit(AGENT.next_batch)(now))
    assert set(batch.observation) == {"high", "low", "value"}
    for name, shown in batch.observation.items():
        assert len(shown) == T + 1
        for one, row in zip(shown, rows, strict=True):
            np.testing.assert_allclose(one, now.encoders[name](row), atol=1e-5)
    assert np.abs(np.concatenate(list(batch.observation.values()), axis=-1).mean()) < 0.2
    assert batch.next_observation is None


def test_views_by_default():
    every = ("task", "body")
    assert hierarchy().views == {"high": every, "low": ("body",), "value": every}
    assert hierarchy(low_level="separate").views["low_default"] == ("body",)
    assert flat().views == {"policy": every, "value": every}
    # The goal of the world is part of the task, whatever its name.
    assert hierarchy(PLANE).views["low"] == ("position", "body")


def test_views_that_are_named_are_those_that_are_seen():
    given = {
        "high_views": ("task",), "low_views": ("body", "task"), "low_default_views": (),
        "value_views": ("body",),
    }  # fmt: skip
    agent = hierarchy(low_level="separate", **given)
    assert agent.views == {name.removesuffix("_views"): views for name, views in given.items()}
    sizes = {"high": 2, "low": 5 + Z, "low_default": Z, "value": 3 + Z}
    parameters = jax.eval_shape(agent.build, KEY).parameters
    for name, size in sizes.items():
        assert parameters[name].layers[0].weight.shape[0] == size
    below = hierarchy(low_level="separate", low_views=("task",))
    assert below.views["low_default"] == ("task",)
    assert flat(policy_views=("task",)).views == {"policy": ("task",), "value": ("task", "body")}
