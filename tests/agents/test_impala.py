"""IMPALA: an actor-critic with V-trace. Its losses are tested in `test_kl_losses`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hierax
from agents import kl_numpy
from agents.kl_rollouts import ENTROPY, FLAT, FLAT_LEVERED, modules_of, rollout_of, update
from agents.kl_windows import trained
from agents.on_policy_agent import CHANCE, StayOrLeave
from hierax.agents.kl import IMPALA, VTrace
from hierax.worlds import BodyGrid

KEY = jax.random.key(0)


def test_it_finds_the_best_policy_and_its_value():
    """Without a value behind a truncation it would be 2.3, with one behind a termination 10."""
    world = StayOrLeave()
    learner = VTrace(rollout_length=8, learning_rate=5e-3)
    agent = IMPALA(
        world.spec, hidden_sizes=(16,), value_hidden_sizes=(16,), discount=0.9, entropy=1e-2,
        learner=learner,
    )  # fmt: skip
    state, *_ = trained(agent, world, 300)
    assert int(state.updates) == int(state.learner.updates) == 300
    cues, parameters = jnp.eye(2), state.learner.parameters
    stays = jax.nn.softmax(parameters["policy"](cues))[jnp.arange(2), 1 - jnp.arange(2)]
    assert stays.min() > 0.95
    expected = 1 / (1 - agent.discount * (1 - CHANCE))
    np.testing.assert_allclose(parameters["value"](cues)[:, 0], expected, rtol=0.06)


@functools.partial(jax.jit, static_argnums=(0, 3))
def act(agent, state, seen, explore):
    return agent.act(state, (), seen, KEY, explore=explore)


def acted(agent, explore):
    """Output of the policy in NumPy, actions and extras, for many observations."""
    state = agent.acting_state(KEY)._replace(learner=modules_of(agent))
    rng = np.random.default_rng(0)
    seen = {
        view.name: rng.normal(size=(500, *view.shape)).astype(np.float32)
        for view in agent.spec.views
    }
    _, action, extras = jax.device_get(act(agent, state, seen, explore))
    shown = np.concatenate([seen[name] for name in agent.views["policy"]], axis=1)
    layers = kl_numpy.arrays(state.learner.parameters)["policy"]
    return kl_numpy.policy(agent, kl_numpy.network(layers, shown)), action, extras


@pytest.mark.parametrize("agent", [FLAT, FLAT_LEVERED], ids=["discrete", "continuous"])
def test_actions_come_with_their_log_probability(agent):
    policy, action, extras = acted(agent, True)
    expected = kl_numpy.log_prob(policy, action)
    np.testing.assert_allclose(extras["log_prob"], expected, atol=1e-4)
    assert set(extras) == {"log_prob"}
    # The mean of -log π(a) is the entropy: actions are samples of this policy.
    error = (-expected - kl_numpy.entropy(policy)).mean()
    assert abs(error) < 4 * expected.std() / np.sqrt(len(expected))
    if agent is FLAT_LEVERED:
        assert (np.abs(action) > 1).mean() > 0.1  # as they were drawn; the world clips them


def test_without_exploration_actions_are_modes():
    policy, action, extras = acted(FLAT, False)
    logits = policy[0]
    np.testing.assert_array_equal(action, logits.argmax(axis=1))
    expected = kl_numpy.log_prob(policy, logits.argmax(axis=1))
    np.testing.assert_allclose(extras["log_prob"], expected, atol=1e-5)


def test_the_weight_of_the_entropy_falls_linearly_with_environment_steps():
    modules, rollout, losses = modules_of(FLAT), rollout_of(FLAT), {}
    for updates in (0, 5, 10_000):
        metrics = update(FLAT, modules._replace(updates=jnp.int32(updates)), rollout)[1]
        losses[updates] = metrics["policy/loss"]
    start, end = ENTROPY
    share = 5 * rollout.is_step.size / FLAT.entropy_steps
    for updates, weight in ((5, start + share * (end - start)), (10_000, end)):
        more = (start - weight) * metrics["policy/entropy"]
        assert losses[updates] - losses[0] == pytest.approx(more, rel=1e-3)


@pytest.mark.slow
def test_it_learns_the_grid():
    world = BodyGrid(1, size=4)
    agent = IMPALA(world.spec)
    done = hierax.train(agent, world, 100_000, environments=64, episodes=100, progress=False)
    assert done.summary["success_rate"] > 0.95
    assert done.summary["mean"] > 0.6  # at best 0.73
