"""How a command says that it cannot do what was asked of it."""

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """What was asked cannot be done; the message is one sentence for the person who asked.

    `hierax.cli.main` prints it without a traceback and ends with status 2.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a ``name`` that is none of the ``known`` ones, with those that come close."""
    names = list(known)
    return UsageError(f"there is no {kind} {name!r}{nearest(name, names)} ({', '.join(names)})")


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns ``"; did you mean ...?"`` with the known names closest to ``name``, or nothing."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower_case)
    names = " or ".join(by_lower_case[match] for match in close)
    return f"; did you mean {names}?" if close else ""
