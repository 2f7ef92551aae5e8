"""A spec refuses what no world can be, and counts what its views hold."""

import dataclasses
import math

import numpy as np
import pytest

from hierax.spec import Continuous, Discrete, View, WorldSpec
from refusals import refuses

VIEWS = (View("place", (2,)), View("nothing", (0,)), View("picture", (4, 3, 3), 0, 255, "uint8"))
SPEC = WorldSpec("Somewhere-v0", (*VIEWS, View("number", (), 0, 9, "int32")), Continuous(3), 50)


def test_sizes():
    assert [view.size for view in SPEC.views] == [2, 0, 36, 1]
    assert SPEC.size() == 39
    assert SPEC.size(("number", "place")) == 3
    assert SPEC.size(()) == 0
    assert SPEC.view_names == ("place", "nothing", "picture", "number")
    assert SPEC.view("picture") is VIEWS[2]


def test_actions():
    assert (Continuous(3).shape, Discrete(4).shape) == ((3,), ())


@pytest.mark.parametrize("of", [np.int64, np.uint8])
def test_numpy_integers_count_and_are_kept_as_ints(of):
    spec = dataclasses.replace(SPEC, action=Continuous(of(3)), episode_limit=of(50))
    kept = (spec.episode_limit, spec.action.size, Discrete(of(4)).count)
    assert kept == (50, 3, 4)
    assert set(map(type, kept)) == {int}


def test_a_spec_is_a_value():
    again = dataclasses.replace(SPEC)
    assert again == SPEC
    assert hash(again) == hash(SPEC)
    assert dataclasses.replace(SPEC, episode_limit=51) != SPEC
    assert not SPEC.has_success


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (lambda: View("", (2,)), ("name of a view", "empty", "''")),
        (lambda: View("a", (2, -1)), ("shape of view 'a'", ">= 0", "(2, -1)")),
        (lambda: View("a", (2.0,)), ("shape of view 'a'", "integers >= 0", "(2.0,)")),
        (lambda: View("a", (2,), 1.0, 0.0), ("low of view 'a'", "above high", "1.0", "0.0")),
        (lambda: View("a", (2,), math.nan), ("low of view 'a'", "above high", "nan", "inf")),
        (
            lambda: View("a", (2,), dtype="float64"),
            ("dtype of view 'a'", "'float32', 'int32', 'uint8'", "'float64'"),
        ),
        (lambda: Continuous(0), ("size of actions", "integer >= 1", "0")),
        (lambda: Continuous(True), ("size of actions", "integer >= 1", "True")),
        (lambda: Discrete(1.5), ("count of actions", "integer >= 1", "1.5")),
        (lambda: WorldSpec("W", (), Continuous(1), 5), ("views of W", "one or more", "()")),
        (
            lambda: WorldSpec("W", (VIEWS[0], VIEWS[0]), Continuous(1), 5),
            ("views of W", "different names", "('place', 'place')"),
        ),
        (
            lambda: dataclasses.replace(SPEC, episode_limit=0),
            ("episode_limit", "integer >= 1", "0"),
        ),
        (
            lambda: dataclasses.replace(SPEC, stepped="vmap"),
            ("stepped of Somewhere-v0", "'jit', 'host'", "'vmap'"),
        ),
        (
            lambda: SPEC.view("vision"),
            ("unknown view 'vision'", "Somewhere-v0", "'place', 'nothing', 'picture', 'number'"),
        ),
        (
            lambda: SPEC.size(("place", "smell")),
            ("unknown view 'smell'", "Somewhere-v0", "'place', 'nothing', 'picture', 'number'"),
        ),
    ],
)
def test_refusals(build, parts):
    refuses(build, *parts)


def test_specs_that_differ_in_how_they_are_stepped_are_equal():
    assert SPEC.stepped == "jit"
    host = dataclasses.replace(SPEC, stepped="host")
    assert host.stepped == "host"
    assert host == SPEC
