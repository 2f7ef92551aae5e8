"""Pages of help: one screen with the options that matter most, and a page with all of them."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 80, 40
"""Columns and lines of a screen."""
_MARGIN = "  "
_LONGEST = 24
"""Most characters of a default on a screen."""
_MOST_VALUES = 32
"""Most characters of the values of an option on a screen."""


class Row(NamedTuple):
    """An option in a page of help.

    Attributes:
        name: how it is written, such as ``--agent.tau``.
        values: what follows it, such as ``FLOAT``.
        text: what it means.
        default: what holds without it, in brackets; empty if nothing is to be said.
        negative: how a switch is turned off, such as ``--agent.no-identity``.
    """

    name: str
    values: str
    text: str
    default: str
    negative: str = ""

    @property
    def head(self) -> str:
        """The name and what follows it."""
        return f"{_MARGIN}{self.name} {self.values}".rstrip()


class Group(NamedTuple):
    """Options on one subject, the most important ones first.

    Attributes:
        title: the subject.
        rows: the options.
    """

    title: str
    rows: Sequence[Row]


def screen(above: str, first: Group, groups: Sequence[Group], below: str) -> str:
    """Return a page of at most `HEIGHT` lines, if it need not name hundreds of options.

    Each option of ``first`` has a line. Of the other groups, as many have one as the page holds,
    in turn; the rest are named.
    """
    shown = [0] * len(groups)
    for number in range(max((len(group.rows) for group in groups), default=0)):
        for place, group in enumerate(groups):
            more = [*shown[:place], number + 1, *shown[place + 1 :]]
            is_next = shown[place] == number < len(group.rows)
            if is_next and _screen(above, first, groups, more, below).count("\n") <= HEIGHT:
                shown = more
    return _screen(above, first, groups, shown, below)


def complete(above: str, groups: Sequence[Group], below: str) -> str:
    """Return the page with every option and its whole text."""
    parts = ["\n".join([f"{group.title}:", *map(_whole, group.rows)]) for group in groups]
    return "\n\n".join([above.strip("\n"), *parts, below.strip("\n")]) + "\n"


def _screen(
    above: str, first: Group, groups: Sequence[Group], shown: Sequence[int], below: str
) -> str:
    counted = [(first, len(first.rows)), *zip(groups, shown, strict=True)]
    lines = [line for group, count in counted for line in _short(group, count)]
    return "\n".join([above.strip("\n"), "", *lines, "", below.strip("\n")]) + "\n"


def _short(group: Group, count: int) -> list[str]:
    """Return the lines of a group on a screen: one for each of its first options, then names."""
    rows = [_with_short_values(row) for row in group.rows[:count]]
    width = max((len(row.head) for row in rows), default=0) + len(_MARGIN)
    lines = [f"{group.title}:", *(_line(row, width) for row in rows)]
    names = [row.name.rpartition(".")[2] for row in group.rows[count:]]
    if not names:
        return lines
    if count:
        return [*lines, *wrapped(f"also {', '.join(names)}", _MARGIN)]
    return [*lines, *wrapped(", ".join([group.rows[0].name, *names[1:]]), _MARGIN)]


def _with_short_values(row: Row) -> Row:
    """Return an option with as many of its choices as there is room for."""
    if len(row.values) <= _MOST_VALUES:
        return row
    return row._replace(values=f"{row.values[:_MOST_VALUES].rpartition('|')[0]}|…")


def _line(row: Row, width: int) -> str:
    default = row.default
    if len(default) > _LONGEST:
        default = f"{default[: _LONGEST - 2]}…]"
    text = _fitting(row.text, WIDTH - width - len(default) - 1)
    return f"{row.head:{width}}{text} {default}".rstrip()


def _fitting(text: str, room: int) -> str:
    """Return the first sentence of a text, or as much of it as there is room for."""
    sentence = text.partition(". ")[0].rstrip(".")
    clause = sentence.partition("; ")[0]
    if len(sentence) > room and " " in clause:
        sentence = clause
    return textwrap.shorten(sentence, max(room, 1), placeholder="…")


def _whole(row: Row) -> str:
    head = f"{row.head}, {row.negative}" if row.negative else row.head
    if len(head) + len(row.default) < WIDTH:
        return "\n".join([f"{head} {row.default}".rstrip(), *wrapped(row.text, 3 * _MARGIN)])
    return "\n".join([head, *wrapped(f"{row.text} {row.default}", 3 * _MARGIN)])


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return the lines of a text that fit a screen."""
    shape = textwrap.TextWrapper(WIDTH, initial_indent=indent, subsequent_indent=indent)
    shape.break_on_hyphens = shape.break_long_words = False
    return shape.wrap(text)
