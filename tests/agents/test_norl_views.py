"""What the learned map sees of the world, and the low level beside it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import KEY, N, act, new, seen
from agents.norl_walks import PLANE, SEEN_BELOW, SEEN_BY_F, VIEWS, agent_of
from hierax.agents import NORL
from hierax.spec import GoalSpec, WorldSpec

AGENT = agent_of(normalise_observations=True)
STEPPED = agent_of(low_sees_step=True)


def shown(seed=0):
    return seen(np.random.default_rng(seed), views=VIEWS)


def slopes(agent):
    """The largest gradient of m with respect to each view."""
    state = new(agent)

    def place(observation):
        features = agent.features(state.encoders, observation)
        return agent.places(state.learner, features).sum()

    found = jax.jit(jax.grad(place))(jax.tree.map(jnp.asarray, shown()))
    return {name: float(np.abs(each).max()) for name, each in found.items()}


def test_the_map_sees_neither_the_time_nor_the_goal_of_the_world():
    found = slopes(AGENT)
    assert AGENT.views["space"] == SEEN_BY_F
    assert AGENT.views["low"] == SEEN_BELOW
    assert {name for name, slope in found.items() if slope > 0} == set(SEEN_BY_F)


def test_the_map_sees_the_views_that_it_is_given():
    chosen = ("body", "time")
    agent = agent_of(representation_views=chosen, low_views=("body",))
    assert {name for name, slope in slopes(agent).items() if slope > 0} == set(chosen)
    assert agent.views == {"high": PLANE.view_names, "low": ("body",), "space": chosen}


def test_without_a_goal_that_is_shown_the_map_sees_all_but_the_time():
    unseen = GoalSpec(achieved="position", fixed=(0.0, 0.0), radius=1.0)
    for goal in (unseen, None):
        spec = dataclasses.replace(PLANE, goal=goal)
        assert NORL(spec).views["space"] == ("position", "goal", "body", "noise")


def test_a_world_without_a_goal_needs_no_goal_space():
    spec = WorldSpec("Plain-v0", VIEWS, PLANE.action, 50)
    assert NORL(spec, representation_size=3).goal_size == 3


def test_features_of_any_number_of_axes_are_the_normalised_views():
    encoders, many = new(AGENT).encoders, shown(1)
    many = {name: jnp.asarray(7 + 5 * view) for name, view in many.items()}
    encoders = {name: each.updated(many, jnp.ones(N, bool)) for name, each in encoders.items()}
    flat = np.concatenate([many[name] for name in SEEN_BY_F], axis=1)
    expected = (shown_flat() - flat.mean(axis=0)) / flat.std(axis=0)
    expected = np.clip(expected, -10, 10)
    features = AGENT.features(encoders, shown())
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-3)
    stacked = {name: np.stack([[view, view]] * 4) for name, view in shown().items()}
    found = AGENT.features(encoders, stacked)
    np.testing.assert_allclose(found, np.broadcast_to(features, (4, 2, *features.shape)), rtol=1e-6)


def shown_flat():
    return np.concatenate([shown()[name] for name in SEEN_BY_F], axis=1)


def acted(agent, age):
    """Actions without exploration, at this step of an episode."""
    carry = agent.initial_carry(N)._replace(age=jnp.full(N, age))
    given = new(agent)._replace(replay=None), carry, shown(), KEY
    return np.asarray(act(agent, False, *given)[1])


@pytest.mark.parametrize(("agent", "differs"), [(STEPPED, True), (AGENT, False)])
def test_the_low_level_may_see_the_step_of_the_decision(agent, differs):
    """Steps 1, 2 and 3 of c = 4; step 5 of an episode is step 1 of its second decision."""
    first, second, third, again = (acted(agent, age) for age in (1, 2, 3, 5))
    assert (first != second).all() == differs
    assert (second != third).all() == differs
    np.testing.assert_array_equal(first, again)
    assert agent.low_size == 6 + differs
