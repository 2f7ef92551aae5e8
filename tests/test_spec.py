"""A spec refuses what no world can be, and counts what its views hold."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

from hierax.spec import Continuous, Discrete, GoalSpec, View, WorldSpec
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


PLACE = GoalSpec(achieved="place", radius=2.0, desired="target")
GOALS = WorldSpec(
    "Somewhere-v0",
    (View("place", (2,)), View("height", (1,)), View("target", (2,))),
    Continuous(2),
    50,
    goal=PLACE,
)
SEEN = {
    "place": np.array([[1.0, 0.0], [0.0, 3.0]], np.float32),
    "height": np.array([[5.0], [6.0]], np.float32),
    "target": np.array([[1.0, 0.0], [4.0, 0.0]], np.float32),
}


@pytest.mark.parametrize("of", [np.asarray, jnp.asarray])
def test_goals_of_an_observation(of):
    seen = {name: of(array) for name, array in SEEN.items()}
    achieved, desired = PLACE.achieved_goal(seen), PLACE.desired_goal(seen)
    np.testing.assert_array_equal(achieved, SEEN["place"])
    np.testing.assert_array_equal(desired, SEEN["target"])
    reward = PLACE.reward_of(achieved, desired)
    assert (type(reward), reward.dtype) == (type(of(0.0 * SEEN["place"])), np.float32)
    np.testing.assert_allclose(reward, [-1e-5, -5.0])
    np.testing.assert_array_equal(PLACE.success_of(achieved, desired), [True, False])
    sparse = dataclasses.replace(PLACE, reward="reached")
    np.testing.assert_array_equal(sparse.reward_of(achieved, desired), [1.0, 0.0])
    np.testing.assert_array_equal(PLACE.with_goal(seen, -achieved)["target"], -SEEN["place"])


def test_goals_of_several_views_of_entries_and_relative_ones():
    both = dataclasses.replace(PLACE, achieved=("place", "height"), fixed=(0, 0, 9), desired=None)
    spec = dataclasses.replace(GOALS, goal=both)
    assert spec.goal_size == 3
    np.testing.assert_array_equal(both.achieved_goal(SEEN), [[1, 0, 5], [0, 3, 6]])
    np.testing.assert_array_equal(both.desired_goal(SEEN), [[0, 0, 9], [0, 0, 9]])
    assert both.with_goal(SEEN, np.zeros(3)) == SEEN
    second = dataclasses.replace(both, entries=(1, 3), fixed=(0, 9))
    assert dataclasses.replace(GOALS, goal=second).goal_size == 2
    np.testing.assert_array_equal(second.achieved_goal(SEEN), [[0, 5], [3, 6]])
    relative = dataclasses.replace(PLACE, relative=True)
    np.testing.assert_array_equal(relative.desired_goal(SEEN), [[2, 0], [4, 3]])
    again = relative.with_goal(SEEN, relative.desired_goal(SEEN))
    np.testing.assert_array_equal(again["target"], SEEN["target"])


def test_specs_with_other_goals_differ():
    assert GOALS.goal_size == 2
    assert SPEC.goal_size == 0
    assert dataclasses.replace(GOALS, goal=None) != GOALS
    assert hash(dataclasses.replace(GOALS)) == hash(GOALS)


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (lambda: dataclasses.replace(PLACE, reward="far"), ("reward", "'distance'", "'far'")),
        (lambda: dataclasses.replace(PLACE, radius=0.0), ("radius", "> 0", "0.0")),
        (lambda: dataclasses.replace(PLACE, fixed=(0, 0)), ("desired", "fixed", "(0, 0)")),
        (lambda: dataclasses.replace(PLACE, desired=None), ("desired=None", "fixed=None")),
        (lambda: with_goal(desired="place9"), ("'place9'", "'place', 'height'")),
        (lambda: with_goal(desired="height"), ("goal of Somewhere-v0", "1 and 2")),
        (lambda: with_goal(entries=(2, 4)), ("goal of Somewhere-v0", "2 and 0")),
        (lambda: with_goal(reward=None).goal.reward_of(1, 1), ("reward", "more than")),
    ],
)
def test_goals_that_do_not_fit_are_refused(build, parts):
    refuses(build, *parts)


def with_goal(**changes):
    return dataclasses.replace(GOALS, goal=dataclasses.replace(PLACE, **changes))
