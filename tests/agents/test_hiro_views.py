"""What each level sees of the world."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import GOAL, KEY, PLANE, VIEWS, A, N, act, agent_of, new, seen
from hierax.agents import HIRO, Entries
from hierax.spec import GoalSpec, WorldSpec

APART = agent_of(low_views=("body",), high_views=("position",))

NORMALISING = agent_of(normalise_observations=True)


def acted(agent, shown, age=0, target=0.0):
    """Goals and actions without exploration; after a decision the target is given."""
    carry = agent.initial_carry(N)._replace(
        age=jnp.full(N, age), target=jnp.full((N, A), target, jnp.float32)
    )
    given = new(agent)._replace(replay=None), carry, shown, KEY
    _, action, extras = jax.device_get(act(agent, False, *given))
    return extras["goal"], action


def shifted(name, by=1.5):
    shown = seen(np.random.default_rng(0))
    return shown, {**shown, name: shown[name] + np.float32(by)}


def test_the_goal_of_the_world_is_for_the_high_level_alone():
    agent, (one, other) = NORMALISING, shifted("goal")
    (goal, _), (changed, _) = (acted(agent, shown) for shown in (one, other))
    assert (goal != changed).any(axis=1).all()
    # Between decisions, what the low level pursues is given.
    (goal, action), (same, equal) = (acted(agent, shown, age=1) for shown in (one, other))
    np.testing.assert_array_equal(goal, same)
    np.testing.assert_array_equal(action, equal)


def test_a_low_level_that_does_not_see_where_it_is_acts_alike_everywhere():
    agent, (one, other) = APART, shifted("position", 2.0)
    first, second = (
        acted(agent, shown, age=1, target=target) for shown, target in ((one, 0.5), (other, 2.5))
    )
    for before, after in zip(first, second, strict=True):
        np.testing.assert_allclose(before, after, atol=1e-6)
    assert (acted(agent, one, age=1, target=0.9)[1] != first[1]).all()


def test_the_high_level_sees_the_views_that_it_is_given():
    for name, matters in (("position", True), ("goal", False), ("body", False)):
        one, other = (acted(APART, shown)[0] for shown in shifted(name))
        assert (one != other).any() == matters


@pytest.mark.parametrize(
    ("goal", "low"),
    [
        (GOAL, ("position", "body")),
        (dataclasses.replace(GOAL, desired=None, fixed=(1.0, 2.0)), ("position", "goal", "body")),
        (None, ("position", "goal", "body")),
    ],
)
def test_by_default_the_low_level_sees_all_but_the_goal(goal, low):
    spec = WorldSpec("Plane-v0", VIEWS, PLANE.action, 50, goal=goal)
    agent = HIRO(spec, goal_space=None if goal else Entries("position"))
    assert agent.views == {"high": ("position", "goal", "body"), "low": low}
    assert {level: each.views for level, each in agent.encoders().items()} == agent.views


def test_goals_are_about_places_that_are_not_normalised():
    """The low level sees normalised views beside its goal; the goal has the units of the box."""
    agent = NORMALISING
    shown, state = seen(np.random.default_rng(1)), new(agent)._replace(replay=None)
    many = {name: jnp.asarray(7 + 5 * view) for name, view in shown.items()}
    encoders = {
        level: each.updated(many, jnp.ones(N, bool)) for level, each in state.encoders.items()
    }
    carry = agent.initial_carry(N)._replace(age=jnp.ones(N, jnp.int32), target=jnp.ones((N, A)))
    found = [
        jax.device_get(act(agent, False, each, carry, shown, KEY))
        for each in (state, state._replace(encoders=encoders))
    ]
    expected = (1 - shown["position"]) / np.array(agent.goal_range)
    for _, _, extras in found:
        np.testing.assert_allclose(extras["goal"], expected, rtol=1e-5)
    assert (found[0][1] != found[1][1]).all()


def test_the_task_says_what_goals_are_about():
    goal = GoalSpec(achieved="goal", fixed=(0.0, 0.0), radius=1.0)
    spec = WorldSpec("Plane-v0", VIEWS, PLANE.action, 50, goal=goal)
    shown = seen(np.random.default_rng(2))
    np.testing.assert_array_equal(HIRO(spec).space(shown), shown["goal"])


@dataclasses.dataclass(frozen=True)
class Apart:
    """The distance of the body from the middle of the position's entries."""

    def __call__(self, observation):
        return observation["body"] - observation["position"].mean(axis=-1, keepdims=True)

    def size(self, spec):
        del spec
        return 1


def test_goals_may_be_about_any_function_of_the_views():
    agent = HIRO(PLANE, goal_space=Apart(), goal_range=(2.0,))
    assert agent.goal_size == 1
    state = agent.acting_state(KEY)
    shown = jax.tree.map(jnp.asarray, seen(np.random.default_rng(3)))
    carry = agent.initial_carry(N)._replace(age=jnp.ones(N, jnp.int32), target=jnp.ones((N, 1)))
    _, _, extras = agent.act(state, carry, shown, KEY, explore=False)
    expected = (1 - np.asarray(shown["body"][:, 0] - shown["position"].mean(axis=1))) / 2
    np.testing.assert_allclose(extras["goal"][:, 0], expected, rtol=1e-5)
