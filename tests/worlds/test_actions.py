"""Actions, checked and clipped."""

import numpy as np
import pytest

from hierax.spec import Continuous, Discrete
from hierax.worlds.actions import checked_action, checked_actions
from refusals import refuses

NOBODY = np.zeros(2, bool)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (Continuous(2), [0.5, -0.25], [0.5, -0.25]),
        (Continuous(2), [1e300, -7], [1.0, -1.0]),
        (Continuous(1), np.array([True]), [1.0]),
        (Continuous(40), [0.25] * 39 + [3.0], [0.25] * 39 + [1.0]),
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
    ("kind", "given", "parts"),
    [
        (Discrete(4), 99, ("action", "integer from 0 to 3", "99")),
        (Discrete(4), 4, ("action", "integer from 0 to 3", "4")),
        (Discrete(4), -1, ("action", "integer from 0 to 3", "-1")),
        (Discrete(4), 1.7, ("action", "integer from 0 to 3", "1.7")),
        (Discrete(4), np.nan, ("action", "integer from 0 to 3", "nan")),
        (Discrete(4), [1], ("action", "shape ()", "(1,)")),
        (Discrete(4), "x", ("action", "real numbers", "'x'")),
        (Discrete(4), None, ("action", "real numbers", "None")),
        (Continuous(2), [0.0, np.inf], ("action", "finite", "inf", "entry 1")),
        (Continuous(40), [0.0] * 39 + [np.nan], ("action", "finite", "nan", "entry 39")),
        (Continuous(2), np.zeros(3), ("action", "shape (2,)", "(3,)")),
        (Continuous(2), 0.0, ("action", "shape (2,)", "()")),
    ],
)
def test_what_is_none_is_refused_in_a_parts(kind, given, parts):
    refuses(lambda: checked_action(kind, given), *parts)


@pytest.mark.parametrize(
    ("kind", "given", "parts"),
    [
        (
            Discrete(4),
            [0, 99],
            ("action", "integer from 0 to 3", "99", "environment 1"),
        ),
        (
            Continuous(1),
            [[np.nan], [0]],
            ("action", "finite", "nan", "environment 0, entry 0"),
        ),
        (Discrete(4), [0], ("action", "shape (2,)", "(1,)")),
        (Continuous(1), [0, 0], ("action", "shape (2, 1)", "(2,)")),
    ],
)
def test_the_environment_is_named(kind, given, parts):
    refuses(lambda: checked_actions(kind, given, NOBODY), *parts)


@pytest.mark.parametrize(
    ("kind", "given"), [(Continuous(1), [[np.nan], [0.5]]), (Discrete(2), [-1, 1])]
)
def test_of_an_environment_that_begins_the_action_is_0(kind, given):
    given, begins = np.array(given), np.array([True, False])
    before = given.copy()
    np.testing.assert_array_equal(checked_actions(kind, given, begins), [0 * given[1], given[1]])
    np.testing.assert_array_equal(given, before)
