"""The open plane that pays for speed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import PointCross, PointSpeed, SpinCross, SpinSpeed

WORLDS = (PointSpeed(), SpinSpeed())
KEY = jax.random.key(0)


def run(world: PointSpeed, actions: np.ndarray) -> tuple:
    """The reward and velocity of every step of one episode."""
    state, _ = world.reset(KEY)

    def step(state: object, action: jax.Array) -> tuple:
        state, shown = world.step(state, action, KEY)
        return state, (shown.reward, state)

    return jax.lax.scan(step, state, actions)[1]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_reward_is_speed_less_a_twentieth_of_the_squared_action(world):
    actions = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)
    reward, states = run(world, actions)
    expected = np.linalg.norm(states.velocity, axis=1) - 0.05 * (actions**2).sum(axis=1)
    np.testing.assert_allclose(reward, expected, atol=1e-6)
    travelled = np.cumsum(0.1 * np.asarray(states.velocity), axis=0)
    np.testing.assert_allclose(states.position, travelled, atol=1e-5)


def test_full_thrust_comes_to_a_speed_of_four_by_axis():
    reward, states = run(WORLDS[0], np.ones((200, 2), np.float32))
    speed = 4.0 * (1 - 0.95 ** np.arange(1, 201))
    np.testing.assert_allclose(states.velocity, np.stack([speed, speed], 1), rtol=1e-5)
    np.testing.assert_allclose(reward[-1], np.sqrt(2) * speed[-1] - 0.1, rtol=1e-5)


def test_a_held_action_gets_a_spinning_point_nowhere():
    _, states = run(WORLDS[1], np.ones((200, 2), np.float32))
    assert np.abs(states.position).max() < 1.0


def test_actions_beyond_the_cube_cost_what_is_done():
    state, _ = WORLDS[0].reset(KEY)
    _, beyond = WORLDS[0].step(state, jnp.array([5.0, -5.0]), KEY)
    _, at_edge = WORLDS[0].step(state, jnp.array([1.0, -1.0]), KEY)
    assert float(beyond.reward) == float(at_edge.reward)


@pytest.mark.parametrize(
    ("plane", "cross"), [(PointSpeed(), PointCross()), (SpinSpeed(), SpinCross())]
)
def test_the_lowest_level_sees_the_same_in_the_plane_and_in_the_cross(plane, cross):
    seen = plane.spec.views
    assert seen == tuple(cross.spec.view(view.name) for view in seen)
    assert "position" not in plane.spec.view_names
    assert plane.spec.action == cross.spec.action


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_plane_knows_neither_end_nor_success(world):
    state, first = world.reset(KEY)
    _, after = world.step(state, jnp.ones(2), KEY)
    for shown in (first, after):
        assert not shown.terminated
        assert not shown.success
    assert float(first.reward) == 0.0
    assert not world.spec.has_success


@pytest.mark.parametrize("kind", [PointSpeed, SpinSpeed])
@pytest.mark.parametrize("limit", [0, 2.5, None])
def test_limits_that_are_no_count_are_refused(kind, limit):
    with pytest.raises(ValueError, match=r"episode_limit must be an integer >= 1, got "):
        kind(episode_limit=limit)


def test_a_thruster_without_a_period_is_refused():
    with pytest.raises(ValueError, match="period must be a finite number > 0, got 0"):
        SpinSpeed(period=0)
