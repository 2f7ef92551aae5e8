"""Checks of arguments: a ValueError `{name} must be {rule}, got {value}` where a rule is broken."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

import jax
import numpy as np
from jax.core import Tracer


def require_shape(name: str, array: Any, *allowed: tuple[int, ...]) -> None:
    """Raise unless ``array`` has one of the ``allowed`` shapes."""
    shape = np.shape(array)
    if shape not in allowed:
        raise ValueError(f"{name} must have shape {either(map(str, allowed))}, got {shape}")


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise unless ``value`` is one of the ``allowed`` words."""
    if not isinstance(value, str) or value not in allowed:
        words = ", ".join(map(repr, allowed))
        raise ValueError(f"{name} must be one of {words}, got {value!r}")


def positive(name: str, value: Any) -> Any:
    """Return ``value`` as a float, a tracer unchanged; raise unless it is positive and finite."""
    if isinstance(value, Tracer):
        require_shape(name, value, ())
        return value
    if not _is_real(value) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a finite number > 0, got {value!r}")
    return float(value)


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a float; raise unless it is finite."""
    if not _is_real(value) or not np.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """Return ``value`` as a float; raise unless it is finite and at least 0."""
    if not _is_real(value) or not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number >= 0, got {value!r}")
    return float(value)


def share(name: str, value: Any) -> float:
    """Return ``value`` as a float; raise unless it is in [0, 1]."""
    if not _is_real(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}")
    return float(value)


def positive_share(name: str, value: Any) -> float:
    """Return ``value`` as a float; raise unless it is in (0, 1]."""
    if not _is_real(value) or not 0 < value <= 1:
        raise ValueError(f"{name} must be in (0, 1], got {value!r}")
    return float(value)


def discount(name: str, value: Any) -> float:
    """Return ``value`` as a float; raise unless it is in [0, 1)."""
    if not _is_real(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
    return float(value)


def instance(name: str, value: Any, *kinds: type) -> None:
    """Raise unless ``value`` is an instance of one of ``kinds``."""
    if not isinstance(value, kinds):
        allowed = either(kind.__name__ for kind in kinds)
        is_short = value is None or isinstance(value, str | Real)
        shown = repr(value)[:60] if is_short else type(value).__name__
        if isinstance(value, type):
            shown = f"the class {value.__name__}"
        raise ValueError(f"{name} must be of type {allowed}, got {shown}")


def count(name: str, value: Any, least: int) -> None:
    """Raise unless ``value`` is an integer of at least ``least``."""
    if not _is_integer(value) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def hidden_sizes(value: Any, name: str = "hidden_sizes") -> None:
    """Raise unless ``value`` is a tuple of at least one number of units."""
    instance(name, value, tuple)
    if not value:
        raise ValueError(f"{name} must name the units of at least one layer, got ()")
    for units in value:
        count(name, units, 1)


def index(name: str, value: Any, size: int) -> None:
    """Raise unless ``value`` is an integer from 0 to ``size`` - 1."""
    if not _is_integer(value) or not 0 <= value < size:
        raise ValueError(f"{name} must be an integer from 0 to {size - 1}, got {value!r}")


def either(names: Iterable[str]) -> str:
    """Return names as ``A``, ``A or B`` or ``A, B or C``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)


def _is_real(value: Any) -> bool:
    if isinstance(value, np.ndarray | jax.Array):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, Real) and not isinstance(value, bool)
