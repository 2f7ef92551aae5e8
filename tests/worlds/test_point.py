"""The body of the point worlds: a leaky integrator whose thruster may turn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds.point import PointBody, PointState

KEY = jax.random.key(0)


def state(velocity: tuple[float, float], angle: float | None = None) -> PointState:
    phase = None if angle is None else jnp.array([np.cos(angle), np.sin(angle)], jnp.float32)
    return PointState(jnp.zeros(2), jnp.array(velocity), phase)


def test_a_push_adds_a_fifth_of_itself_to_what_drag_leaves():
    pushed = PointBody().pushed(state((1.0, -2.0)), jnp.array([1.0, 0.5]))
    np.testing.assert_allclose(pushed.velocity, [1.15, -1.8], rtol=1e-6)
    np.testing.assert_array_equal(pushed.position, [0.0, 0.0])
    assert pushed.phase is None


def test_actions_beyond_the_cube_are_clipped():
    pushed = PointBody().pushed(state((0.0, 0.0)), jnp.array([7.0, -3.0]))
    np.testing.assert_allclose(pushed.velocity, [0.2, -0.2], rtol=1e-6)


def test_a_turning_thruster_pushes_by_its_old_angle_and_then_turns():
    turned = PointBody(5.0).pushed(state((0.0, 0.0), angle=np.pi / 2), jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(turned.velocity, [0.0, 0.2], atol=1e-7)
    angle = np.pi / 2 + 2 * np.pi / 5
    np.testing.assert_allclose(turned.phase, [np.cos(angle), np.sin(angle)], atol=1e-6)


def test_a_held_action_comes_to_nothing_over_one_turn():
    body, action = PointBody(5.0), jnp.array([0.7, -0.4])
    forces, now = [], state((0.0, 0.0), angle=0.3)
    for _ in range(5):
        after = body.pushed(now._replace(velocity=jnp.zeros(2)), action)
        forces.append(after.velocity)
        now = after
    np.testing.assert_allclose(np.sum(forces, axis=0), [0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(now.phase, state((0.0, 0.0), angle=0.3).phase, atol=1e-6)


def test_the_phase_stays_on_the_circle():
    def turn(now: PointState, _: None) -> tuple[PointState, None]:
        return PointBody(5.0).pushed(now, jnp.zeros(2)), None

    end, _ = jax.lax.scan(turn, state((0.0, 0.0), angle=1.0), length=10_000)
    # A rotation is rounded by some 1e-7 at every step.
    np.testing.assert_allclose(np.linalg.norm(end.phase), 1.0, atol=1e-3)


@pytest.mark.parametrize("body", [PointBody(), PointBody(5.0)])
def test_observations_are_those_of_the_views(body):
    observed = body.observe(body.at_rest(jnp.zeros(2), KEY))
    assert list(observed) == [view.name for view in body.views]
    assert all(observed[view.name].shape == view.shape for view in body.views)


def test_velocity_is_shown_by_half_and_never_leaves_its_view():
    np.testing.assert_allclose(PointBody().observe(state((4.0, -1.0)))["velocity"], [2.0, -0.5])
    (view,) = PointBody().views
    assert np.sqrt(2) * 0.2 / (1 - 0.95) / 2 < view.high


def test_thrusters_begin_at_every_angle():
    keys = jax.random.split(KEY, 4000)
    phases = jax.jit(jax.vmap(lambda key: PointBody(5.0).at_rest(jnp.zeros(2), key).phase))(keys)
    np.testing.assert_allclose(np.linalg.norm(phases, axis=1), 1.0, rtol=1e-6)
    # The mean of 4000 points of the circle has a standard deviation of 0.011 by axis.
    np.testing.assert_allclose(phases.mean(axis=0), 0.0, atol=0.05)


@pytest.mark.parametrize("period", [0.0, -5.0, np.inf, "five"])
def test_periods_that_are_no_time_are_refused(period):
    with pytest.raises(ValueError, match=r"period must be a finite number > 0, got .*"):
        PointBody(period)
