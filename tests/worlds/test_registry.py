"""Worlds by name."""

import re

import pytest

from hierax.worlds import make_tabular, tabular_names


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
def test_unknown_names_are_refused_with_a_list_of_all(name):
    with pytest.raises(ValueError, match=re.escape(f"there is no world {name!r}, but ")) as refusal:
        make_tabular(name)
    assert all(known in str(refusal.value) for known in tabular_names())


@pytest.mark.parametrize(
    ("name", "option", "known"),
    [
        ("Hanoi3-v0", "slip", "reward, discount, goal, start, sparse"),
        ("Hanoi3-v0", "discs", "reward, discount, goal, start, sparse"),
        ("WormholeRooms-v0", "size", "goal, start, slip, stay, bump, reward, discount, sparse"),
    ],
)
def test_unknown_options_are_refused_with_a_list_of_all(name, option, known):
    with pytest.raises(ValueError, match=f"^{name} has no option '{option}'; it has {known}$"):
        make_tabular(name, **{option: 1})


def test_values_that_a_world_does_not_allow_are_refused():
    with pytest.raises(ValueError, match="discs is 99, but must be at most 18"):
        make_tabular("Hanoi99-v0")
