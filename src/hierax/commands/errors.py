"""How a command says that it cannot do what was asked of it."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_RULE = re.compile(r"[╭╰]|─{4}|-{4}")
_SIMILAR = re.compile(r"(?:similar to \S+|you meant:) (--[\w-]+)")
ALIKE = 0.6
"""Similarity, from 0 to 1, from which a known name may be the one that was meant."""


class UsageError(Exception):
    """What was asked cannot be done; the message is one sentence for the person who asked.

    `hierax.cli.main` prints it without a traceback and ends with status 2.
    """


class RunError(Exception):
    """What was asked was begun and came to no good end; the message is one sentence.

    `hierax.cli.main` prints it without a traceback and ends with status 1.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a ``name`` that is none of the ``known`` ones, and the closest of them."""
    names = list(known)
    closest = nearest(name, names)
    question = f"; did you mean {closest}?" if closest else ""
    return UsageError(f"there is no {kind} {name!r}, but {', '.join(names)}{question}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of the ``known`` names that is most like ``name``, or None where none is alike."""
    closest = max(known, key=lambda candidate: _likeness(name, candidate))
    return closest if _likeness(name, closest) >= ALIKE else None


def one_line(message: Exception | str) -> str:
    """A message without breaks."""
    return " ".join(str(message).split())


def in_one_line(box: str, program: str) -> str:
    """What the parser of options complains of in a ``box`` of several lines, as one sentence."""
    lines = [line.strip("│ ") for line in box.splitlines()]
    # The top of the box, or a rule below a title, stands above what is complained of.
    rules = [k for k, line in enumerate(lines) if _RULE.match(line)] + 2 * [len(lines)]
    words = " ".join(" ".join(lines[rules[0] + 1 : rules[1]]).split()).rstrip(".")
    similar = _SIMILAR.search(" ".join(" ".join(lines[rules[1] :]).split()))
    question = f"; did you mean {similar[1]}?" if similar else ""
    return f"{words[:1].lower()}{words[1:]}{question}; see {program} --help"


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
