"""The cross: exact steps, walls, the goal, and how often scripted behaviours reach it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import PointCross, SpinCross
from hierax.worlds.cross import is_free
from hierax.worlds.point import PointState
from refusals import refuses

WORLDS = (PointCross(), SpinCross())
GOALS = np.array([(6.0, -6.0), (6.0, 6.0), (12.0, 0.0)], np.float32)
STEPS = 200
KEY = jax.random.key(0)


def free(x: float, y: float) -> bool:
    return (-1.5 < x < 13 and -2 < y < 2) or (4 < x < 8 and -7 < y < 7)


def simulated(position: np.ndarray, phase: np.ndarray | None, actions: np.ndarray) -> np.ndarray:
    """Positions of an independent simulation, one number after another, in float64."""
    p, v, places = position.astype(float), np.zeros(2), []
    angle = None if phase is None else np.arctan2(phase[1], phase[0])
    for action in actions.astype(float):
        force = action
        if angle is not None:
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            force, angle = turn @ action, angle + 2 * np.pi / 5
        v = 0.95 * v + 0.2 * force
        for axis in range(2):
            ahead = p.copy()
            ahead[axis] += 0.1 * v[axis]
            if free(*ahead):
                p = ahead
            else:
                v[axis] *= -0.2
        places.append(p.copy())
    return np.array(places)


@functools.partial(jax.jit, static_argnums=0)
def followed(world: PointCross, state: PointState, actions: jax.Array) -> PointState:
    def step(state: PointState, action: jax.Array) -> tuple[PointState, PointState]:
        state, _ = world.step(state, action, KEY)
        return state, state

    return jax.lax.scan(step, state, actions)[1]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_path_is_that_of_an_independent_simulation(world):
    # Pushes that point one way for a while, from a corner, so that walls are hit.
    pushes = np.random.default_rng(3).uniform(-1, 1, (15, 2)).astype(np.float32)
    actions = np.repeat(pushes, 10, axis=0)
    state, _ = world.reset(KEY)
    state = state._replace(position=jnp.array([3.95, 1.95]))
    path = followed(world, state, actions)
    expected = simulated(np.array(state.position), state.phase, actions)
    np.testing.assert_allclose(path.position, expected, atol=2e-4)
    forward = 0.95 * path.velocity[:-1] * path.velocity[1:] > 0
    assert not forward.all()  # it was turned back by a wall


def test_pushing_against_the_turn_makes_the_spinning_point_a_plain_one():
    spin, plain = WORLDS[1], WORLDS[0]
    state, _ = spin.reset(KEY)
    # Shorter than 1, so that a turned push is not clipped.
    pushes = np.repeat(np.random.default_rng(0).uniform(-0.7, 0.7, (10, 2)), 15, axis=0)
    angle = -np.arctan2(state.phase[1], state.phase[0]) - np.arange(150) * 2 * np.pi / 5
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([c * pushes[:, 0] - s * pushes[:, 1], s * pushes[:, 0] + c * pushes[:, 1]], 1)
    np.testing.assert_allclose(
        followed(spin, state, turned.astype(np.float32)).position,
        followed(plain, state._replace(phase=None), pushes.astype(np.float32)).position,
        atol=2e-4,
    )


def test_edges_of_the_cross_are_walls():
    inside = [(-1.49, 0.0), (12.99, 1.99), (4.01, 6.99), (7.99, -6.99), (6.0, 0.0)]
    outside = [
        (-1.5, 0.0),
        (13.0, 0.0),
        (0.0, 2.0),
        (0.0, -2.0),
        (4.0, 3.0),
        (8.0, -3.0),
        (6.0, 7.0),
    ]
    assert all(is_free(x, y) for x, y in inside)
    assert not any(is_free(x, y) for x, y in outside)


def test_a_blocked_axis_keeps_its_place_and_turns_back():
    state = PointState(jnp.array([0.0, 1.9]), jnp.array([1.0, 3.0]), None)
    after, _ = WORLDS[0].step(state, jnp.zeros(2), KEY)
    np.testing.assert_allclose(after.position, [0.095, 1.9], rtol=1e-6)
    np.testing.assert_allclose(after.velocity, [0.95, -0.2 * 2.85], rtol=1e-6)


def test_y_is_tried_from_where_x_has_led():
    # Only beyond x = 4 is there a way up.
    state = PointState(jnp.array([3.95, 1.95]), jnp.array([2.0, 2.0]), None)
    after, _ = WORLDS[0].step(state, jnp.zeros(2), KEY)
    np.testing.assert_allclose(after.position, [4.14, 2.14], rtol=1e-6)


@pytest.mark.parametrize(("x", "reached"), [(5.0, False), (5.0001, True), (7.0, False)])
def test_the_goal_pays_once_and_ends_the_episode_inside_its_radius(x, reached):
    world = PointCross(goal=(6.0, 0.0))
    state = PointState(jnp.array([x, 0.0]), jnp.zeros(2), None)
    _, shown = world.step(state, jnp.zeros(2), KEY)
    assert [float(shown.reward), shown.terminated, shown.success] == [reached] * 3


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_observations_are_scaled_and_are_what_the_spec_says(world):
    state, shown = world.reset(KEY)
    assert {name: value.shape for name, value in shown.observation.items()} == {
        view.name: view.shape for view in world.spec.views
    }
    assert np.abs(state.position).max() < 0.1
    assert not np.any(state.velocity)
    after, shown = world.step(state, jnp.array([1.0, -1.0]), KEY)
    np.testing.assert_allclose(shown.observation["position"], after.position / 6, rtol=1e-6)
    np.testing.assert_allclose(shown.observation["velocity"], after.velocity / 2, rtol=1e-6)


@functools.partial(jax.jit, static_argnums=(0, 1))
def hit_rates(
    world: PointCross, episodes: int, pull: float, noise: float, hold: int, uniform: bool
) -> jax.Array:
    """How many episodes reach each goal with ``tanh(pull v/|v| + noise N)``, or uniform actions.

    The noise is drawn anew every ``hold`` steps. Goals change nothing of the motion, so one run
    serves all three.
    """

    def step(carry: tuple, clock_and_key: tuple) -> tuple[tuple, None]:
        (state, drawn, hit), (clock, key) = carry, clock_and_key
        normal_key, uniform_key = jax.random.split(key)
        drawn = jnp.where(clock % hold == 0, jax.random.normal(normal_key, (episodes, 2)), drawn)
        speed = jnp.linalg.norm(state.velocity, axis=1, keepdims=True)
        ahead = state.velocity / jnp.maximum(speed, 1e-9)
        action = jnp.where(
            uniform,
            jax.random.uniform(uniform_key, (episodes, 2), minval=-1.0),
            jnp.tanh(pull * ahead + noise * drawn),
        )
        state, _ = jax.vmap(world.step, (0, 0, None))(state, action, key)
        distance = jnp.linalg.norm(state.position[:, None] - GOALS, axis=-1)
        return (state, drawn, hit | (distance < 1.0)), None

    state, _ = jax.vmap(world.reset)(jax.random.split(KEY, episodes))
    begin = state, jnp.zeros((episodes, 2)), jnp.zeros((episodes, 3), bool)
    clocks = jnp.arange(STEPS), jax.random.split(jax.random.key(1), STEPS)
    (_, _, hit), _ = jax.lax.scan(step, begin, clocks)
    return hit.mean(axis=0)


# Rates at the goals (6, -6), (6, 6), (12, 0), as measured with an independent program on
# `measured` episodes.
@pytest.mark.parametrize(
    ("world", "behaviour", "rates", "measured"),
    [
        (WORLDS[0], (0.0, 0.0, 1, True), (0.0003, 0.0013, 0.0), 3000),
        (WORLDS[0], (0.0, 1.0, 1, False), (0.0013, 0.0010, 0.0), 3000),
        (WORLDS[0], (0.5, 1.0, 1, False), (0.138, 0.126, 0.255), 3000),
        (WORLDS[0], (1.0, 1.0, 1, False), (0.249, 0.234, 0.415), 3000),
        (WORLDS[0], (2.0, 0.5, 1, False), (0.486, 0.487, 0.707), 3000),
        (WORLDS[0], (0.0, 1.0, 10, False), (0.091, 0.089, 0.093), 3000),
        (WORLDS[0], (0.0, 1.0, 50, False), (0.150, 0.150, 0.094), 3000),
        (WORLDS[1], (0.0, 0.0, 1, True), (0.0012, 0.0005, 0.0), 4000),
        (WORLDS[1], (0.0, 1.0, 5, False), (0.0, 0.0, 0.0), 4000),
        (WORLDS[1], (0.0, 1.0, 10, False), (0.0, 0.0, 0.0), 4000),
    ],
)
def test_scripted_behaviours_hit_as_often_as_measured(world, behaviour, rates, measured):
    episodes = 6000
    reached = np.asarray(hit_rates(world, episodes, *behaviour))
    pooled = (reached * episodes + np.multiply(rates, measured)) / (episodes + measured)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / episodes + 1 / measured))
    assert (np.abs(reached - rates) <= 3.5 * deviation + 1e-12).all(), reached


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"goal": (0.0, 3.0)}, ("goal", "a free point", "(0.0, 3.0)")),
        ({"goal": 6.0}, ("goal", "tuple of two finite numbers", "6.0")),
        ({"goal": (6.0,)}, ("goal", "tuple of two", "(6.0,)")),
        ({"goal": [6.0, 6.0]}, ("goal", "tuple", "[6.0, 6.0]")),
        ({"goal": (np.nan, 6.0)}, ("goal", "finite", "(nan, 6.0)")),
        ({"goal_radius": 0.0}, ("goal_radius", "> 0", "0.0")),
        ({"episode_limit": 0}, ("episode_limit", ">= 1", "0")),
    ],
)
@pytest.mark.parametrize("kind", [PointCross, SpinCross])
def test_options_that_make_no_cross_are_refused(kind, options, parts):
    refuses(lambda: kind(**options), *parts)


def test_a_thruster_without_a_period_is_refused():
    refuses(lambda: SpinCross(period=None), "period", "> 0", "None")
