"""The U-shaped maze: exact steps, sticky walls, goals, reward and success."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import PointMaze
from hierax.worlds.maze import UMaze
from hierax.worlds.point_maze import MazeState
from refusals import refuses

WORLD = PointMaze(goal=(0.0, 8.0))
KEY = jax.random.key(0)
is_free = UMaze().is_free
CELLS = np.array([(0, 0), (4, 0), (8, 0), (8, 4), (8, 8), (4, 8), (0, 8)])
STEP = jax.jit(WORLD.step)
KEYS = jax.random.split(KEY, 4000)


def at(x: float, y: float, heading: float, steps: int = 0) -> MazeState:
    place = jnp.array([x, y], jnp.float32)
    return MazeState(place, jnp.array(heading), jnp.array([0.0, 8.0]), jnp.array(steps))


def test_free_points_are_the_insides_of_seven_cells():
    places = np.random.default_rng(0).uniform(-3, 11, (5000, 2)).astype(np.float32)
    in_a_cell = (np.abs(places[:, None] - CELLS) < 2).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(is_free(*jnp.asarray(places.T)), in_a_cell)


def test_edges_of_walls_are_walls_and_borders_of_free_cells_are_free():
    walls = [(-2.0, 0.0), (0.0, -2.0), (10.0, 4.0), (4.0, 10.0), (0.0, 2.0), (0.0, 6.0), (6.0, 4.0)]
    assert not any(is_free(x, y) for x, y in walls)
    assert all(is_free(x, y) for x, y in [(2.0, 0.0), (6.0, 0.0), (8.0, 2.0), (8.0, 6.0)])


def test_it_turns_before_it_goes():
    after, _ = STEP(at(0.0, 0.0, 0.5), jnp.array([0.5, 1.0]), KEY)
    np.testing.assert_allclose(after.heading, 0.75, rtol=1e-6)
    np.testing.assert_allclose(after.position, [0.1 * np.cos(0.75), 0.1 * np.sin(0.75)], rtol=1e-6)
    assert int(after.steps) == 1


def test_a_wall_stops_it_altogether_and_lets_it_turn():
    after, _ = STEP(at(0.0, 1.9, 1.2), jnp.array([1.0, -0.4]), KEY)
    np.testing.assert_array_equal(after.position, np.array([0.0, 1.9], np.float32))
    np.testing.assert_allclose(after.heading, 1.1, rtol=1e-6)


def test_standing_still_is_standing_still():
    state = at(4.3, 8.2, -2.0)
    after, _ = STEP(state, jnp.zeros(2), KEY)
    np.testing.assert_array_equal(after.position, state.position)


def test_actions_beyond_the_cube_are_clipped():
    beyond, _ = STEP(at(0.0, 0.0, 0.0), jnp.array([9.0, -9.0]), KEY)
    edge, _ = STEP(at(0.0, 0.0, 0.0), jnp.array([1.0, -1.0]), KEY)
    np.testing.assert_array_equal(beyond.position, edge.position)


def test_headings_go_round():
    state = at(8.0, 4.0, 0.0)
    for _ in range(26):  # 6.5 rad
        state, shown = STEP(state, jnp.array([0.0, 1.0]), KEY)
    np.testing.assert_allclose(state.heading, 6.5 - 2 * np.pi, atol=1e-5)
    expected = [np.cos(6.5), np.sin(6.5)]
    np.testing.assert_allclose(shown.observation["heading"], expected, atol=1e-5)


def test_the_way_to_the_goal_takes_120_steps_at_least():
    # Along the middle of the corridor, with quarter turns on the spot.
    state, _ = WORLD.reset(KEY)
    state = state._replace(position=jnp.zeros(2), heading=jnp.array(0.0))
    quarter = [(0.0, 1.0)] * 6 + [(0.0, np.pi / 2 / 0.25 - 6)]
    actions = [(1.0, 0.0)] * 40 + quarter + [(1.0, 0.0)] * 40 + quarter + [(1.0, 0.0)] * 40
    for action in actions:
        state, shown = STEP(state, jnp.array(action), KEY)
    np.testing.assert_allclose(state.position, [0.0, 8.0], atol=1e-3)
    np.testing.assert_allclose(shown.reward, 0.0, atol=1e-3)
    assert bool(shown.success)
    assert not bool(shown.terminated)


@pytest.mark.parametrize(("y", "success"), [(5.5, False), (5.51, True)])
def test_success_is_a_distance_below_five_eighths_of_a_cell(y, success):
    _, shown = STEP(at(0.0, y, 0.0), jnp.zeros(2), KEY)
    assert bool(shown.success) == success
    np.testing.assert_allclose(shown.reward, y - 8.0, rtol=1e-6)


def test_time_and_goal_are_observed():
    _, shown = STEP(at(0.0, 0.0, 0.0, steps=41), jnp.zeros(2), KEY)
    np.testing.assert_allclose(shown.observation["time"], [0.042], rtol=1e-6)
    np.testing.assert_array_equal(shown.observation["goal"], [0.0, 8.0])
    assert {name: value.shape for name, value in shown.observation.items()} == {
        view.name: view.shape for view in WORLD.spec.views
    }


def test_episodes_begin_near_the_origin_without_a_reward():
    state, shown = jax.jit(jax.vmap(WORLD.reset))(KEYS)
    pose = np.column_stack([state.position, state.heading])
    assert np.abs(pose).max() <= 0.1
    np.testing.assert_allclose(pose.mean(axis=0), 0.0, atol=0.005)  # 5 standard errors
    assert not np.any(shown.reward)


def test_goals_of_many_episodes_fill_the_square():
    state, _ = jax.jit(jax.vmap(PointMaze().reset))(KEYS)
    goals = np.asarray(state.goal)
    assert goals.min() >= -2.0
    assert goals.max() <= 10.0
    # Uniform on an interval of 12: mean 4, variance 12; within 5 standard errors.
    np.testing.assert_allclose(goals.mean(axis=0), 4.0, atol=5 * np.sqrt(12 / 4000))
    np.testing.assert_allclose(goals.var(axis=0), 12.0, atol=1.0)


def test_agents_are_judged_in_the_corners_of_the_u():
    assert PointMaze().evaluation_goals == ((8.0, 0.0), (8.0, 8.0), (0.0, 8.0))
    for goal in PointMaze().evaluation_goals:
        assert dataclasses.replace(PointMaze(), goal=goal).goal == goal


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"goal": "many"}, ("goal", "'multi' or a tuple (x, y)", "'many'")),
        ({"goal": (0.0, 11.0)}, ("goal", "[-2, 10]^2", "(0.0, 11.0)")),
        ({"goal": (0.0, 1.0, 2.0)}, ("goal", "tuple of two finite numbers", "(0.0, 1.0, 2.0)")),
        ({"episode_limit": -1}, ("episode_limit", ">= 1", "-1")),
    ],
)
def test_options_that_make_no_maze_are_refused(options, parts):
    refuses(lambda: PointMaze(**options), *parts)
