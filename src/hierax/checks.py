"""Checks of arguments: one sentence that names what was given and what is allowed."""

from numbers import Real
from typing import Any

import jax
import numpy as np
from jax.core import Tracer


def require_shape(name: str, array: Any, *allowed: tuple[int, ...]) -> None:
    """Raise unless ``array`` has one of the ``allowed`` shapes."""
    shape = np.shape(array)
    if shape not in allowed:
        rule = " or ".join(str(a) for a in allowed)
        raise ValueError(f"{name} has shape {shape}, but must have shape {rule}")


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise unless ``value`` is one of the ``allowed`` words."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {value!r}, but must be one of {', '.join(map(repr, allowed))}")


def positive(name: str, value: Any) -> Any:
    """``value`` as a float, or itself where traced; raise unless it is positive and finite."""
    if isinstance(value, Tracer):
        require_shape(name, value, ())
        return value
    if not _is_real(value) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} is {value!r}, but must be a positive finite number")
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """``value`` as a float; raise unless it is finite and not below 0."""
    if not _is_real(value) or not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} is {value!r}, but must be a finite number not below 0")
    return float(value)


def instance(name: str, value: Any, *kinds: type) -> None:
    """Raise unless ``value`` is one of ``kinds``."""
    if not isinstance(value, kinds):
        allowed = ", ".join(kind.__name__ for kind in kinds)
        is_plain = value is None or isinstance(value, str | Real)
        shown = repr(value)[:60] if is_plain else type(value).__name__
        raise ValueError(f"{name} is {shown}, but must be an instance of {allowed}")


def count(name: str, value: Any, least: int) -> None:
    """Raise unless ``value`` is a whole number not below ``least``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not whole or value < least:
        raise ValueError(f"{name} is {value!r}, but must be a whole number not below {least}")


def index(name: str, value: Any, size: int) -> None:
    """Raise unless ``value`` is a whole number from 0 to ``size`` - 1."""
    count(name, value, 0)
    if value >= size:
        raise ValueError(f"{name} is {value!r}, but must be below {size}")


def _is_real(value: Any) -> bool:
    if isinstance(value, np.ndarray | jax.Array):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, Real) and not isinstance(value, bool)
