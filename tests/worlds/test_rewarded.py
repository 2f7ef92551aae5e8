"""A world with another reward function is the same world in all else."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np

from hierax.training.config import describe_world
from hierax.worlds import PointCross, Rewarded

WORLD = PointCross(episode_limit=20)


def climb(before, action, after, reward):
    return after["position"][1] - before["position"][1] + 10.0 * reward - action[0]


def test_all_but_the_reward_is_as_it_was():
    changed = Rewarded(WORLD, climb)
    key, action = jax.random.key(3), jnp.array([0.3, -0.9])
    state, shown = WORLD.reset(key)
    other, also = changed.reset(key)
    assert dataclasses.replace(changed.spec, goal=WORLD.spec.goal) == WORLD.spec
    assert changed.spec.goal == dataclasses.replace(WORLD.spec.goal, reward=None)
    for _ in range(4):
        before = shown
        state, shown = WORLD.step(state, action, key)
        other, also = changed.step(other, action, key)
        jax.tree.map(np.testing.assert_array_equal, also.observation, shown.observation)
        gained = shown.observation["position"][1] - before.observation["position"][1]
        np.testing.assert_allclose(also.reward, gained - 0.3, rtol=1e-6)
        assert (also.terminated, also.success) == (shown.terminated, shown.success)


def test_the_reward_of_the_world_is_an_argument():
    near = PointCross(goal=(0.5, 0.0), goal_radius=0.6)
    state, _ = Rewarded(near, climb).reset(jax.random.key(0))
    _, shown = Rewarded(near, climb).step(state, jnp.zeros(2), jax.random.key(0))
    assert shown.terminated
    assert float(shown.reward) > 9.0


def test_the_configuration_of_a_run_has_the_name_of_the_reward():
    config = json.loads(json.dumps(describe_world(Rewarded(WORLD, climb))))
    assert config["rewarded"].endswith("test_rewarded:climb")
    assert (config["name"], config["goal"]) == ("PointCross-v0", [6.0, 6.0])
