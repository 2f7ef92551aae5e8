"""Lists of names in columns."""

from hierax.commands.catalogue import OTHER_WORLDS, WORLDS, listing
from hierax.worlds import make_tabular


def test_a_listing_has_two_columns():
    assert listing({"a": "first", "long": "second"}, indent="> ") == "> a     first\n> long  second"


def test_worlds_are_what_their_line_says():
    for name, summary in WORLDS.items():
        world = make_tabular(name)
        if name.startswith("Hanoi"):
            assert world.mdp.states == 3 ** int(summary.split()[-2])
        else:
            assert world.free.shape == (13, 13)
            assert sum(mark.endswith("door") for mark in world.marks) == 4
    assert "Hanoi{n}-v0" in OTHER_WORLDS
