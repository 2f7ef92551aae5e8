"""Drawing on graphs."""

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from hierax.plotting import graph_canvas
from hierax.plotting.canvas import CATEGORIES, Marks, Scale
from hierax.plotting.graph_canvas import GraphCanvas, _lines

PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
MOVES = sp.csr_matrix(np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]))
ACTIONS = ("go", "rest")


@pytest.fixture
def axes():
    return Figure().subplots()


def square(marks=Marks(), names="abcd", places=PLACES):  # noqa: B008  (frozen)
    return GraphCanvas(places, MOVES, marks, tuple(names), ACTIONS)


def test_a_move_there_and_back_is_one_line():
    ends = {frozenset(map(tuple, line)) for line in _lines(PLACES, MOVES).tolist()}
    corners = list(map(tuple, PLACES.tolist()))
    expected = {frozenset(corners[k : k + 2]) for k in range(3)}
    assert ends == expected
    assert len(_lines(PLACES, MOVES)) == 3


def test_too_many_lines_are_none(monkeypatch):
    monkeypatch.setattr(graph_canvas, "_MOST_LINES", 2)
    assert _lines(PLACES, MOVES).shape == (0, 2, 2)


def test_names_are_offered_where_they_fit():
    assert square().names == ("a", "b", "c", "d")
    assert square(names=["a", "b", "c", "a long name"]).names is None


def test_discs_have_the_colour_of_their_number_and_carry_texts(axes):
    values, scale = np.array([0.0, 1.0, 2.0, np.nan]), Scale("value", "viridis")
    square(Marks(start=0, goal=2)).colour(axes, values, scale, "wxyz")
    lines, discs = axes.collections[:2]
    assert isinstance(lines, LineCollection)
    np.testing.assert_array_equal(discs.get_offsets(), PLACES)
    np.testing.assert_allclose(discs.get_facecolor(), scale.mappable(values).to_rgba(values))
    assert [text.get_text() for text in axes.texts] == ["S", "G", "w", "x", "y", "z"]
    assert axes.texts[2].get_position() == tuple(PLACES[0])


def test_a_choice_is_an_arrow_and_one_that_stays_a_dot(axes):
    square().policy(axes, np.array([0, 0, 0, 1]), np.array([1, 2, 3, 3]))
    (arrows,) = [artist for artist in axes.collections if isinstance(artist, Quiver)]
    middles = arrows.XY + 0.5 * np.stack([arrows.U, arrows.V], axis=1)
    np.testing.assert_allclose(middles, 0.5 * (PLACES[:3] + PLACES[1:]))
    np.testing.assert_array_equal(axes.collections[-1].get_offsets(), PLACES[3:])


def test_a_large_graph_has_the_colour_of_each_action(axes):
    places = np.stack(np.divmod(np.arange(10_000.0), 100), axis=1)
    names = tuple(map(str, range(10_000)))
    canvas = GraphCanvas(places, sp.csr_matrix((10_000, 10_000)), Marks(), names, ACTIONS)
    choice = np.arange(10_000) % 2
    canvas.policy(axes, choice, np.arange(10_000))
    expected = np.array([to_rgba(CATEGORIES[0]), to_rgba(CATEGORIES[1])])[choice]
    np.testing.assert_allclose(axes.collections[1].get_facecolor(), expected)
    assert canvas.names is None
    assert not any(isinstance(artist, Quiver) for artist in axes.collections)
