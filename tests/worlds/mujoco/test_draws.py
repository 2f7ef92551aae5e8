"""Draws of single numbers, compared with NumPy's."""

import numpy as np
import pytest

from hierax.worlds.mujoco.draws import generator, uniform, uniform_points


@pytest.mark.parametrize(
    "seed", [0, 7, 2**32 - 1, 2**32, 2**127, 2**128 - 1, 2**128, 2**200 + 5, np.int64(9)]
)
@pytest.mark.parametrize("number", [0, 1, 70_000])
def test_a_generator_is_that_of_numpy(seed, number):
    expected = np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(number,)))
    assert generator(seed, number).bit_generator.state == expected.bit_generator.state


@pytest.mark.parametrize(("low", "high"), [(-4.0, 4.0), (-np.pi, np.pi), (0.3, 2.5), (-4, 20)])
def test_uniform_numbers_are_those_of_numpy(low, high):
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    # A compiler may round once where Python rounds twice.
    rounding = {"rtol": 1e-15, "atol": 1e-15}
    for _ in range(20):
        expected = theirs.uniform(low, high)
        np.testing.assert_allclose(uniform(ours, low, high), expected, **rounding)
    expected = theirs.uniform(low, high, (5, 2))
    np.testing.assert_allclose(uniform_points(ours, low, high, 5), expected, **rounding)
    assert ours.bit_generator.state == theirs.bit_generator.state
