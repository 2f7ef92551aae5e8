"""Whatever a driver measures can be written as JSON."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from hierax.to_json import to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, np.float32(0.5)), 3: True}, {"a": [1, 0.5], "3": True}),
        (np.array([[1.0, np.nan], [np.inf, 2.0]]), [[1.0, None], [None, 2.0]]),
        (jnp.array(7), 7),
        (jnp.array([True, False]), [True, False]),
        ([float("-inf"), "word", None], [None, "word", None]),
    ],
)
def test_values_become_plain(value, expected):
    assert to_json(value) == expected
    assert json.loads(json.dumps(to_json(value), allow_nan=False)) == expected
