"""Drawing along the state index."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from hierax.plotting.canvas import Scale
from hierax.plotting.index_canvas import IndexCanvas


@pytest.fixture
def axes():
    return Figure().subplots()


def test_the_height_is_the_number_of_a_state(axes):
    values = np.array([1.0, np.nan, 3.0])
    IndexCanvas(("a",)).colour(axes, values, Scale("reward", "viridis"), ["x", "y", "z"])
    (stairs,) = axes.patches
    heights, edges, _ = stairs.get_data()
    np.testing.assert_array_equal(heights, [1, 0, 3])
    np.testing.assert_array_equal(edges, [-0.5, 0.5, 1.5, 2.5])
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("reward", "state")
    assert axes.get_xlim() == (-0.5, 2.5)
    assert not axes.texts


def test_a_point_stands_at_the_choice(axes):
    IndexCanvas(("left", "right")).policy(axes, np.array([1, 0, 1]), np.zeros(3, dtype=int))
    (points,) = axes.collections
    np.testing.assert_array_equal(points.get_offsets(), [[0, 1], [1, 0], [2, 1]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["left", "right"]
    assert axes.get_ylim() == (-0.5, 1.5)


def test_many_actions_are_numbered_rather_than_named(axes):
    names = [f"action {action}" for action in range(13)]
    IndexCanvas(names).policy(axes, np.arange(13), np.arange(13))
    assert not any("action" in label.get_text() for label in axes.get_yticklabels())
    assert axes.get_ylim() == (-0.5, 12.5)
