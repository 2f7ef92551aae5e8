"""Shared parts of drawings; `test_plan` tests scales and marks on whole figures."""

import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure

from hierax.plotting.canvas import (
    CATEGORIES,
    GOAL,
    PALE,
    START,
    Marks,
    Scale,
    action_colours,
    action_legend,
)


@pytest.fixture
def axes():
    return Figure().subplots()


def test_letters_are_for_the_states_that_there_are():
    assert Marks(3, 5).letters() == [(3, "S", START), (5, "G", GOAL)]
    assert Marks(goal=5).letters() == [(5, "G", GOAL)]
    assert Marks(bottlenecks=np.array([1])).letters() == []
    (mark,) = Marks(bottlenecks=np.array([1])).legend()
    assert (mark.get_label(), mark.get_linestyle()) == ("bottleneck", ":")


def test_a_scale_spans_its_finite_numbers():
    values = np.array([1.0, np.nan, 3.0, np.inf])
    mappable = Scale("value", "viridis").mappable(values)
    assert (mappable.norm.vmin, mappable.norm.vmax) == (1, 3)
    shades = mappable.to_rgba(np.array([np.nan, 1.0]))
    np.testing.assert_allclose(shades[0], to_rgba(PALE))
    assert not np.allclose(shades[1], to_rgba(PALE))


def test_a_logarithmic_scale_begins_below_its_least():
    norm = Scale("visits", "viridis", logarithmic=True).mappable(np.array([0.0, 0.3, 30.0])).norm
    assert isinstance(norm, LogNorm)
    assert (norm.vmin, norm.vmax) == (pytest.approx(0.1), 30)


def test_colours_of_actions_repeat_after_the_last():
    assert action_colours(np.array([0, 7, 8])) == [CATEGORIES[0], CATEGORIES[7], CATEGORIES[0]]


def test_a_legend_has_the_colour_of_each_action(axes):
    action_legend(axes, ["up", "down"])
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["up", "down"]
    faces = [handle.get_facecolor()[0] for handle in legend.legend_handles]
    np.testing.assert_allclose(faces, [to_rgba(colour) for colour in CATEGORIES[:2]])
