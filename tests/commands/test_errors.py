"""Refusals name what is known, and what may have been meant."""

import pytest

from hierax.commands.errors import UsageError, in_one_line, one_line, unknown


@pytest.mark.parametrize(
    ("name", "question"),
    [("hanio", "; did you mean hanoi?"), ("HANOI", "; did you mean hanoi?"), ("xyz", "")],
)
def test_the_closest_name_is_asked_for_where_one_is_close(name, question):
    error = unknown("world", name, iter(["rooms", "hanoi", "hall"]))
    assert isinstance(error, UsageError)
    assert str(error) == f"there is no world {name!r}, but rooms, hanoi, hall{question}"


BOX = """\
╭─ Unrecognized options ───────────────╮
│ Unrecognized options: --slipp, 3     │
│ ──────────────────────────────────── │
│ Arguments similar to --slipp:        │
│     --slip P                         │
│ ──────────────────────────────────── │
│ For full helptext, run hierax --help │
╰──────────────────────────────────────╯
"""
PLAIN = """\
 Unrecognized options
 ----------------------------------------
  Unrecognized options: --slipp, 3
  --------------------------------------
  Arguments similar to --slipp:
      --slip P
"""


@pytest.mark.parametrize("box", [BOX, PLAIN])  # as terminals can show it
def test_a_box_becomes_one_line(box):
    line = "unrecognized options: --slipp, 3; did you mean --slip?; see hierax plan --help"
    assert in_one_line(box, "hierax plan") == line


def test_a_box_without_an_offer_has_none():
    assert in_one_line(PLAIN[:120], "p") == "unrecognized options: --slipp, 3; see p --help"


def test_messages_lose_their_breaks():
    assert one_line(ValueError("one\n  two")) == "one two"
