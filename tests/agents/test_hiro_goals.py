"""Goals: where they are, how they move, when they are set."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import GOAL, INTERVAL, PLANE, N, agent_of, target_of, walked
from hierax.agents.goal_conditioned.goals import Entries, Goals, TaskGoal
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from refusals import refuses

HALF, CENTRE = (4.0, 0.5), (1.0, -2.0)


def test_the_goal_transition_keeps_the_target():
    rng, goals = np.random.default_rng(0), Goals(HALF)
    place = np.cumsum(rng.normal(size=(30, 2)), axis=0).astype(np.float32)
    goal = jnp.asarray(rng.uniform(-1, 1, 2), jnp.float32)
    target = place[0] + np.array(HALF) * np.asarray(goal)
    for before, after in itertools.pairwise(place):
        goal = goals.carried(goal, jnp.asarray(before), jnp.asarray(after))
        assert np.abs(after + np.array(HALF) * np.asarray(goal) - target).max() < 1e-5
    assert jnp.abs(goal).max() > 1  # it is not clipped


def test_a_point_is_the_same_goal_from_everywhere():
    goals = Goals(HALF, CENTRE, relative=False)
    goal, places = jnp.array([0.5, -1.0]), jnp.array([[3.0, 4.0], [-7.0, 0.25]])
    np.testing.assert_allclose(goals.target(goal, places[0]), [3.0, -2.5])
    assert (goals.carried(goal, *places) == goal).all()
    for place in places:
        np.testing.assert_allclose(goals.seen(jnp.array([3.0, -2.5]), place), goal)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("progress", [True, False])
def test_the_reward_is_in_units_of_the_world(relative, progress):
    rng = np.random.default_rng(1)
    given = rng.normal(size=(3, 20, 2))
    reward = Goals(HALF, (0.0,), relative, progress).reward(*map(jnp.asarray, given))
    for target, before, after, found in zip(*given, reward, strict=True):
        left = np.hypot(*(target - after))
        expected = np.hypot(*(target - before)) - left if progress else -left
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_gradient_of_the_reward_is_finite_at_the_goal():
    point = jnp.ones(2)
    gradient = jax.grad(lambda place: Goals(HALF).reward(point, point, place))(point)
    np.testing.assert_array_equal(gradient, 0)


def test_entries_of_a_view_are_a_goal_space():
    space = Entries("body", 1, 3)
    body = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(space({"body": body}), body[..., 1:3])
    spec = WorldSpec("Body-v0", (View("body", (4,)),), Continuous(1), 5)
    assert (space.size(spec), Entries("body").size(spec), Entries("body", 3).size(spec)) == (
        2,
        4,
        1,
    )
    for start, stop in ((0, 5), (2, 2), (-1, 2), (4, None)):
        bad = Entries("body", start, stop)
        refuses(lambda bad=bad: bad.size(spec), "entries of view 'body' must be in 0 .. 4", "got")
    refuses(lambda: Entries("legs").size(spec), "unknown view 'legs'", "'body'")


def test_the_goal_of_the_task_is_a_goal_space():
    goal = GoalSpec(achieved=("body", "legs"), entries=(1, 3), fixed=(0.0, 0.0), radius=1.0)
    views = View("body", (2,)), View("legs", (2,))
    spec = WorldSpec("Legs-v0", views, Continuous(1), 5, goal=goal)
    seen = {"body": np.array([[1.0, 2.0]]), "legs": np.array([[3.0, 4.0]])}
    np.testing.assert_array_equal(TaskGoal(goal)(seen), [[2.0, 3.0]])
    assert TaskGoal(goal).size(spec) == 2
    assert TaskGoal(GOAL).size(PLANE) == 2


def steps_of(rows):
    """Each step with the one that follows it in its episode."""
    for (row, age), (following, _) in itertools.pairwise(rows):
        for n in range(N):
            if row.is_step[n] and following.is_step[n]:
                yield row, following, n, age[n] + 1


def test_goals_are_set_at_the_first_step_of_an_episode_and_every_c_steps():
    rows = walked(agent_of(), 90)
    found, beyond = {}, 0
    for row, following, n, age in steps_of(rows):
        moved = np.abs(target_of(following, n) - target_of(row, n)).max()
        assert (moved > 1e-2) if age % INTERVAL == 0 else (moved < 1e-5)
        found[n, age] = True
        beyond = max(beyond, np.abs(following.extras["goal"][n]).max())
    assert {age % INTERVAL for _, age in found} == set(range(INTERVAL))
    assert beyond > 1  # goals are not clipped as they move
    first = [
        target_of(row, n) for row, age in rows for n in range(N) if row.is_step[n] and not age[n]
    ]
    assert len(first) == len({tuple(target) for target in first}) > 15


def test_goals_that_are_points_and_whether_they_are_random_stay_as_they_are():
    rows = walked(agent_of(goals="absolute", goal_centre=(0.5, -1.0), random_goals=0), 30)
    for row, following, n, age in steps_of(rows):
        same = np.allclose(following.extras["goal"][n], row.extras["goal"][n], atol=1e-6)
        held = age % INTERVAL != 0
        assert same == held
        assert (following.extras["is_random"][n] == row.extras["is_random"][n]) or not held

    drawn = [row.extras["is_random"][n] for row, age in rows for n in range(N) if not age[n]]
    assert set(drawn) == {True, False}
