"""Actions, checked and clipped."""

import re

import numpy as np
import pytest

from hierax.spec import Continuous, Discrete
from hierax.worlds.actions import checked_action, checked_actions

NOBODY = np.zeros(2, bool)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (Continuous(2), [0.5, -0.25], [0.5, -0.25]),
        (Continuous(2), [1e300, -7], [1.0, -1.0]),
        (Continuous(1), np.array([True]), [1.0]),
        (Discrete(3), 2, 2),
        (Discrete(3), np.float32(1.0), 1),
        (Discrete(1), np.array(0, np.uint8), 0),
    ],
)
def test_what_is_an_action_is_written_as_one(kind, given, expected):
    one, many = checked_action(kind, given), checked_actions(kind, [given, given], NOBODY)
    np.testing.assert_array_equal(one, expected)
    np.testing.assert_array_equal(many, [expected] * 2)
    assert one.dtype == many.dtype == (np.int64 if isinstance(kind, Discrete) else np.float64)


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (Discrete(4), 99, "action is 99, but must be a whole number from 0 to 3"),
        (Discrete(4), 4, "action is 4, but must be a whole number from 0 to 3"),
        (Discrete(4), -1, "action is -1, but must be a whole number from 0 to 3"),
        (Discrete(4), 1.7, "action is 1.7, but must be a whole number from 0 to 3"),
        (Discrete(4), np.nan, "action is nan, but must be a whole number from 0 to 3"),
        (Discrete(4), [1], "action must have shape (), got (1,)"),
        (Discrete(4), "x", "action must be an array of real numbers, got str 'x'"),
        (Discrete(4), None, "action must be an array of real numbers, got NoneType 'None'"),
        (Continuous(2), [0.0, np.inf], "action must be finite, got inf at entry 1"),
        (Continuous(2), np.zeros(3), "action must have shape (2,), got (3,)"),
        (Continuous(2), 0.0, "action must have shape (2,), got ()"),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(kind, given, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        checked_action(kind, given)


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (
            Discrete(4),
            [0, 99],
            "action at environment 1 is 99, but must be a whole number from 0 to 3",
        ),
        (
            Continuous(1),
            [[np.nan], [0]],
            "action must be finite, got nan at environment 0, entry 0",
        ),
        (Discrete(4), [0], "action must have shape (2,), got (1,)"),
        (Continuous(1), [0, 0], "action must have shape (2, 1), got (2,)"),
    ],
)
def test_the_environment_is_named(kind, given, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        checked_actions(kind, given, NOBODY)


@pytest.mark.parametrize(
    ("kind", "given"), [(Continuous(1), [[np.nan], [0.5]]), (Discrete(2), [-1, 1])]
)
def test_of_an_environment_that_begins_the_action_is_0(kind, given):
    given, begins = np.array(given), np.array([True, False])
    before = given.copy()
    np.testing.assert_array_equal(checked_actions(kind, given, begins), [0 * given[1], given[1]])
    np.testing.assert_array_equal(given, before)
