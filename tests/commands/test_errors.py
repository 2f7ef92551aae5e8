"""Refusals name what is known, and what may have been meant."""

import pytest

from hierax.commands.errors import UsageError, unknown


@pytest.mark.parametrize(
    ("name", "question"),
    [("hanio", "; did you mean hanoi?"), ("HANOI", "; did you mean hanoi?"), ("xyz", "")],
)
def test_the_closest_name_is_asked_for_where_one_is_close(name, question):
    error = unknown("world", name, iter(["rooms", "hanoi", "hall"]))
    assert isinstance(error, UsageError)
    assert str(error) == f"there is no world {name!r}, but rooms, hanoi, hall{question}"
