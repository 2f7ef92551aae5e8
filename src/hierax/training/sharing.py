"""Objects that hold compiled functions, shared by equal trainings of one process.

The second training of an equal agent in an equal world compiles nothing. Two trainings are equal if
they are made of equal values that cannot change: numbers, words, functions, classes, and tuples and
frozen dataclasses of these. All others compile their own functions.
"""

import dataclasses
import enum
import functools
import types
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
KEPT = 16
"""Number of objects that are kept, the last used ones."""
_PLAIN = (
    int, float, str, bytes, types.NoneType, types.FunctionType, types.BuiltinFunctionType, type,
    enum.Enum, np.dtype, np.generic,
)  # fmt: skip


def shared(kind: Callable[..., T], *parts: Any) -> T:
    """Return ``kind(*parts)``; the same object for equal parts that cannot change.

    Args:
        kind: a class whose objects keep nothing between two uses but compiled functions.
        *parts: its arguments.
    """
    if not all(map(cannot_change, parts)):
        return kind(*parts)
    # Values may be equal and differ all the same, such as 1, 1.0 and True.
    return _kept(kind, parts, repr(parts))


def cannot_change(value: Any) -> bool:
    """Return whether ``value`` is made of what cannot change."""
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, tuple | frozenset):
        return all(map(cannot_change, value))
    parameters = getattr(type(value), "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return False
    fields = (getattr(value, field.name) for field in dataclasses.fields(value))
    return type(value).__hash__ is not None and all(map(cannot_change, fields))


@functools.lru_cache(maxsize=KEPT)
def _kept(kind: Callable[..., Any], parts: tuple[Any, ...], written: str) -> Any:
    del written
    return kind(*parts)
