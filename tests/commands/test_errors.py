"""Errors of commands are one line, and name what may have been meant."""

import pytest

from hierax.commands.errors import UsageError, one_line, unknown


@pytest.mark.parametrize(
    ("name", "end"), [("hanio", "; did you mean 'hanoi'?"), ("xyz", "; known: rooms, hanoi")]
)
def test_an_unknown_name_comes_with_the_nearest_or_with_all(name, end):
    error = unknown("world", name, iter(["rooms", "hanoi"]))
    assert isinstance(error, UsageError)
    assert str(error) == f"unknown world {name!r}{end}"


def test_messages_lose_their_breaks():
    assert one_line(ValueError("one\n  two")) == "one two"
