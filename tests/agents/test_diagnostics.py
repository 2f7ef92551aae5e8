"""Each learner solves five worlds whose answers are known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import diagnostic_worlds as worlds
from hierax.agents import SAC, TD3
from hierax.agents.critics import action_values
from hierax.agents.kl import SVG0, Retrace

DISCOUNT = 0.9
SHARED = {
    "hidden_sizes": (32, 32),
    "discount": DISCOUNT,
    "learning_rate": 3e-3,
    "batch_size": 64,
    "tau": 0.05,
    "buffer_size": 8_000,
    "learning_starts": 2_000,
}
UPDATES = 2_000
TEMPERATURE = 0.02
# Measured against uniform actions, a policy with nothing to choose pays nothing: values are plain.
RETRACE = Retrace(
    window_length=3, batch_size=32, buffer_size=8_000, learning_rate=3e-3, value_learning_rate=3e-3
)
AGENTS = {
    "sac": SAC(worlds.SPEC, temperature=TEMPERATURE, prior="uniform", **SHARED),
    "td3": TD3(worlds.SPEC, exploration_noise=0.4, **SHARED),
    "svg0": SVG0(
        worlds.SPEC,
        hidden_sizes=(32, 32),
        value_hidden_sizes=(32, 32),
        discount=DISCOUNT,
        action_scales=(0.3, 1.0),
        learner=RETRACE,
    ),
}


@pytest.fixture(scope="module", params=AGENTS)
def agent(request):
    return AGENTS[request.param]


def train(agent, world, seed=0, temperature=TEMPERATURE):
    """The temperature, which SAC has alone, is an argument: one compilation serves for several."""
    own = jnp.log(temperature) if isinstance(agent, SAC) else None
    return worlds.trained(agent, world, seed, UPDATES, own)


def value(agent, state, world, clock, first=0.0, action=0.0):
    """Q, with two critics their mean."""
    seen, actions = worlds.seen(world, clock, first), jnp.full((1, 1), action)
    if isinstance(agent, SVG0):
        inputs = jnp.concatenate([state.encoders["value"](seen), actions], axis=-1)
        return float(state.learner.parameters["value"](inputs)[0, 0])
    observation = agent.preprocess(state, seen)
    return float(action_values(state.learner.critics, observation, actions).mean())


def best(agent, state, world):
    key = jax.random.key(0)
    return float(agent.act(state, (), worlds.seen(world, 0), key, explore=False)[1][0, 0])


def test_one_step(agent):
    world = worlds.ONE_STEP
    state = train(agent, world)
    assert best(agent, state, world) == pytest.approx(0.5, abs=0.1)
    for action in (-0.3, 0.2, 0.5, 0.8):
        expected = 1 - (action - 0.5) ** 2
        assert value(agent, state, world, 0, action=action) == pytest.approx(expected, abs=0.1)


def test_credit_over_two_steps(agent):
    world = worlds.TWO_STEPS
    state = train(agent, world)
    assert best(agent, state, world) == pytest.approx(-0.4, abs=0.15)
    assert value(agent, state, world, 0, action=-0.4) == pytest.approx(DISCOUNT, abs=0.1)
    assert value(agent, state, world, 1, first=-0.4) == pytest.approx(1.0, abs=0.1)
    assert value(agent, state, world, 1, first=0.2) == pytest.approx(1 - 0.6**2, abs=0.15)


def test_discount(agent):
    world = worlds.DELAYED
    state = train(agent, world)
    found = [value(agent, state, world, clock) for clock in range(4)]
    np.testing.assert_allclose(found, [DISCOUNT ** (3 - k) for k in range(4)], atol=0.05)


def test_a_time_limit_is_bootstrapped_through(agent):
    world = worlds.CUT_OFF
    state = train(agent, world)
    # Five steps alone would be worth 4.1.
    assert value(agent, state, world, 0) == pytest.approx(1 / (1 - DISCOUNT), rel=0.05)


def test_the_end_of_an_episode_is_not(agent):
    world = worlds.TERMINAL
    state = train(agent, world)
    found = [value(agent, state, world, clock) for clock in range(5)]
    expected = [(1 - DISCOUNT ** (5 - k)) / (1 - DISCOUNT) for k in range(5)]
    np.testing.assert_allclose(found, expected, rtol=0.06)
    assert found[-1] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("prior", ["flat", "uniform"])
def test_living_on_is_worth_its_chances_under_the_flat_prior_alone(prior):
    """In a world that pays nothing Q is γ α H / (1 - γ) there: a trap where episodes may end."""
    sac, world = dataclasses.replace(AGENTS["sac"], prior=prior), worlds.WORTHLESS
    state = train(sac, world, temperature=0.5)
    assert jnp.exp(state.learner.log_temperature) == pytest.approx(0.5)
    policy = sac.policy(state.learner.actor, sac.preprocess(state, worlds.seen(world, 0)))
    keys = jax.random.split(jax.random.key(1), 4000)
    entropy = -float(jax.vmap(lambda key: policy.sample_with_log_prob(key)[2])(keys).mean())
    assert entropy == pytest.approx(np.log(2), abs=0.05)
    paid = entropy if prior == "flat" else entropy - np.log(2)
    expected = DISCOUNT * 0.5 * paid / (1 - DISCOUNT)
    assert value(sac, state, world, 0) == pytest.approx(expected, abs=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_other_seeds(agent, seed):
    state = train(agent, worlds.TWO_STEPS, seed)
    assert best(agent, state, worlds.TWO_STEPS) == pytest.approx(-0.4, abs=0.15)
    assert value(agent, state, worlds.TWO_STEPS, 0, action=-0.4) == pytest.approx(0.9, abs=0.1)
    state = train(agent, worlds.CUT_OFF, seed)
    assert value(agent, state, worlds.CUT_OFF, 0) == pytest.approx(10, rel=0.05)
    state = train(agent, worlds.TERMINAL, seed)
    assert value(agent, state, worlds.TERMINAL, 4) == pytest.approx(1, abs=0.1)
