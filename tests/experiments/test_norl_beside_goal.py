"""What is measured beside the goal, for two levels whose behaviour is known."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import NORL
from hierax.experiments.norl_beside_goal import beside_goal
from hierax.worlds import make

SPEED = 0.25
WORLD = make("PointU-v0", goal=(0.0, 0.0))


class Behaviour(NamedTuple):
    """The length of goals along x, whether each points back, and how far off y is in the end."""

    size: jax.Array
    turning: jax.Array
    off: jax.Array


class Walker(NORL):
    """Both levels do as they are told."""

    def act(self, state, carry, observation, key, *, explore):
        assert not explore
        told, place = state.learner, observation["position"]
        turn, step = carry.age // self.control_interval, carry.age % self.control_interval
        sign = jnp.where(told.turning, 1.0 - 2.0 * (turn % 2), 1.0)
        new = jnp.stack([sign * told.size, jnp.zeros_like(sign)], axis=1)
        target = jnp.where((step == 0)[:, None], self.box.target(new, place), carry.target)
        action = (target + jnp.stack([jnp.zeros_like(told.off), told.off]) - place) / SPEED
        carry = carry._replace(age=carry.age + 1, target=target)
        return carry, action, {"goal": self.box.seen(target, place)}

    def features(self, encoders, observation):
        return observation["position"]

    def places(self, learner, features):
        return features


AGENT = Walker(WORLD.spec, representation="goal", control_interval=4, goal_range=(2.0,))


def found(size, turning=False, off=0.0):
    told = Behaviour(jnp.float32(size), jnp.array(turning), jnp.float32(off))
    state = AGENT.acting_state(jax.random.key(0))._replace(learner=told, key=None)
    return {name: each["mean"] for name, each in beside_goal(WORLD, AGENT, [state]).items()}


def test_a_low_level_that_arrives_misses_nothing():
    measured = found(0.0)
    assert measured["goal_size"] == pytest.approx(0.0, abs=1e-6)
    assert measured["distance"] < np.sqrt(0.5)  # it stays where episodes begin
    # In three steps it gets 0.75 along each axis: 0.2 are reached, 0.6 as well.
    assert measured["missed_0.1"] == pytest.approx(0.0, abs=1e-3)
    assert measured["missed_0.3"] == pytest.approx(0.0, abs=1e-3)


def test_goals_that_point_back_and_forth_are_turns():
    there, back = found(0.4), found(0.4, turning=True)
    assert there["turns"] == 0.0
    assert back["turns"] == 1.0
    assert back["goal_size"] == pytest.approx(0.4, rel=1e-3)
    assert back["distance"] < 1.5 < there["distance"]  # which walks into the wall


def test_what_is_missed_is_a_share_of_what_is_asked_for():
    measured = found(0.0, off=0.01)
    assert measured["missed_0.1"] == pytest.approx(0.01 / 0.2, rel=1e-2)
    assert measured["missed_0.3"] == pytest.approx(0.01 / 0.6, rel=1e-2)
