"""How a command says that it cannot do what was asked of it."""

from collections.abc import Iterable
from difflib import SequenceMatcher

ALIKE = 0.6
"""Similarity, from 0 to 1, from which a known name may be the one that was meant."""


class UsageError(Exception):
    """What was asked cannot be done; the message is one sentence for the person who asked.

    `hierax.cli.main` prints it without a traceback and ends with status 2.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a ``name`` that is none of the ``known`` ones, and the closest of them."""
    names = list(known)
    closest = max(names, key=lambda candidate: _likeness(name, candidate))
    question = f"; did you mean {closest}?" if _likeness(name, closest) >= ALIKE else ""
    return UsageError(f"there is no {kind} {name!r}, but {', '.join(names)}{question}")


def in_one_line(box: str, program: str) -> str:
    """What the parser of options complains of in a ``box`` of several lines, as one sentence."""
    lines = [line.strip("│ ") for line in box.splitlines() if line.startswith("│")]
    rule = next((k for k, line in enumerate(lines) if line.startswith("─")), len(lines))
    words = " ".join(" ".join(lines[:rule]).split()).rstrip(".")
    return f"{words[:1].lower()}{words[1:]}; see {program} --help"


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
