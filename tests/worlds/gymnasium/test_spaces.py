"""Spaces of Gymnasium as views and actions."""

import numpy as np
import pytest
from gymnasium import spaces

from hierax.spec import Continuous, Discrete, View, WorldSpec
from hierax.worlds.gymnasium.spaces import (
    action_writer,
    observation_space,
    scalar_views,
    view_readers,
)
from refusals import refuses


@pytest.mark.parametrize(
    ("space", "view"),
    [
        (spaces.Box(-2.0, 3.0, (4,)), View("observation", (4,), -2.0, 3.0)),
        (spaces.Box(-np.inf, np.inf, (2, 3), np.float64), View("observation", (2, 3))),
        (spaces.Box(0, 255, (5, 5, 3), np.uint8), View("observation", (5, 5, 3), 0, 255, "uint8")),
        (spaces.Box(-7, 7, (2,), np.int64), View("observation", (2,), -7, 7, "int32")),
        (spaces.Discrete(6, start=2), View("observation", (6,), 0.0, 1.0)),
    ],
)
def test_one_space_is_one_view_of_its_own_shape_and_kind(space, view):
    (reader,) = view_readers(space)
    assert reader.view == view
    space.seed(0)
    samples = [space.sample() for _ in range(3)]
    values = reader.read(samples)
    assert (values.shape, values.dtype) == ((3, *view.shape), view.dtype)
    if isinstance(space, spaces.Discrete):
        np.testing.assert_array_equal(values.argmax(axis=1) + 2, samples)
        np.testing.assert_array_equal(values.sum(axis=1), 1.0)
    else:
        np.testing.assert_allclose(values, np.array(samples), rtol=1e-6)


LARGEST = float(np.finfo(np.float32).max)
TIME = 1_700_000_000_001
"""Milliseconds of a clock, in int64."""


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(0, 2 * TIME, np.int64), (-np.inf, np.inf, np.int64), (0, 2**32 - 1, np.uint32)],
)
def test_integers_beyond_32_bits_become_floats_with_a_note(low, high, dtype):
    space = spaces.Box(low, high, (1,), dtype)
    with pytest.warns(UserWarning, match="'observation' is u?int(32|64) .* float32"):
        (reader,) = view_readers(space)
    assert reader.view.dtype == "float32"
    largest = min(TIME, 2**32 - 1)
    assert reader.read([np.array([largest], dtype)]).item() == np.float32(largest)


@pytest.mark.parametrize(
    ("space", "value", "held"),
    [
        (spaces.Box(0, 10**6, (1,), np.int64), TIME, "int32"),
        (spaces.Box(0, 10**6, (1,), np.uint32), 2**32 - 1, "int32"),
        (spaces.Box(0, 255, (1,), np.uint8), 300, "uint8"),
        (spaces.Box(0, 255, (1,), np.uint8), 0.5, "uint8"),
        (spaces.Box(-9, 9, (1,), np.int32), np.nan, "int32"),
    ],
)
def test_numbers_that_an_integer_cannot_hold_are_refused(space, value, held):
    (reader,) = view_readers(space)
    assert reader.read([np.array([7.0])]).tolist() == [[7]]
    refuses(lambda: reader.read([np.array([value])]), "observation'", f"integers of {held}", "got")


def test_a_state_outside_of_its_space_is_refused():
    (reader,) = view_readers(spaces.Discrete(6, start=2))
    refuses(lambda: reader.read([3, 8]), "observation'", "from 2 to 7", "got 8")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_number_is_no_bound(dtype):
    (reader,) = view_readers(spaces.Box(-LARGEST, LARGEST, (2,), dtype))
    assert (reader.view.low, reader.view.high) == (-np.inf, np.inf)
    box = spaces.Box(-LARGEST, LARGEST, (2,), dtype)
    refuses(lambda: action_writer(box), "action space", "must be bounded", "wrap")


def test_wide_bounds_of_actions_do_not_overflow():
    writer = action_writer(spaces.Box(-3e38, 3e38, (1,)))
    written = writer.write(np.array([[-1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(written, [[-3e38], [0.0], [3e38]])


def test_an_integer_without_bounds_is_a_box():
    spec = WorldSpec("Clock-v0", (View("time", (), dtype="int32"),), Discrete(2), 9)
    assert np.array(TIME % 2**31, np.int32) in observation_space(spec)["time"]
    assert scalar_views(spec) == ()


def test_a_dictionary_is_a_view_for_each_key():
    space = spaces.Dict({"arm": spaces.Box(-1, 1, (2,)), "mode": spaces.Discrete(3)})
    readers = {reader.view.name: reader for reader in view_readers(space)}
    assert list(readers) == ["arm", "mode"]
    samples = [{"arm": np.array([0.5, -0.5], np.float32), "mode": np.int64(1)}] * 2
    np.testing.assert_array_equal(readers["arm"].read(samples), [[0.5, -0.5]] * 2)
    np.testing.assert_array_equal(readers["mode"].read(samples), [[0, 1, 0]] * 2)


def test_actions_are_stretched_to_the_box_and_clipped():
    low, high = np.array([-2.0, 0.0], np.float32), np.array([2.0, 10.0], np.float32)
    writer = action_writer(spaces.Box(low, high))
    assert writer.action == Continuous(2)
    given = np.array([[-1.0, -1.0], [0.0, 0.5], [1.0, 7.0]])
    written = writer.write(given)
    np.testing.assert_allclose(written, [[-2.0, 0.0], [0.0, 7.5], [2.0, 10.0]])
    assert written.dtype == np.float32


def test_actions_of_several_axes_are_laid_in_one_row():
    box = spaces.Box(-1.0, 1.0, (2, 3), np.float64)
    writer = action_writer(box)
    assert writer.action == Continuous(6)
    written = writer.write(np.linspace(-1, 1, 12).reshape(2, 6))
    assert written.shape == (2, 2, 3)
    assert written[0] in box


def test_whole_numbers_count_from_the_start_of_their_space():
    writer = action_writer(spaces.Discrete(3, start=-1))
    assert writer.action == Discrete(3)
    np.testing.assert_array_equal(writer.write(np.array([0, 2])), [-1, 1])


@pytest.mark.parametrize(
    ("space", "rule"),
    [
        (spaces.MultiDiscrete([2, 3]), "must be a Box of floats or Discrete"),
        (spaces.MultiBinary(3), "must be a Box of floats or Discrete"),
        (spaces.Box(0, 3, (2,), np.int32), "must be a Box of floats or Discrete"),
        (spaces.Box(-np.inf, 1.0, (2,)), "must be bounded"),
    ],
)
def test_actions_of_other_kinds_are_refused(space, rule):
    refuses(lambda: action_writer(space), "action space", rule, "wrap the environment")


@pytest.mark.parametrize(
    "space",
    [
        spaces.MultiBinary(3),
        spaces.Tuple((spaces.Discrete(2),)),
        spaces.Dict({"inner": spaces.Dict({"x": spaces.Discrete(2)})}),
    ],
)
def test_observations_of_other_kinds_are_refused(space):
    refuses(lambda: view_readers(space), "observation '", "a Box or Discrete", "wrap")
