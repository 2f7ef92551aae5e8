"""TD3 against its equations in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import in_numpy
from hierax.agents import TD3, TransitionBatch
from hierax.spec import Continuous, View, WorldSpec

D, A, B = 3, 2, 7
SPEC = WorldSpec("Somewhere-v0", (View("all", (D,)),), Continuous(A), 50)
KEY = jax.random.key(5)
update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


def agent(**changes):
    return TD3(SPEC, **{"hidden_sizes": (6, 5), **changes})


def learner_of(td3, updates=0):
    """A learner whose targets are not its networks, after a number of updates."""
    learner, other = (td3.build(jax.random.key(seed)) for seed in (0, 1))
    return learner._replace(
        target_actor=other.actor, target_critics=other.critics, updates=jnp.int32(updates)
    )


def batch(seed=0):
    return TransitionBatch(*map(jnp.asarray, in_numpy.batch(seed, B, D, A, 0.9)))


def same(one, other):
    return jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), one, other))


def target_of(td3, learner, given):
    noise = td3.target_policy_noise * np.asarray(jax.random.normal(KEY, (B, A)))
    noise = np.clip(noise, -td3.target_noise_clip, td3.target_noise_clip)
    action = np.tanh(in_numpy.network(learner.target_actor, given.next_observation)) + noise
    value = in_numpy.values(
        learner.target_critics, given.next_observation, np.clip(action, -1, 1)
    ).min(axis=0)
    return given.reward + given.discount * value


# The default; noise that is clipped always; noise that leaves the range of actions; none.
@pytest.mark.parametrize("noise", [(0.2, 0.5), (9.0, 0.1), (5.0, 5.0), (0.0, 0.5)])
def test_losses_are_those_of_the_equations(x64, noise):
    td3 = agent(target_policy_noise=noise[0], target_noise_clip=noise[1])
    learner, given = learner_of(td3, updates=1), batch()
    after, metrics = update(td3, learner, given, KEY)
    found = in_numpy.values(learner.critics, given.observation, given.action)
    critic_loss = ((found - target_of(td3, learner, given)) ** 2).mean(axis=1).sum()
    assert metrics["critic_loss"] == pytest.approx(float(critic_loss), rel=1e-10)
    assert metrics["action_value"] == pytest.approx(float(found.mean()), rel=1e-10)
    assert metrics["action_value_least"] == pytest.approx(float(found.min()), rel=1e-10)
    assert metrics["action_value_most"] == pytest.approx(float(found.max()), rel=1e-10)
    action = np.tanh(in_numpy.network(learner.actor, given.observation))
    value = in_numpy.values(after.critics, given.observation, action)[0]
    assert metrics["actor_loss"] == pytest.approx(float(-value.mean()), rel=1e-9)


def test_the_gradient_of_the_actor_is_that_of_its_loss(x64):
    td3 = agent()
    learner, given = learner_of(td3, updates=1), batch()
    after, metrics = update(td3, learner, given, KEY)
    leaves, structure = jax.tree.flatten(learner.actor)
    rng = np.random.default_rng(0)
    direction = [rng.normal(size=leaf.shape) for leaf in leaves]

    def loss(size):
        moved = [leaf + size * way for leaf, way in zip(leaves, direction, strict=True)]
        actor = jax.tree.unflatten(structure, moved)
        action = np.tanh(in_numpy.network(actor, given.observation))
        return -in_numpy.values(after.critics, given.observation, action)[0].mean()

    slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
    gradient = [10 * leaf for leaf in jax.tree.leaves(after.optimisers[0][0].mu)]
    along = sum((g * way).sum() for g, way in zip(gradient, direction, strict=True))
    assert along == pytest.approx(float(slope), rel=1e-6)
    norm = np.sqrt(sum((g**2).sum() for g in gradient))
    assert metrics["actor_gradient"] == pytest.approx(float(norm), rel=1e-9)


@pytest.mark.parametrize("delay", [1, 2, 3])
def test_actor_and_targets_wait(delay):
    td3 = agent(policy_delay=delay)
    learner = learner_of(td3)
    for number in range(1, 2 * delay + 1):
        before = learner
        learner, metrics = update(td3, learner, batch(number), KEY)
        waits = number % delay != 0
        assert int(learner.updates) == number
        assert same(before.actor, learner.actor) == waits
        assert same(before.target_actor, learner.target_actor) == waits
        assert same(before.target_critics, learner.target_critics) == waits
        assert same(before.optimisers[0], learner.optimisers[0]) == waits
        assert not same(before.critics, learner.critics)
        shown = metrics["actor_loss"], metrics["actor_gradient"]
        np.testing.assert_array_equal(shown, learner.actor_metrics)  # of the last one there was


def test_targets_follow_what_came_of_the_step(x64):
    td3 = agent()
    learner = learner_of(td3, updates=1)
    after, _ = update(td3, learner, batch(), KEY)
    for target, network in (("target_actor", "actor"), ("target_critics", "critics")):
        old, new, online = getattr(learner, target), getattr(after, target), getattr(after, network)
        expected = jax.tree.map(lambda t, c: 0.995 * t + 0.005 * c, old, online)
        for one, other in zip(jax.tree.leaves(new), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)


def test_the_actor_has_a_rate_and_a_penalty_of_its_own(x64):
    td3 = agent(learning_rate=1e-2, actor_learning_rate=1e-5, pretanh_penalty=0.1)
    learner, given = learner_of(td3, updates=1), batch()
    after, metrics = update(td3, learner, given, KEY)
    for name, rate in (("actor", 1e-5), ("critics", 1e-2)):  # the size of Adam's first step
        bias = (getattr(state, name).layers[-1].bias for state in (after, learner))
        np.testing.assert_allclose(np.abs(np.subtract(*bias)), rate, rtol=1e-3)
    before = in_numpy.network(learner.actor, given.observation)
    value = in_numpy.values(after.critics, given.observation, np.tanh(before))[0]
    loss = -value.mean() + 0.1 * (before**2).mean()
    assert metrics["actor_loss"] == pytest.approx(float(loss), rel=1e-9)


def test_acting():
    td3 = agent(exploration_noise=0.3)
    learner, seen = td3.build(jax.random.key(0)), batch().observation
    best = td3.exploit(learner, seen)
    expected = np.tanh(in_numpy.network(learner.actor, np.asarray(seen)))
    np.testing.assert_allclose(best, expected, rtol=1e-4, atol=1e-6)
    keys = jax.random.split(KEY, 4000)
    samples = np.asarray(jax.vmap(lambda key: td3.explore(learner, seen, key))(keys))
    assert (np.abs(samples) <= 1).all()
    inside = np.abs(best) < 0.3  # where next to nothing is clipped
    assert inside.any()
    np.testing.assert_allclose(samples.std(axis=0)[inside], 0.3, rtol=0.05)
    np.testing.assert_allclose(samples.mean(axis=0)[inside], best[inside], atol=0.02)
