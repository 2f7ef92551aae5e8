"""The point and the rower of the U-shaped maze: exact steps, sliding, speed, goals, the trap."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import PointU, RowerU, check_world, make
from hierax.worlds.measures import measures
from hierax.worlds.u_maze import UState
from refusals import refuses

KEY = jax.random.key(0)
POINT, ROWER = PointU(), RowerU()
CELLS = np.array([(0, 0), (4, 0), (8, 0), (8, 4), (8, 8), (4, 8), (0, 8)])
STEPS = {world: jax.jit(world.step) for world in (POINT, ROWER)}


def at(x, y, q=None):
    stroke = None if q is None else jnp.array([q])
    return UState(jnp.array([x, y]), stroke, jnp.array(POINT.chosen_goal))


def driven(world, state, actions):
    """Return the states and timesteps of a sequence of actions, each with a leading axis."""

    def step(state, action):
        state, timestep = world.step(state, action, KEY)
        return state, (state, timestep)

    return jax.lax.scan(step, state, jnp.asarray(actions, jnp.float32))[1]


def test_steps_of_the_point_computed_by_hand():
    states, shown = driven(POINT, at(0.0, 0.0), [(1.0, -0.4), (0.2, 1.0), (-9.0, 9.0)])
    places = [(0.25, -0.1), (0.3, 0.15), (0.05, 0.4)]
    np.testing.assert_allclose(states.position, places, atol=1e-6)
    np.testing.assert_allclose(shown.reward, [-np.hypot(x, y - 8.0) for x, y in places], rtol=1e-6)


def test_steps_of_the_rower_computed_by_hand():
    actions = [(1.0, 1.0, 0.0), (-1.0, 1.0, 1.0), (1.0, 0.5, -1.0), (-0.2, 1.0, 1.0), (9, 9, 0.5)]
    states, _ = driven(ROWER, at(0.0, 0.0, 0.0), actions)
    np.testing.assert_allclose(states.stroke[:, 0], [0.25, -0.25, 0.25, 0.15, 0.25], atol=1e-6)
    places = [(0.25, 0.0), (0.25, 0.0), (0.5, -0.5), (0.5, -0.5), (0.6, -0.45)]
    np.testing.assert_allclose(states.position, places, atol=1e-6)


@pytest.mark.parametrize(
    ("place", "action", "expected"),
    [
        ((0.0, 1.9), (1.0, 1.0), (0.25, 1.9)),  # below the middle wall: on along x
        ((9.9, 3.0), (1.0, 1.0), (9.9, 3.25)),  # at the right border: on along y
        ((9.9, 9.9), (1.0, 1.0), (9.9, 9.9)),  # in the last corner: nowhere
        ((5.9, 1.9), (1.0, 1.0), (6.15, 2.15)),  # x first, and then the way along y is free
    ],
)
def test_they_slide_along_walls(place, action, expected):
    after, _ = STEPS[POINT](at(*place), jnp.array(action), KEY)
    np.testing.assert_allclose(after.position, expected, atol=1e-6)
    after, _ = STEPS[ROWER](at(*place, 0.0), jnp.array([1.0, *action]), KEY)
    np.testing.assert_allclose(after.position, expected, atol=1e-6)


def route(position):
    """Return the direction of a scripted controller: right, up, left, along the middle."""
    x, y = position
    corner = jnp.where(y < 1.0, jnp.array([8.0, 0.0]), jnp.array([8.0, 8.0]))
    corner = jnp.where((x > 7.5) & (y < 7.5), jnp.array([8.0, 8.0]), corner)
    corner = jnp.where(y > 7.0, jnp.array([0.0, 8.0]), corner)
    return jnp.clip(4.0 * (corner - position), -1.0, 1.0)


@pytest.mark.parametrize("world", [POINT, ROWER], ids=lambda world: world.name)
def test_a_scripted_controller_reaches_the_goal_and_stays(world):
    def step(state, number):
        action = route(state.position)
        if world is ROWER:
            action = jnp.concatenate([jnp.array([1.0 - 2.0 * (number % 2)]), action])
        return world.step(state, action, KEY)

    state, first = world.reset(KEY)
    _, shown = jax.lax.scan(step, state, jnp.arange(500))
    assert float(first.reward) == 0.0
    assert bool(shown.success[-1])
    assert not shown.terminated.any()
    hits = measures(world, jax.tree.map(lambda leaf: leaf[-1], shown))
    assert {name: bool(hit) for name, hit in hits.items()} == {
        "success_within_0.75": True,
        "success_within_3": True,
    }
    # 8 + 8 + 8 units at 0.25 a step are 96 steps; start and corners change this a little.
    arrival = int(np.argmax(shown.reward > -0.5))
    assert 80 <= arrival <= 115


def test_best_speed_and_held_strokes():
    along = np.tile([1.0, 0.0], (20, 1))
    states, _ = driven(POINT, at(0.0, 0.0), along)
    np.testing.assert_allclose(states.position[-1], [5.0, 0.0], atol=1e-5)
    alternating = np.column_stack([np.tile([-1.0, 1.0], 10), along])
    states, _ = driven(ROWER, at(0.0, 0.0, 0.25), alternating)
    np.testing.assert_allclose(states.position[-1], [5.0, 0.0], atol=1e-5)
    held = np.column_stack([np.ones(20), along])
    states, _ = driven(ROWER, at(0.0, 0.0, -0.25), held)
    np.testing.assert_allclose(states.position[-1], [0.5, 0.0], atol=1e-6)


def test_actions_repeated_ten_times_travel_at_most_twelve_and_a_half():
    # Random signs on a free plane: only the sum of the power strokes counts.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (500, 50))
    signs[0] = np.tile([-1.0, 1.0], 25)  # the best one
    total, stroke = np.zeros(500), np.zeros(500)
    for held in np.repeat(signs, 10, axis=1).T:
        following, move = jax.vmap(ROWER.moved)(
            jnp.asarray(stroke[:, None]), jnp.asarray(np.stack([held, held * 0 + 1, held * 0], 1))
        )
        total, stroke = total + np.asarray(move[:, 0]), np.asarray(following[:, 0])
    assert total.max() == pytest.approx(total[0]) == pytest.approx(12.5)


def test_the_trap_is_at_distance_six():
    # Straight to the goal: up to the middle wall, where the distance is 6.
    states, shown = driven(POINT, at(0.0, 0.0), np.tile([0.0, 1.0], (500, 1)))
    assert 1.75 <= float(states.position[-1, 1]) < 2.0
    assert -6.25 <= float(shown.reward[-1]) < -6.0
    assert not any(shown.success)


def slow_model(position, stroke, action):
    """Return the next position and stroke, from the cells of the maze."""
    action = np.clip(np.asarray(action, np.float64), -1.0, 1.0)
    if stroke is None:
        move = 0.25 * action
    else:
        following = min(max(stroke + 0.5 * action[0], -0.25), 0.25)
        move, stroke = max(following - stroke, 0.0) * action[1:], following
    for axis in (0, 1):
        ahead = position.copy()
        ahead[axis] += move[axis]
        if any(np.abs(ahead - cell).max() < 2.0 for cell in CELLS) or in_doorway(ahead):
            position = ahead
    return position, stroke


def in_doorway(place):
    """Return whether a place is exactly between two cells."""
    closest = sorted(np.abs(place - cell).max() for cell in CELLS)
    return closest[1] == 2.0 and np.abs(place - CELLS).min(axis=1).min() < 2.0


@pytest.mark.parametrize("world", [POINT, ROWER], ids=lambda world: world.name)
def test_random_walks_are_those_of_a_slow_model(world):
    random = np.random.default_rng(1)
    for _ in range(10):
        start = CELLS[random.integers(len(CELLS))] + random.uniform(-1.9, 1.9, 2)
        q = None if world is POINT else float(random.uniform(-0.25, 0.25))
        direction = random.uniform(-1.0, 1.0, world.actions)
        actions = np.clip(random.normal(0.0, 1.0, (300, world.actions)) + direction, -1.5, 1.5)
        states, _ = driven(world, at(*start.astype(np.float32).tolist(), q), actions)
        position, stroke = start.astype(np.float32).astype(np.float64), q
        for number, action in enumerate(actions.astype(np.float32)):
            position, stroke = slow_model(position, stroke, action)
            np.testing.assert_allclose(states.position[number], position, atol=1e-4)


def test_views_and_goals():
    assert POINT.spec.view_names == ("position",)
    assert ROWER.spec.view_names == ("position", "stroke")
    assert POINT.spec.goal.fixed == (0.0, 8.0)
    many = make("RowerU-v0", goal="multi", nuisance=4)
    assert many.spec.view_names == ("position", "stroke", "goal", "nuisance")
    assert (many.spec.goal.desired, many.spec.goal.fixed) == ("goal", None)
    again = dataclasses.replace(many, goal=(8.0, 0.0))
    assert again.spec.views == many.spec.views
    assert check_world(many) == many.spec


def test_nuisance_is_drawn_anew_and_changes_nothing_else():
    world = PointU(nuisance=4)
    state, first = world.reset(KEY)
    plain, _ = POINT.reset(KEY)
    np.testing.assert_array_equal(state.position, plain.position)

    def step(state, key):
        return world.step(state, jnp.zeros(2), key)

    _, shown = jax.lax.scan(step, state, jax.random.split(KEY, 4000))
    drawn = np.asarray(shown.observation["nuisance"])
    assert drawn.shape == (4000, 4)
    assert first.observation["nuisance"].shape == (4,)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=5 / np.sqrt(4000))
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(4), atol=0.12)
    np.testing.assert_allclose((drawn[1:] * drawn[:-1]).mean(axis=0), 0.0, atol=0.08)


def test_episodes_begin_in_the_middle_of_the_first_cell():
    state, shown = jax.jit(jax.vmap(PointU(goal="multi").reset))(jax.random.split(KEY, 4000))
    start, goals = np.asarray(state.position), np.asarray(state.goal)
    assert np.abs(start).max() <= 0.5
    np.testing.assert_allclose(start.var(axis=0), 1 / 12, atol=0.005)
    np.testing.assert_allclose(goals.mean(axis=0), 4.0, atol=5 * np.sqrt(12 / 4000))
    assert np.abs(np.corrcoef(np.hstack([start, goals]).T)[:2, 2:]).max() < 0.08
    assert not np.any(shown.reward)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"goal": "many"}, ("goal", "'multi' or a tuple (x, y)", "'many'")),
        ({"goal": (0.0, 11.0)}, ("goal", "[-2, 10]^2", "(0.0, 11.0)")),
        ({"nuisance": -1}, ("nuisance", ">= 0", "-1")),
        ({"observe_goal": 1}, ("observe_goal", "bool", "1")),
        ({"episode_limit": 0}, ("episode_limit", ">= 1", "0")),
    ],
)
def test_options_that_make_no_maze_are_refused(options, parts):
    refuses(lambda: RowerU(**options), *parts)
