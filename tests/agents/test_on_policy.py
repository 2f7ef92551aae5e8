"""An on-policy agent with V-trace is trained by both drivers, from exactly the last T steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hierax
from agents.episodes import episodes
from agents.on_policy_agent import CHANCE, StayOrLeave, VTraceActorCritic
from hierax.agents import Transition
from hierax.agents.distributions import Categorical
from hierax.training.iteration import Iteration
from refusals import refuses

WORLD, ENVIRONMENTS, UPDATES = StayOrLeave(), 16, 300
AGENT = VTraceActorCritic(WORLD.spec)
CUES = jnp.eye(2)


@pytest.mark.parametrize("driver", ["scan", "host"])
def test_it_finds_the_best_policy_and_its_value(driver):
    steps = UPDATES * AGENT.rollout_length * ENVIRONMENTS
    trained = hierax.train(
        AGENT,
        WORLD,
        steps,
        environments=ENVIRONMENTS,
        driver=driver,
        log_every=steps,
        evaluate_every=steps,
        progress=False,
    )
    (state,) = trained.states
    assert (int(state.updates), int(state.steps)) == (UPDATES, steps)
    stays = jax.nn.softmax(state.learner.actor(CUES))[jnp.arange(2), 1 - jnp.arange(2)]
    assert stays.min() > 0.95
    # Without a value behind a truncation it would be 2.3 on average, with one behind a
    # termination 10.
    expected = 1 / (1 - AGENT.discount * (1 - CHANCE))
    np.testing.assert_allclose(state.learner.critic(CUES)[:, 0], expected, rtol=0.06)
    # An episode of at most five steps of reward 1; to leave at once returns 2.
    assert trained.summary["by_seed"][0] > 2.5


def test_a_batch_is_the_last_steps_of_all_environments():
    agent = VTraceActorCritic(WORLD.spec, rollout_length=4)
    state, observe = agent.init(jax.random.key(0), 3), jax.jit(agent.observe)
    rows = [as_seen(row) for row in episodes(0, 3, 11, 4, limit=5)]
    for row in rows:
        state = observe(state, row)
    batch = jax.jit(agent.next_batch)(state)
    assert type(batch) is Transition
    expected = jax.tree.map(lambda *leaves: np.stack(leaves), *rows[-4:])
    for name in Transition._fields:
        found, wanted = getattr(batch, name), getattr(expected, name)
        wanted = wanted["cue"] if "observation" in name else wanted
        jax.tree.map(np.testing.assert_array_equal, found, wanted)
    assert not batch.is_step.all()


def as_seen(row):
    """A numbered step as one of the world."""
    before, after = (
        {"cue": np.concatenate([each["number"], -each["number"]], axis=1)}
        for each in (row.observation, row.next_observation)
    )
    extras = {"log_prob": -row.reward}
    action = row.extras["phase"]
    return row._replace(observation=before, action=action, extras=extras, next_observation=after)


def test_steps_that_began_an_episode_change_nothing():
    rng, shape = np.random.default_rng(0), (AGENT.rollout_length, 4)
    learner = AGENT.build(jax.random.key(0))
    is_step = rng.random(shape) < 0.7
    seen = CUES[rng.integers(0, 2, shape)]
    action = jnp.asarray(rng.integers(0, 2, shape))
    log_prob = Categorical(learner.actor(seen)).log_prob(action)
    no = np.zeros(shape, bool)
    reward = np.float32(rng.normal(size=shape))
    batch = Transition(
        seen, action, {"log_prob": log_prob}, reward, no, no, jnp.roll(seen, -1, axis=0), is_step
    )
    update = jax.jit(AGENT.update)
    expected = update(learner, batch, jax.random.key(0))
    other = batch._replace(
        action=jnp.where(is_step, action, 1 - action),
        reward=np.where(is_step, reward, 100).astype(np.float32),
    )
    jax.tree.map(np.testing.assert_array_equal, update(learner, other, jax.random.key(0)), expected)


def test_an_update_follows_every_rollout():
    iteration = Iteration.of(AGENT, 16, least_steps=100)
    assert (iteration.steps, iteration.updates, iteration.learning_starts) == (8, 1, 0)


def test_refusals():
    names = ("rollout_length", "an integer >= 1", "got 0")
    refuses(lambda: VTraceActorCritic(WORLD.spec, rollout_length=0), *names)
