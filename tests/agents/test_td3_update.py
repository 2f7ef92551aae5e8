"""One update of TD3 for both levels of an agent is that of TD3 for each of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.two_level_agent import Levels, TwoLevels
from hierax.agents import TD3, Transition
from hierax.spec import Continuous, View, WorldSpec
from hierax.training.serialisation import tree_digest

N, A = 3, 2
POSITION = WorldSpec("Plane-v0", (View("position", (A,)),), Continuous(A), 50)
GOAL = WorldSpec("PlaneGoal-v0", (View("position", (2 * A,)),), Continuous(A), 50)
SMALL = {"batch_size": 16, "buffer_size": 90, "learning_starts": 0}
AGENT = TwoLevels(POSITION, **SMALL)
ALONE = Levels(*(TD3(spec, hidden_sizes=AGENT.hidden_sizes, **SMALL) for spec in (POSITION, GOAL)))
act = jax.jit(lambda agent, *given: agent.act(*given, explore=True), static_argnums=0)
observe = jax.jit(lambda agent, *given: agent.observe(*given), static_argnums=0)
next_batch = jax.jit(lambda agent, state: agent.next_batch(state), static_argnums=0)
update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


@pytest.fixture(scope="module")
def lived():
    """The agent's state and the rows of 14 steps; episodes are cut off after seven."""
    rng, rows = np.random.default_rng(0), []
    state, carry = AGENT.init(jax.random.key(0), N), AGENT.initial_carry(N)
    position = np.float32(rng.normal(size=(N, A)))
    for t in range(14):
        before = {"position": position}
        carry, action, extras = act(AGENT, state, carry, before, jax.random.key(t))
        position = np.float32(position + 0.1 * np.asarray(action))
        no, reward = np.zeros(N, bool), np.float32(rng.normal(size=N))
        begins, over = t == 7, no | (t == 6)
        row = Transition(
            before, action, extras, reward, no, over, {"position": position}, ~(no | begins)
        )
        rows.append(row)
        state = observe(AGENT, state, row)
        carry = AGENT.initial_carry(N) if begins else carry
    return state, rows


def test_both_levels_learn_from_one_ring(lived):
    state, rows = lived
    batch = jax.device_get(next_batch(AGENT, state))
    stored = {
        tuple(row.observation["position"][n]): (t, n)
        for t, row in enumerate(rows)
        for n in range(N)
        if row.is_step[n]
    }
    for observation, action, following in zip(
        batch.low.observation, batch.low.action, batch.low.next_observation, strict=True
    ):
        t, n = stored[tuple(observation[:A])]
        np.testing.assert_array_equal(action, rows[t].action[n])
        np.testing.assert_array_equal(observation[A:], rows[t].extras["goal"][n])
        np.testing.assert_array_equal(following[:A], rows[t].next_observation["position"][n])
    for observation, goal, following in zip(
        batch.high.observation, batch.high.action, batch.high.next_observation, strict=True
    ):
        t, n = stored[tuple(observation)]
        age = t if t < 7 else t - 8
        assert age % 3 == 0
        last = min(t + 2, 6) if t < 7 else t + 2
        np.testing.assert_array_equal(goal, rows[t].extras["goal"][n])
        np.testing.assert_array_equal(following, rows[last].next_observation["position"][n])


def test_each_level_is_updated_as_td3_updates_it(lived):
    state, _ = lived
    learner, key = state.learner, jax.random.key(1)
    alone = learner
    for number in range(3):  # the second one updates actor and targets too
        batch = next_batch(AGENT, state._replace(key=jax.random.key(number)))
        learner, metrics = update(AGENT, learner, batch, key)
        each = zip(ALONE, alone, batch, jax.random.split(key), strict=True)
        found = [update(*given) for given in each]
        alone = Levels(*(level for level, _ in found))
        for one, other in zip(jax.tree.leaves(learner), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
        for name, (_, expected) in zip(Levels._fields, found, strict=True):
            for metric, value in expected.items():
                assert metrics[f"{name}/{metric}"] == pytest.approx(float(value), rel=1e-5)
    assert int(learner.high.updates) == int(learner.low.updates) == 3
    for before, after in zip(state.learner, learner, strict=True):
        for part in ("actor", "critics", "target_actor", "target_critics"):
            assert tree_digest(getattr(after, part)) != tree_digest(getattr(before, part))


def test_one_level_does_not_change_the_other(lived):
    state, _ = lived
    batch, key = next_batch(AGENT, state), jax.random.key(1)
    other = batch._replace(high=batch.high._replace(reward=batch.high.reward + 5))
    (one, _), (two, _) = (update(AGENT, state.learner, each, key) for each in (batch, other))
    assert tree_digest(one.low) == tree_digest(two.low)
    assert tree_digest(one.high) != tree_digest(two.high)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(two.high.critics))
