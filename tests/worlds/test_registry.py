"""Worlds by name."""

import re

import pytest

from hierax.worlds import ActingWorld, PointCross, make, make_tabular, tabular_names, world_names


def test_names_are_those_of_their_worlds():
    names = tabular_names()
    assert names == ("Hanoi3-v0", "Hanoi4-v0", "Hanoi5-v0", "FourRooms-v0", "WormholeRooms-v0")
    assert tuple(make_tabular(name).name for name in names) == names


@pytest.mark.parametrize("discs", [1, 2, 8])
def test_any_number_of_discs(discs):
    world = make_tabular(f"Hanoi{discs}-v0")
    assert world.name == f"Hanoi{discs}-v0"
    assert world.mdp.states == 3**discs


def test_options_reach_the_world():
    world = make_tabular("FourRooms-v0", size=20, slip=0.1, bump=True, reward="goal", discount=0.9)
    assert (world.mdp.states, world.reward, world.discount) == (17**2 + 4, "goal", 0.9)
    assert make_tabular("Hanoi3-v0", goal=(1, 1, 1)).goal == 13


@pytest.mark.parametrize(
    "name",
    ["", "Hanoi", "Hanoi-v0", "Hanoi0-v0", "Hanoi03-v0", "Hanoi3-v1", "fourrooms-v0", 3, None],
)
def test_unknown_names_are_refused_with_the_nearest_or_with_all(name):
    with pytest.raises(
        ValueError, match=re.escape(f"unknown world to plan in {name!r}; ")
    ) as error:
        make_tabular(name)
    message = str(error.value)
    near = [known for known in tabular_names() if f"did you mean '{known}'?" in message]
    assert near or all(known in message for known in (*tabular_names(), "Hanoi{n}-v0"))


@pytest.mark.parametrize(
    ("name", "option", "known"),
    [
        ("Hanoi3-v0", "slip", "reward, discount, goal, start, sparse"),
        ("WormholeRooms-v0", "size", "goal, start, slip, stay, bump, reward, discount, sparse"),
    ],
)
def test_unknown_options_are_refused_with_a_list_of_all(name, option, known):
    sentence = f"unknown option of {name} '{option}'; known: {known}"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make_tabular(name, **{option: 1})


def test_what_the_name_sets_is_no_option():
    for build in (make, make_tabular):
        with pytest.raises(ValueError, match="unknown option of Hanoi3-v0 'discs'"):
            build("Hanoi3-v0", discs=3)


def test_an_unknown_option_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="option of FourRooms-v0 'slp'; did you mean 'slip'"):
        make_tabular("FourRooms-v0", slp=0.1)


def test_values_that_a_world_does_not_allow_are_refused():
    with pytest.raises(ValueError, match="discs must be at most 18, got 99"):
        make_tabular("Hanoi99-v0")


def test_names_of_worlds_to_act_in_are_those_of_their_specs():
    names = world_names()
    assert len(set(names)) == len(names)
    assert set(tabular_names()) <= set(names)
    assert tuple(make(name).spec.name for name in names) == names


def test_options_are_fields_of_the_world():
    assert make("PointCross-v0", goal=(12.0, 0.0)) == PointCross(goal=(12.0, 0.0))
    rooms = make("FourRooms-v0", episode_limit=30, reward="terminal")
    assert isinstance(rooms, ActingWorld)
    assert (rooms.spec.episode_limit, rooms.tabular.reward) == (30, "terminal")
    assert make("Hanoi2-v0").spec.view("state").high == 8


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PointCros-v0", "PointCross-v0"),
        ("pointmaze", "PointMaze-v0"),
        ("FourRoom-v0", "FourRooms-v0"),
        ("SpinCross-v1", "SpinCross-v0"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_ones(name, nearest):
    sentence = f"unknown world {name!r}; did you mean {nearest!r}?"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make(name)


@pytest.mark.parametrize("name", ["", "zzz", 3, None])
def test_a_name_like_none_is_refused_with_a_list_of_all(name):
    with pytest.raises(ValueError, match=re.escape(f"unknown world {name!r}; known: ")) as refusal:
        make(name)
    assert all(known in str(refusal.value) for known in world_names())


@pytest.mark.parametrize(
    ("name", "option", "known"),
    [
        ("PointCross-v0", "period", "goal, goal_radius, episode_limit"),
        ("SpinSpeed-v0", "goal", "episode_limit, period"),
        ("Hanoi3-v0", "slip", "reward, discount, goal, start, sparse, episode_limit"),
    ],
)
def test_options_that_a_world_to_act_in_lacks_are_refused(name, option, known):
    sentence = f"unknown option of {name} '{option}'; known: {known}"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make(name, **{option: 1})
