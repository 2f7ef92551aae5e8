"""SAC against its equations in NumPy."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import in_numpy
from hierax.agents import SAC, TransitionBatch
from hierax.agents.sac import LOG_SCALES
from hierax.spec import Continuous, View, WorldSpec

D, A, B = 3, 2, 7
SPEC = WorldSpec("Somewhere-v0", (View("all", (D,)),), Continuous(A), 50)
KEY = jax.random.key(5)
update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


def agent(**changes):
    return SAC(SPEC, **{"hidden_sizes": (6, 5), "initial_temperature": 0.3, **changes})


def learner_of(sac, seed=0):
    """A learner whose targets are not its critics."""
    learner = sac.build(jax.random.key(seed))
    other = sac.build(jax.random.key(seed + 1))
    return learner._replace(targets=other.critics)


def batch(discount=0.9, seed=0):
    return TransitionBatch(*map(jnp.asarray, in_numpy.batch(seed, B, D, A, discount)))


def act(actor, observation, noise):
    return in_numpy.squashed(in_numpy.network(actor, observation), noise, LOG_SCALES)


def noises():
    """What is drawn for the target and for the actor."""
    return (np.asarray(jax.random.normal(key, (B, A))) for key in jax.random.split(KEY))


def moments(state):
    """The first moment of Adam after one step, which is a tenth of the gradient."""
    return jax.tree.leaves(state[0].mu)


@pytest.mark.parametrize("prior", ["flat", "uniform"])
def test_losses_are_those_of_the_equations(x64, prior):
    sac = agent(prior=prior)
    learner, given = learner_of(sac), batch()
    after, metrics = update(sac, learner, given, KEY)
    log_prior = 0.0 if prior == "flat" else -A * math.log(2)
    for_target, for_actor = noises()

    action, log_prob = act(learner.actor, given.next_observation, for_target)
    value = in_numpy.values(learner.targets, given.next_observation, action).min(axis=0)
    target = given.reward + given.discount * (value - 0.3 * (log_prob - log_prior))
    found = in_numpy.values(learner.critics, given.observation, given.action)
    critic_loss = (0.5 * (found - target) ** 2).mean(axis=1).sum()
    assert metrics["critic_loss"] == pytest.approx(float(critic_loss), rel=1e-10)
    assert metrics["action_value"] == pytest.approx(float(found.mean()), rel=1e-10)

    action, log_prob = act(learner.actor, given.observation, for_actor)
    value = in_numpy.values(after.critics, given.observation, action).min(axis=0)
    actor_loss = (0.3 * (log_prob - log_prior) - value).mean()
    assert metrics["actor_loss"] == pytest.approx(float(actor_loss), rel=1e-9)
    assert metrics["entropy"] == pytest.approx(float(-log_prob.mean()), rel=1e-9)

    wanted = math.log(0.3) * (-log_prob.mean() + A)
    assert metrics["temperature_loss"] == pytest.approx(float(wanted), rel=1e-9)


def test_what_is_cheap_by_chance_differs_by_d_log_2(x64):
    """Log ratios differ by d log 2, and so do targets by γα times that."""
    given = batch()
    losses = []
    for prior in ("flat", "uniform"):
        sac = agent(prior=prior)
        shifted = given.reward + (prior == "uniform") * given.discount * 0.3 * A * math.log(2)
        _, metrics = update(sac, learner_of(sac), given._replace(reward=shifted), KEY)
        losses.append(metrics)
    flat, uniform = losses
    assert flat["critic_loss"] == pytest.approx(float(uniform["critic_loss"]), rel=1e-12)
    assert uniform["actor_loss"] - flat["actor_loss"] == pytest.approx(0.3 * A * math.log(2))
    assert flat["entropy"] == pytest.approx(float(uniform["entropy"]), rel=1e-12)


def test_the_gradient_of_the_actor_is_that_of_its_loss(x64):
    sac = agent()
    # Without a future the target does not depend on the actor, so its loss is all that does.
    learner, given = learner_of(sac), batch(discount=0.0)
    after, metrics = update(sac, learner, given, KEY)
    _, noise = noises()
    leaves, structure = jax.tree.flatten(learner.actor)
    rng = np.random.default_rng(0)
    direction = [rng.normal(size=leaf.shape) for leaf in leaves]

    def loss(size):
        moved = [leaf + size * way for leaf, way in zip(leaves, direction, strict=True)]
        actor = jax.tree.unflatten(structure, moved)
        action, log_prob = act(actor, given.observation, noise)
        value = in_numpy.values(after.critics, given.observation, action).min(axis=0)
        return (0.3 * log_prob - value).mean()

    slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
    gradient = [10 * moment for moment in moments(after.optimisers[0])]
    along = sum((g * way).sum() for g, way in zip(gradient, direction, strict=True))
    assert along == pytest.approx(float(slope), rel=1e-6)
    norm = math.sqrt(sum((g**2).sum() for g in gradient))
    assert metrics["actor_gradient"] == pytest.approx(float(norm), rel=1e-9)


def test_the_gradient_of_the_critics_does_not_pass_through_the_target(x64):
    sac = agent()
    learner, given = learner_of(sac), batch()
    learner = learner._replace(targets=learner.critics)  # shared numbers, constant all the same
    after, _ = update(sac, learner, given, KEY)
    for_target, _ = noises()
    action, log_prob = act(learner.actor, given.next_observation, for_target)
    value = in_numpy.values(learner.targets, given.next_observation, action).min(axis=0)
    target = given.reward + given.discount * (value - 0.3 * log_prob)
    found = in_numpy.values(learner.critics, given.observation, given.action)
    # dL/d(last bias) of each critic is the mean of its errors.
    bias = 10 * np.asarray(after.optimisers[1][0].mu.layers[-1].bias)[:, 0]
    np.testing.assert_allclose(bias, (found - target).mean(axis=1), rtol=1e-9)


def test_targets_follow_the_critics_of_after_the_step(x64):
    sac = agent()
    learner = learner_of(sac)
    after, _ = update(sac, learner, batch(), KEY)
    expected = jax.tree.map(lambda t, c: 0.995 * t + 0.005 * c, learner.targets, after.critics)
    for one, other in zip(jax.tree.leaves(after.targets), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize(("wanted", "sign"), [(50.0, 1), (-50.0, -1)])
def test_temperature_goes_up_where_entropy_is_too_low(wanted, sign):
    sac = agent(target_entropy=wanted)
    learner = learner_of(sac)
    after, metrics = update(sac, learner, batch(), KEY)
    change = after.log_temperature - learner.log_temperature
    assert change == pytest.approx(sign * sac.learning_rate, rel=1e-3)  # Adam's first step
    assert metrics["temperature"] == pytest.approx(float(jnp.exp(after.log_temperature)))


def test_a_fixed_temperature_stays():
    sac = agent(temperature=0.2, initial_temperature=7.0)
    learner = learner_of(sac)
    after, metrics = update(sac, learner, batch(), KEY)
    assert after.log_temperature == learner.log_temperature
    assert metrics["temperature"] == pytest.approx(0.2)
    assert metrics["temperature_loss"] == 0


def test_acting():
    sac = agent()
    learner, seen = sac.build(jax.random.key(0)), batch().observation
    policy = sac.policy(learner.actor, seen)
    np.testing.assert_array_equal(sac.exploit(learner, seen), jnp.tanh(policy.mean))
    keys = jax.random.split(KEY, 2000)
    samples = jax.vmap(lambda key: sac.explore(learner, seen, key))(keys)
    assert (jnp.abs(samples) < 1).all()
    middle = jnp.median(samples, axis=0)
    np.testing.assert_allclose(middle, jnp.tanh(policy.mean), atol=0.1)
    assert policy.log_scale.min() >= LOG_SCALES[0]
