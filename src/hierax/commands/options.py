"""Types of the options of a command.

A number on the command line is checked where it is read, against the bound that its option states
here, such as at least 1 for ``--episodes``. A call from Python is checked by the function that it
calls. Actions are checked by the batch of environments that steps them (`hierax.worlds.actions`).

An option that is left out is None, so that a command can refuse one that does not apply.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from tyro.conf import arg
from tyro.constructors import PrimitiveConstructorSpec

T = TypeVar("T")


def number(metavar: str, default: str) -> tuple[Any, ...]:
    """Return marks of a ``float | None``; ``default`` says what holds without the option."""
    return _marks(_real, metavar, default)


def whole_number(metavar: str, default: str | None, least: int | None = None) -> tuple[Any, ...]:
    """Return marks of an ``int | None`` of at least ``least``; required without a ``default``."""
    return _marks(lambda word: _whole(word, least), metavar, default)


def word(*allowed: str, default: str) -> tuple[Any, ...]:
    """Return marks of a ``str | None`` that is one of ``allowed``."""
    return _marks(str, f"{{{','.join(allowed)}}}", default, allowed)


def file_name(name: str) -> str:
    """Return a name of an agent or a world as part of a file's name, without ``/`` and ``:``."""
    return name.replace("/", "-").replace(":", "-")


def _marks(
    read: Callable[[str], T],
    metavar: str,
    default: str | None,
    choices: tuple[str, ...] | None = None,
) -> tuple[Any, ...]:
    spec = PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: read(words[0]),
        is_instance=lambda _: True,
        str_from_instance=lambda value: [str(value)],
        choices=choices,
    )
    hint = "(required)" if default is None else f"[default: {default}]"
    return spec, arg(help_behavior_hint=hint)


def _whole(word: str, least: int | None) -> int:
    rule = "must be an integer" if least is None else f"must be an integer >= {least}"
    try:
        found = int(word) if word.lstrip("+-").isdigit() else float(word)
        if found != int(found):
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"{rule}, got {word!r}") from None
    found = int(found)
    if least is not None and found < least:
        raise ValueError(f"{rule}, got {word!r}")
    return found


def _real(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"must be a number, got {word!r}") from None
