"""Stacks that were trained become what theory says, and no level makes them worse.

One step with reward r at a temperature of 1/ρ: K levels of it give p(a) exp(K ρ r(a)).
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.stacks import BODY, KEY, NEW, PLAIN, D, stacked
from hierax.agents import Level, TransitionBatch
from hierax.agents.distributions import log_det_tanh
from hierax.agents.latent_space.flows import standard_log_prob
from hierax.experiments.bandits import (
    OBSERVATION,
    CubeBandit,
    GaussianBandit,
    Size,
    divergence,
    evaluate,
    train_stack,
)

SAMPLES = 50_000
GRID = 400
"""Points along each axis of a quadrature."""
GAUSSIAN, CUBE = GaussianBandit(), CubeBandit()
BANDITS = {
    # Affine layers hold the optimum itself; four modes take a large flow.
    "gaussian": (GAUSSIAN, Size(2, 16, steps=1_000)),
    "cube": (CUBE, Size(12, 32, steps=5_000, batch=1_024, rate=6e-3)),
}
BOUNDS = {"gaussian": 1e-3, "cube": 0.05}
"""KL to the optimum that is allowed for each level, in nats."""
both = pytest.mark.parametrize("name", ["gaussian", pytest.param("cube", marks=pytest.mark.slow)])


@functools.cache
def two_levels(name):
    bandit, size = BANDITS[name]
    return bandit, train_stack(bandit, [(size, 1.0)] * 2, jax.random.key(0))


@jax.jit
def log_density(flows, x):
    """Of outputs x_0 of the whole stack."""
    volume = jnp.zeros(len(x))
    for flow in flows:
        x, log_det = flow.inverse(x, shown(x))
        volume += log_det
    return standard_log_prob(x) + volume


def shown(x):
    return jnp.broadcast_to(OBSERVATION, (len(x), OBSERVATION.size))


def by_quadrature(bandit, flows, levels):
    """∫π, and KL(π ‖ π*), over a grid of actions."""
    edge = 1.0 if bandit.squashed else 6.0
    middles = edge * ((np.arange(GRID) + 0.5) * 2.0 / GRID - 1.0)
    actions = jnp.asarray(np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2))
    if bandit.squashed:
        x, log_prior = jnp.arctanh(actions), -2 * math.log(2)
        log_policy = log_density(flows, x) - log_det_tanh(x)
    else:
        log_policy, log_prior = log_density(flows, actions), standard_log_prob(actions)
    log_best = log_prior + levels * bandit.scale * bandit.reward(actions)
    log_policy, log_best = np.asarray(log_policy, float), np.asarray(log_best, float)
    weight = np.exp(log_policy) * (2.0 * edge / GRID) ** 2
    return weight.sum(), (weight * (log_policy - log_best + bandit.log_partition(levels))).sum()


@both
@pytest.mark.parametrize("levels", [1, 2])
def test_levels_become_the_best_policy_one_by_one(name, levels):
    bandit, flows = two_levels(name)
    mass, found = by_quadrature(bandit, flows[:levels], levels)
    assert mass == pytest.approx(1.0, abs=1e-3)
    assert found < levels * BOUNDS[name]
    told = divergence(bandit, levels, *evaluate(bandit, flows[:levels], jax.random.key(3), SAMPLES))
    # A sample's log π - log π* has a variance of about twice the KL.
    assert told == pytest.approx(found, abs=5 * math.sqrt(2 * abs(found) / SAMPLES) + 1e-3)


def test_one_level_at_half_the_temperature_is_as_good_as_two():
    _, size = BANDITS["gaussian"]
    flows = train_stack(GAUSSIAN, [(size, 2.0)], jax.random.key(0))
    assert by_quadrature(GAUSSIAN, flows, 2)[1] < BOUNDS["gaussian"]
    assert by_quadrature(GAUSSIAN, flows, 1)[1] > 0.05


def require_no_loss(lower, upper):
    """A level more is worth no less than the identity: in its own objective, and so in rewards.

    Each is what samples are paid, times ρ, and their log ratios to the policy below.
    """
    before, _ = (np.asarray(part, float) for part in lower)
    paid, log_ratio = (np.asarray(part, float) for part in upper)
    for after in (paid, paid - log_ratio):
        error = math.sqrt(after.var() / after.size + before.var() / before.size)
        assert after.mean() >= before.mean() - 2 * error
    assert log_ratio.mean() > 0.01  # it is another policy


@jax.jit
def sampled(flows, noise):
    """Outputs x_0, and the log ratios of the top level."""
    *_, top = flows
    x, log_det = top.forward(noise, shown(noise))
    log_ratio = standard_log_prob(noise) - log_det - standard_log_prob(x)
    for flow in reversed(flows[:-1]):
        x, _ = flow.forward(x, shown(x))
    return x, log_ratio


@both
def test_a_level_more_on_the_same_reward_loses_nothing(name):
    bandit, flows = two_levels(name)
    rolled = []
    for levels, key in zip((1, 2), jax.random.split(KEY), strict=True):
        x, log_ratio = sampled(flows[:levels], jax.random.normal(key, (SAMPLES, 2)))
        action = jnp.tanh(x) if bandit.squashed else x
        rolled.append((bandit.scale * bandit.reward(action), log_ratio))
    require_no_loss(*rolled)


# The same with agents, whose levels learn from critics


LEVEL = Level(coupling_units=16, temperature=1 / GAUSSIAN.scale)


@functools.partial(jax.jit, static_argnums=(0, 2))
def learned(agent, state, updates):
    """The state after so many batches of single steps that the Gaussian bandit pays."""

    def one(learner, key):
        seen_key, output_key, update_key = jax.random.split(key, 3)
        seen = jax.random.normal(seen_key, (128, *BODY.shape))
        output = 1.5 * jax.random.normal(output_key, (128, D))
        x = agent.bottom_output(state, {"body": seen}, output)
        given = TransitionBatch(seen, output, GAUSSIAN.reward(x), jnp.zeros(128), seen)
        return agent.update(learner, given, update_key)[0], None

    learner, _ = jax.lax.scan(one, state.learner, jax.random.split(KEY, updates))
    return state._replace(learner=learner)


@functools.partial(jax.jit, static_argnums=0)
def acted(agent, state, key):
    """Outputs x_0 of the lowest level, and the log ratios of the top level."""
    seen_key, key = jax.random.split(key)
    seen = jax.random.normal(seen_key, (SAMPLES, *BODY.shape))
    output, log_ratio, _ = agent.sample_policy(state.learner.top.actor, seen, key)
    return agent.bottom_output(state, {"body": seen}, output), log_ratio


@pytest.mark.slow
def test_levels_of_an_agent_do_so_too():
    # The lowest level is the identity and frozen, so that x_0 has N(0, I) as its prior.
    agent, state = stacked(NEW, LEVEL, spec=PLAIN, hidden_sizes=(32, 32), learning_rate=3e-3)
    rolled = []
    for levels, key in zip((1, 2), jax.random.split(KEY), strict=True):
        state = learned(agent, state, 1_000)
        x, log_ratio = acted(agent, state, key)
        mean, variance = GAUSSIAN.optimum(levels)
        np.testing.assert_allclose(x.mean(axis=0), mean, atol=0.1)
        np.testing.assert_allclose(x.var(axis=0), variance, rtol=0.25)
        rolled.append((GAUSSIAN.scale * GAUSSIAN.reward(x), log_ratio))
        agent, state = agent.add_level(state, LEVEL)
    require_no_loss(*rolled)
