"""Checks of arguments that several worlds share."""

import math
from typing import Any, TypeAlias, TypeGuard

import numpy as np

StateIndex: TypeAlias = int | np.integer


def check_below_one(name: str, value: float) -> float:
    """Return ``value`` as a float; raise ValueError unless it is a number in [0, 1)."""
    if not isinstance(value, int | float | np.number) or not 0.0 <= value < 1.0:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
    return float(value)


def check_state(name: str, state: StateIndex, states: int) -> int:
    """Return ``state`` as an int; raise ValueError unless it is one of 0, ..., states - 1."""
    whole = isinstance(state, int | np.integer) and not isinstance(state, bool)
    if not whole or not 0 <= state < states:
        raise ValueError(f"{name} must be a state from 0 to {states - 1}, got {state!r}")
    return int(state)


def check_position(name: str, position: Any) -> None:
    """Raise ValueError unless ``position`` is a tuple of two finite numbers, x and y."""
    if not are_finite(position, 2):
        raise ValueError(f"{name} must be a tuple of two finite numbers (x, y), got {position!r}")


def are_finite(numbers: Any, count: int) -> TypeGuard[tuple[float, ...]]:
    """Return whether ``numbers`` is a tuple of ``count`` finite numbers."""
    has_count = isinstance(numbers, tuple) and len(numbers) == count
    return has_count and all(_is_number(x) and math.isfinite(x) for x in numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
