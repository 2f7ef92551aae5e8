"""Exploration of both levels, and that there is none where it is turned off."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from agents.goal_walks import KEY, A, act, agent_of, new, seen
from hierax.agents.goal_conditioned.random_phase import RandomActions

MANY = 3000
GOALS, ACTIONS = 500, 200
"""Steps with random goals, and with random actions."""
NOISY = agent_of(
    random_goals=GOALS, random_goal_probability=0.25, random_actions=ACTIONS,
    random_action_steps=(1, 3), high_noise=0.2, low_noise=0.05,
)  # fmt: skip
SHOWN = seen(np.random.default_rng(0), MANY)


@functools.cache
def learner_of(agent):
    """Untrained levels, whose averaged actors are others."""
    learner = new(agent).learner
    high, low = (
        level._replace(target_actor=jax.tree.map(lambda leaf: -9 * leaf, level.actor))
        for level in learner[:2]
    )
    return learner._replace(high=high, low=low)


def acted(agent=NOISY, steps=10**6, age=0, explore=True, frozen=False, scale=1.0, key=KEY):
    """Goals, actions, and whether goals are random, of many environments at once."""
    state = new(agent)._replace(steps=jnp.int32(steps), replay=None)
    learner = learner_of(agent)._replace(low_frozen=jnp.array(frozen))
    learner = jax.tree.map(lambda leaf: leaf if leaf.dtype == bool else scale * leaf, learner)
    carry = agent.initial_carry(MANY)._replace(age=jnp.full(MANY, age))
    given = state._replace(learner=learner), carry, SHOWN, key
    carry, action, extras = jax.device_get(act(agent, explore, *given))
    return extras["goal"], action, extras["is_random"], carry


def best_goal(explore=True):
    """Goals of the high level without noise; the averaged actor's without exploration."""
    high = learner_of(NOISY).high
    observation = np.concatenate([SHOWN[name] for name in ("position", "goal", "body")], axis=1)
    return np.tanh(in_numpy.network(high.actor if explore else high.target_actor, observation))


def best_action(goal, explore=True):
    low = learner_of(NOISY).low
    observation = np.concatenate([SHOWN["position"], SHOWN["body"], goal], axis=1)
    return np.tanh(in_numpy.network(low.actor if explore else low.target_actor, observation))


def same_distribution(numbers, expected):
    assert scipy.stats.kstest(np.ravel(numbers), expected.cdf).pvalue > 1e-3


def test_first_goals_are_uniform_in_the_box():
    goal, _, is_random, _ = acted(steps=GOALS - 1)
    assert is_random.all()
    for k in range(A):
        same_distribution(goal[:, k], scipy.stats.uniform(-1, 2))
    assert abs(np.corrcoef(goal.T)[0, 1]) < 0.08


def test_after_that_a_share_of_them_is():
    goal, _, is_random, _ = acted(steps=GOALS)
    assert is_random.mean() == pytest.approx(0.25, abs=0.04)
    same_distribution(goal[is_random], scipy.stats.uniform(-1, 2))
    noise = (goal - best_goal())[~is_random]
    same_distribution(noise, scipy.stats.norm(scale=0.2))


def test_random_goals_do_not_randomise_the_low_level():
    goal, action, is_random, _ = acted(steps=ACTIONS)
    assert is_random.all()
    noise = action - best_action(goal)
    same_distribution(noise, scipy.stats.norm(scale=0.05))
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.08


@pytest.mark.parametrize("kind", ["corners", "uniform"])
def test_random_actions_are_corners_or_uniform(kind):
    action = RandomActions(kind, (1,))(KEY, jnp.zeros((MANY, A)), jnp.zeros(MANY, int))
    if kind == "uniform":
        same_distribution(action, scipy.stats.uniform(-1, 2))
        return
    assert set(np.unique(action)) == {-1, 1}
    counts = np.bincount((np.asarray(action) > 0) @ [1, 2], minlength=4)
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_first_actions_are_random():
    assert (np.abs(acted(steps=ACTIONS - 1)[1]) == 1).all()


def test_random_actions_end_with_their_steps_and_with_the_training_of_the_low_level():
    for given in ({"steps": ACTIONS}, {"steps": 0, "frozen": True}):
        assert np.abs(acted(**given)[1]).max() < 0.5


def test_actions_are_held_as_long_as_each_environment_says():
    draw = RandomActions("uniform", (1, 2, 5))
    previous, rows = jnp.zeros((7, A)), []
    for t in range(20):
        age = jnp.full(7, t).at[0].set(t % 4)  # one of them begins an episode every four steps
        previous = draw(jax.random.fold_in(KEY, t), previous, age)
        rows.append(np.asarray(previous))
    for n, held in enumerate((1, 2, 5, 1, 2, 5, 1)):
        for t in range(1, 20):
            drawn = (t % 4 if n == 0 else t) % held == 0
            assert (rows[t][n] != rows[t - 1][n]).all() == drawn
    for row in rows:
        assert len(np.unique(row)) == row.size


def test_an_action_that_is_held_is_drawn_where_an_episode_begins():
    draw = RandomActions("corners", (4,))
    previous = jnp.full((6, A), 0.5)
    now = draw(KEY, previous, jnp.array([0, 1, 2, 3, 4, 5]))
    np.testing.assert_array_equal(np.abs(now[:, 0]), [1, 0.5, 0.5, 0.5, 1, 0.5])


def test_the_agent_holds_its_last_action():
    state = new(NOISY)._replace(replay=None)
    carry, rows = NOISY.initial_carry(MANY), []
    for t in range(4):
        carry, action, _ = act(NOISY, True, state, carry, SHOWN, jax.random.fold_in(KEY, t))
        rows.append(np.asarray(action))
    held = [(a == b).all(axis=1) for a, b in itertools.pairwise(rows)]
    for t, same in enumerate(held, 1):
        assert same[::2].mean() == pytest.approx(0.25, abs=0.05)  # one of four corners
        assert same[1::2].all() == (t < 3)


@pytest.mark.parametrize("steps", [0, 10**6])
def test_without_exploration_the_averaged_actors_act(steps):
    explore = False
    goal, action, is_random, _ = acted(steps=steps, explore=explore)
    np.testing.assert_allclose(goal, best_goal(explore), atol=1e-6)
    np.testing.assert_allclose(action, best_action(goal, explore), atol=1e-6)
    assert not is_random.any()
    other = acted(steps=steps, explore=explore, key=jax.random.key(99))
    np.testing.assert_array_equal(other[1], action)


def test_goals_and_actions_stay_in_their_boxes():
    goal, action, is_random, _ = acted(scale=3e3)
    for each in (goal[~is_random], action):
        assert np.abs(each).max() == 1.0
        assert (np.abs(each) < 1).any()
