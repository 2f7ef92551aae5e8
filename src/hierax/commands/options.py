"""Marks for the options of a command that know whether they were given.

An option that is left out is None, so that a command can refuse one that does not apply.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from tyro.conf import arg
from tyro.constructors import PrimitiveConstructorSpec

T = TypeVar("T")


def number(metavar: str, default: str) -> tuple[Any, ...]:
    """Marks of a ``float | None``; ``default`` tells in words what holds without it."""
    return _marks(_real, metavar, default)


def whole_number(metavar: str, default: str | None) -> tuple[Any, ...]:
    """Marks of an ``int | None``, or of an ``int`` that must be given where there is no default."""
    return _marks(_whole, metavar, default)


def word(*allowed: str, default: str) -> tuple[Any, ...]:
    """Marks of a ``str | None`` that is one of ``allowed``."""
    return _marks(str, f"{{{','.join(allowed)}}}", default, allowed)


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


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{word!r} is given, but it must be a whole number") from None


def _real(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word!r} is given, but it must be a number") from None
