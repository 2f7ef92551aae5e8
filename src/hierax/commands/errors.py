"""Errors that end a command, each one line."""

from collections.abc import Iterable

from hierax import registry


class UsageError(ValueError):
    """A request that cannot be fulfilled; the message is one sentence.

    `hierax.cli.main` prints it without a traceback and exits with status 2.
    """


class RunError(Exception):
    """Work that was begun and failed; the message is one sentence.

    `hierax.cli.main` prints it without a traceback and exits with status 1.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a ``name`` that is not ``known``, with the nearest one that is."""
    return UsageError(registry.unknown(kind, name, known))


def one_line(message: Exception | str) -> str:
    """Return a message without line breaks."""
    return " ".join(str(message).split())
