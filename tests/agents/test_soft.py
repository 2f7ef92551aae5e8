"""The soft update against its equations in NumPy, with a policy that is linear and Gaussian."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.stats

from agents import in_numpy
from hierax.agents.critics import twin_critics
from hierax.agents.transitions import TransitionBatch
from hierax.agents.updates.soft import SoftUpdate

D, A, B = 3, 2, 7
KEY = jax.random.key(5)
TEMPERATURE, RATE = 0.3, 0.05
STEP = 0.125
DESCENT = optax.sgd(STEP)  # parameters change by STEP times the gradient, which thus can be seen
update = jax.jit(lambda soft, *given: soft(*given), static_argnums=0)


def against_a_normal(actor, observation, key):
    """Actions N(observation W, σ²) against a prior N(0, I)."""
    return drawn(actor, observation, key, log_prior)


def against_nothing(actor, observation, key):
    """The same actions, against a density of 1."""
    return drawn(actor, observation, key, lambda action: jnp.zeros(B))


def drawn(actor, observation, key, log_prior):
    noise = jax.random.normal(key, (B, A))
    action = observation @ actor["weight"] + jnp.exp(actor["log_scale"]) * noise
    log_prob = -(0.5 * noise**2 + actor["log_scale"] + 0.5 * math.log(2 * math.pi)).sum(axis=1)
    log_ratio = log_prob - log_prior(action)
    return action, log_ratio, {"kl": log_ratio.mean()}


def log_prior(action):
    return -(0.5 * action**2 + 0.5 * math.log(2 * math.pi)).sum(axis=1)


def by_hand(actor, observation, noise):
    """Actions and their log ratios."""
    mean, scale = np.asarray(observation) @ actor["weight"], np.exp(actor["log_scale"])
    action = mean + scale * noise
    log_prob = scipy.stats.norm(mean, scale).logpdf(action)
    return action, (log_prob - scipy.stats.norm.logpdf(action)).sum(axis=1)


def soft(sample=against_a_normal, target_ratio: float | None = 0.7, optimiser=DESCENT):
    return SoftUpdate(sample, optimiser, RATE, target_ratio)


def learner_of(soft):
    """A learner whose targets are not its critics."""
    rng = np.random.default_rng(1)
    actor = {
        "weight": jnp.asarray(rng.normal(size=(D, A))),
        "log_scale": jnp.asarray(0.3 * rng.normal(size=A)),
    }
    critics, others = (twin_critics(jax.random.key(seed), D, A, (6, 5)) for seed in (0, 1))
    return soft.init(actor, critics, TEMPERATURE)._replace(targets=others)


def batch(discount=0.9):
    return TransitionBatch(*map(jnp.asarray, in_numpy.batch(0, B, D, A, discount)))


def noises():
    """What is drawn for the target and for the actor."""
    return (np.asarray(jax.random.normal(key, (B, A))) for key in jax.random.split(KEY))


def target_by_hand(learner, given):
    action, log_ratio = by_hand(learner.actor, given.next_observation, next(noises()))
    value = in_numpy.values(learner.targets, given.next_observation, action).min(axis=0)
    return given.reward + given.discount * (value - TEMPERATURE * log_ratio)


def test_losses_are_those_of_the_equations(x64):
    learner, given = learner_of(soft()), batch()
    after, metrics = update(soft(), learner, given, KEY)
    _, for_actor = noises()

    found = in_numpy.values(learner.critics, given.observation, given.action)
    errors = found - target_by_hand(learner, given)
    critic_loss = (0.5 * errors**2).mean(axis=1).sum()
    assert metrics["critic_loss"] == pytest.approx(float(critic_loss), rel=1e-10)
    assert metrics["action_value"] == pytest.approx(float(found.mean()), rel=1e-10)

    action, log_ratio = by_hand(learner.actor, given.observation, for_actor)
    value = in_numpy.values(after.critics, given.observation, action).min(axis=0)
    actor_loss = (TEMPERATURE * log_ratio - value).mean()
    assert metrics["actor_loss"] == pytest.approx(float(actor_loss), rel=1e-10)
    assert metrics["kl"] == pytest.approx(float(log_ratio.mean()), rel=1e-10)

    wanted = math.log(TEMPERATURE) * (0.7 - log_ratio.mean())
    assert metrics["temperature_loss"] == pytest.approx(float(wanted), rel=1e-10)


def test_the_prior_is_in_the_target_and_in_the_loss_of_the_actor(x64):
    """With a density of 1 and the prior as a reward by hand, in both places, nothing changes."""
    learner, given = learner_of(soft()), batch()
    after, with_prior = update(soft(), learner, given, KEY)
    for_target, for_actor = noises()
    action, _ = by_hand(learner.actor, given.next_observation, for_target)
    bonus = given.discount * TEMPERATURE * log_prior(action)
    paid = given._replace(reward=given.reward + bonus)
    same, without = update(soft(against_nothing), learner, paid, KEY)
    assert with_prior["critic_loss"] == pytest.approx(float(without["critic_loss"]), rel=1e-12)
    np.testing.assert_allclose(
        same.critics.layers[0].weight, after.critics.layers[0].weight, rtol=1e-12
    )
    action, _ = by_hand(learner.actor, given.observation, for_actor)
    bonus = TEMPERATURE * log_prior(action).mean()
    difference = without["actor_loss"] - with_prior["actor_loss"]
    assert difference == pytest.approx(float(bonus), rel=1e-10)
    assert abs(bonus) > 0.1


def test_the_gradient_of_the_actor_passes_through_the_action(x64):
    learner, given = learner_of(soft()), batch()
    after, metrics = update(soft(), learner, given, KEY)
    _, noise = noises()
    gradient = {name: (learner.actor[name] - after.actor[name]) / STEP for name in learner.actor}

    def loss(actor):
        action, log_ratio = by_hand(actor, given.observation, noise)
        value = in_numpy.values(after.critics, given.observation, action).min(axis=0)
        return (TEMPERATURE * log_ratio - value).mean()

    for name, value in learner.actor.items():
        for place in np.ndindex(value.shape):
            way = np.zeros(value.shape)
            way[place] = 1e-6
            above, below = ({**learner.actor, name: value + sign * way} for sign in (1, -1))
            slope = (loss(above) - loss(below)) / 2e-6
            assert gradient[name][place] == pytest.approx(float(slope), rel=1e-6, abs=1e-8)
    norm = math.sqrt(sum(float((leaf**2).sum()) for leaf in gradient.values()))
    assert metrics["actor_gradient"] == pytest.approx(norm, rel=1e-9)


def test_the_gradient_of_the_critics_does_not_pass_through_the_target(x64):
    learner, given = learner_of(soft()), batch()
    learner = learner._replace(targets=learner.critics)  # shared numbers, constant all the same
    after, _ = update(soft(), learner, given, KEY)
    found = in_numpy.values(learner.critics, given.observation, given.action)
    errors = found - target_by_hand(learner, given)
    # dL/d(last bias) of each critic is the mean of its errors.
    change = learner.critics.layers[-1].bias - after.critics.layers[-1].bias
    np.testing.assert_allclose(change[:, 0] / STEP, errors.mean(axis=1), rtol=1e-9)


def test_targets_follow_the_critics_of_after_the_step(x64):
    learner = learner_of(soft())
    after, _ = update(soft(), learner, batch(), KEY)
    mixed = jax.tree.map(
        lambda old, new: (1 - RATE) * old + RATE * new, learner.targets, after.critics
    )
    for one, other in zip(jax.tree.leaves(after.targets), jax.tree.leaves(mixed), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("distance", [-0.5, 0.5])
def test_temperature_goes_up_where_the_divergence_is_above_its_target(x64, distance):
    learner, given = learner_of(soft()), batch()
    _, for_actor = noises()
    _, log_ratio = by_hand(learner.actor, given.observation, for_actor)
    above = soft(target_ratio=float(log_ratio.mean()) - distance)
    after, metrics = update(above, learner, given, KEY)
    change = after.log_temperature - learner.log_temperature
    assert change == pytest.approx(STEP * distance, rel=1e-9)
    assert metrics["temperature"] == pytest.approx(TEMPERATURE * math.exp(change), rel=1e-9)


def test_a_fixed_temperature_stays_and_so_does_its_optimiser():
    fixed = soft(target_ratio=None, optimiser=optax.adam(0.1))
    learner = learner_of(fixed)
    after, metrics = update(fixed, learner, batch(), KEY)
    assert after.log_temperature == learner.log_temperature
    assert metrics["temperature"] == pytest.approx(TEMPERATURE)
    assert metrics["temperature_loss"] == 0
    *others, before = learner.optimisers
    *others_after, state = after.optimisers
    assert jax.tree.all(jax.tree.map(lambda one, other: (one == other).all(), before, state))
    assert [each[0].count for each in others] == [0, 0]
    assert [each[0].count for each in others_after] == [1, 1]


def test_rewards_in_other_units_are_the_same_with_temperature_and_values_in_those_units(x64):
    """ρ r at a temperature of 1 is r at 1/ρ. Only the learning rates tell them apart."""
    rho = 1 / TEMPERATURE
    # Adam that stands still: its first moments are a tenth of the gradients.
    still = soft(optimiser=optax.adam(0.0))
    learner, given = learner_of(still), batch()
    scaled = learner._replace(
        critics=with_values_times(rho, learner.critics),
        targets=with_values_times(rho, learner.targets),
        log_temperature=learner.log_temperature + math.log(rho),
    )
    paid = given._replace(reward=rho * given.reward)
    (after, metrics), (other, more) = (
        update(still, each, rows, KEY) for each, rows in ((learner, given), (scaled, paid))
    )
    assert more["temperature"] == pytest.approx(1.0)
    assert more["critic_loss"] == pytest.approx(rho**2 * float(metrics["critic_loss"]), rel=1e-12)
    assert more["actor_loss"] == pytest.approx(rho * float(metrics["actor_loss"]), rel=1e-12)
    way, same_way = (each.optimisers[0][0].mu for each in (after, other))
    for name, moment in way.items():
        np.testing.assert_allclose(same_way[name], rho * moment, rtol=1e-10)
        assert np.abs(moment).max() > 1e-3
    # What the divergence is tuned to has no unit.
    one, same = (each.optimisers[2][0].mu for each in (after, other))
    assert same == pytest.approx(float(one), rel=1e-12)


def with_values_times(factor, critics):
    """Critics whose values are so many times as large."""
    *first, last = critics.layers
    times = jax.tree.map(lambda leaf: factor * leaf, last)
    return eqx.tree_at(lambda critics: critics.layers, critics, (*first, times))


def test_a_new_learner_has_targets_of_its_own():
    critics = twin_critics(jax.random.key(0), D, A, (6, 5))
    learner = soft().init({}, critics, 0.25)
    assert learner.log_temperature == pytest.approx(math.log(0.25))
    assert learner.log_temperature.dtype == jnp.float32
    for one, other in zip(jax.tree.leaves(learner.targets), jax.tree.leaves(critics), strict=True):
        np.testing.assert_array_equal(one, other)
        # Not the same memory: compiled drivers give away what they are given.
        assert one.unsafe_buffer_pointer() != other.unsafe_buffer_pointer()


def test_what_the_policy_tells_is_among_the_metrics(x64):
    told = update(soft(), learner_of(soft()), batch(), KEY)[1]
    assert set(told) == {
        "critic_loss",
        "critic_gradient",
        "actor_loss",
        "actor_gradient",
        "temperature_loss",
        "temperature",
        "action_value",
        "kl",
    }
