"""Rewards and next goals of the low level in a learned goal space, in NumPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import in_numpy
from agents.goal_walks import INTERVAL, RANGE, A, low_transitions, new, stored, walked
from agents.norl_walks import (
    SEEN_BELOW,
    SEEN_BY_F,
    agent_of,
    apart,
    linearly_moved,
    mapped,
    places,
    spread,
)

SIZE, HINDSIGHT, SCALE, DISCOUNT = 200, 50, 0.5, 0.8
SETTINGS = {"hindsight": HINDSIGHT / SIZE, "low_reward_scale": SCALE, "offset_discount": DISCOUNT}
AGENT = agent_of(**SETTINGS)
GROUND = sum({"position": A, "body": 1, "time": 1, "noise": 2}[name] for name in SEEN_BELOW)


def varied(space):
    """A goal space whose places are as far apart as goals are, in units that are not those of f."""
    return space._replace(
        parameters=space.parameters._replace(
            place=linearly_moved(space.parameters.place, 5 * np.eye(2), [0.5, -0.2])
        ),
        mean=jnp.array([0.3, -0.4]),
        variance=jnp.array([0.25, 2.25]),
    )


@functools.cache
def drawn():
    """A state with such a goal space, and a batch of steps."""
    state, batch = stored(AGENT, walked(AGENT, 90))
    learner = state.learner
    return state._replace(learner=learner._replace(space=varied(learner.space))), batch.goals


class Expected:
    """Where the low level was, and what it was after, for all updates ``(k, B, d)``."""

    def __init__(self, space, low):
        self.space, self.low = space, low
        self.before, self.after = np.moveaxis(places(space, low.features), 1, 0)
        set_first, following = np.moveaxis(low.goal, 1, 0)
        self.start = places(space, low.decision.course.start)
        self.target = self.start + RANGE * set_first
        self.goal = (self.target - self.before) / RANGE
        self.following = np.where(
            low.followed[..., None], following, (self.target - self.after) / RANGE
        )
        reached = np.s_[:, :HINDSIGHT]
        self.target[reached] = places(space, low.reached)
        self.goal[reached] = ((self.target - self.before) / RANGE)[reached]
        self.following[reached] = ((self.target - self.after) / RANGE)[reached]

    @property
    def missed(self):
        """D of what is left, in units of f."""
        return apart((self.after - self.target) * spread(self.space))

    @property
    def weight(self):
        return np.where(self.low.decision.number == INTERVAL - 1, 1 / (1 - DISCOUNT), 1)

    @property
    def information(self):
        """log K / ρ of each step; the pool are the steps of its batch."""
        maps, decided = self.space.parameters, self.low.decision.course
        begun, reached = decided.start, self.low.features[:, 1]
        start, following = mapped(self.space, begun), mapped(self.space, reached)
        if maps.shift is not None:
            made = np.where(decided.is_step[..., None], decided.action, 0)
            made = np.moveaxis(made, 2, 1).reshape(*begun.shape[:2], -1)
            start = start + in_numpy.network(maps.shift, np.concatenate([begun, made], axis=-1))
        pairs = np.exp(-apart(following[:, None] - start[:, :, None]))
        return -apart(following - start) - np.log(pairs.mean(axis=2))

    def reward(self, kind):
        left, before = (
            np.linalg.norm(place - self.target, axis=-1) for place in (self.after, self.before)
        )
        return {
            "progress": lambda: before - left,
            "distance": lambda: -left,
            "huber": lambda: -self.missed,
            "huber_weighted": lambda: -self.weight * self.missed,
            "mutual_information": lambda: -self.weight * (self.missed + self.information),
        }[kind]()


def check(agent, space, kind):
    """Fails where a transition is not the expected one; returns the transitions."""
    state, batch = drawn()
    state = state._replace(learner=state.learner._replace(space=space))
    expected, found = Expected(space, batch.low), low_transitions(agent, state, batch)
    np.testing.assert_allclose(found.reward, SCALE * expected.reward(kind), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.discount, 0.9, rtol=1e-6)
    for shown, side, goal in (
        (found.observation, 0, expected.goal),
        (found.next_observation, 1, expected.following),
    ):
        np.testing.assert_array_equal(shown[..., :GROUND], batch.low.observation[:, side])
        np.testing.assert_allclose(shown[..., GROUND:], goal, atol=1e-4)
    np.testing.assert_array_equal(found.action, batch.low.action)
    return found


@pytest.mark.parametrize(
    "kind", ["progress", "distance", "huber", "huber_weighted", "mutual_information"]
)
def test_the_reward_is_that_of_its_formula(kind):
    space = drawn()[0].learner.space
    found = check(agent_of(**SETTINGS, low_reward=kind), space, kind)
    assert found.reward.std() > 0.05


def test_only_the_last_of_c_steps_has_a_larger_weight():
    """1 / (1 - γ) = 5 for k = c; a decision that is shorter has no such step."""
    state, batch = drawn()
    plain, weighted = (
        low_transitions(agent_of(**SETTINGS, low_reward=kind), state, batch).reward
        for kind in ("huber", "huber_weighted")
    )
    course, number = batch.low.decision
    np.testing.assert_allclose(weighted, np.where(number == 3, 5, 1) * plain, rtol=1e-4)
    assert set(number.ravel()) == {0, 1, 2, 3}
    assert (course.is_step.sum(axis=1)[number == 3] == 4).all()


def test_the_information_may_rest_on_the_actions_of_the_decision():
    kind = "mutual_information"
    agent = agent_of(**SETTINGS, low_reward=kind, representation_actions=True)
    space = varied(new(agent).learner.space)
    shift = linearly_moved(space.parameters.shift, 5 * np.eye(2), 0.3)
    space = space._replace(parameters=space.parameters._replace(shift=shift))
    check(agent, space, kind)
    state = drawn()[0]
    parts = [Expected(each, drawn()[1].low).information for each in (space, state.learner.space)]
    assert np.abs(parts[0] - parts[1]).mean() > 0.1


def moved(space, slope, shift):
    """The goal space of the map x → slope f(x) + shift, with the same statistics."""
    maps = space.parameters
    return space._replace(parameters=maps._replace(place=linearly_moved(maps.place, slope, shift)))


def test_stored_goals_are_read_with_the_present_map():
    """The same displacement in units of the box, from where the agent was when it was set."""
    space = drawn()[0].learner.space
    slope = np.array([[0.8, 0.6], [-1.2, 1.6]])
    later = moved(space, slope, [1.0, -3.0])
    found = [check(AGENT, each, "distance") for each in (space, later)]
    low, rest = drawn()[1].low, np.s_[:, HINDSIGHT:]
    assert (np.abs(found[0].reward - found[1].reward)[rest] > 1e-3).mean() > 0.9
    before, after = (Expected(each, low) for each in (space, later))
    away = [(each.target - each.start)[rest] for each in (before, after)]
    np.testing.assert_allclose(*away, atol=1e-5)
    assert np.abs((before.target - after.target)[rest]).mean() > 0.3
    # At the first step the low level sees the same goal as before. Later it has gone another way.
    seen = [each.observation[rest][..., GROUND:] for each in found]
    is_first = low.decision.number[rest] == 0
    np.testing.assert_allclose(*(each[is_first] for each in seen), atol=1e-5)
    changes = np.abs(seen[0] - seen[1]).max(axis=-1)[~is_first]
    assert (changes > 1e-2).mean() > 0.9
    assert min(is_first.sum(), changes.size) > 50


def test_nothing_changes_where_the_statistics_follow_the_map():
    space = drawn()[0].learner.space
    factor = np.array([4.0, 0.5])
    scaled = moved(space, np.diag(factor), [1.0, -3.0])._replace(
        mean=space.mean * factor + jnp.array([1.0, -3.0]), variance=space.variance * factor**2
    )
    found = [check(AGENT, each, "distance") for each in (space, scaled)]
    for one, other in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_views_of_the_map_and_of_the_low_level_differ():
    low = drawn()[1].low
    assert low.observation.shape[-1] == GROUND
    assert low.features.shape[-1] == len(SEEN_BY_F) + 2
