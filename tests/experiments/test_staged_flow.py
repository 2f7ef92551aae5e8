"""Stages of doubling step size agree with small steps."""

import numpy as np
import pytest

from hierax.experiments.staged_flow import integrate, ranks
from hierax.planning import himo, occupancy, solve_bellman
from hierax.worlds import tower_of_hanoi


def test_stages_agree_with_one_long_run():
    world = tower_of_hanoi(3, discount=0.9)
    staged = integrate(world.mdp, 0.9, 0.02)
    plain = himo(world.mdp, step_size=0.02, iterations=1400)
    np.testing.assert_allclose(staged.time_to_peak, plain.time_to_peak, rtol=0.02)
    values = np.interp(plain.time, staged.time, staged.start_value)
    assert np.abs(values - plain.start_value).max() < 0.02 * staged.optimal
    final = occupancy(world.mdp, plain.policy[-1])
    np.testing.assert_allclose(staged.visits[-1], final, atol=0.05)


def test_the_flow_ends_where_every_state_has_settled():
    world = tower_of_hanoi(3, discount=0.7)
    staged = integrate(world.mdp, 0.7, 0.05)
    optimum = solve_bellman(world.mdp).value[world.start]
    assert staged.optimal == pytest.approx(optimum)
    assert staged.start_value[-1] >= (1 - 1e-3) * optimum
    assert (np.diff(staged.start_value) >= -1e-12).all()
    assert (staged.time_to_peak < staged.time[-1]).all()


def test_foresight_is_that_of_the_flow_and_not_of_the_world():
    far, near = tower_of_hanoi(3, discount=0.99), tower_of_hanoi(3, discount=0.8)
    np.testing.assert_allclose(
        integrate(far.mdp, 0.8, 0.05).time_to_peak, integrate(near.mdp, 0.8, 0.05).time_to_peak
    )


def test_equal_times_share_a_rank():
    np.testing.assert_array_equal(ranks(np.array([3.0, 1.0, 1.0 + 1e-8, 2.0])), [4, 1, 1, 3])
    np.testing.assert_array_equal(ranks(np.array([-5.0, -4.0])), [1, 2])
