"""Checks that several worlds share: one sentence that names what was given and the rule."""

import math
from typing import Any, TypeAlias, TypeGuard

import numpy as np

StateIndex: TypeAlias = int | np.integer


def check_below_one(name: str, value: float) -> float:
    """Returns ``value`` as a float; raises ValueError unless it is a number in [0, 1)."""
    if not isinstance(value, int | float | np.number) or not 0.0 <= value < 1.0:
        raise ValueError(f"{name} is {value!r}, but must be a number in [0, 1)")
    return float(value)


def check_state(name: str, state: StateIndex, states: int) -> int:
    """Returns ``state`` as an int; raises ValueError unless it is one of 0 .. states - 1."""
    whole = isinstance(state, int | np.integer) and not isinstance(state, bool)
    if not whole or not 0 <= state < states:
        raise ValueError(f"{name} is {state!r}, but must be a state from 0 to {states - 1}")
    return int(state)


def check_place(name: str, place: Any) -> None:
    """Raises ValueError unless ``place`` is a tuple of two finite numbers, x and y."""
    if not are_finite(place, 2):
        raise ValueError(f"{name} is {place!r}, but must be a tuple of two finite numbers (x, y)")


def are_finite(numbers: Any, count: int) -> TypeGuard[tuple[float, ...]]:
    """Whether ``numbers`` is a tuple of so many finite numbers."""
    plain = isinstance(numbers, tuple) and len(numbers) == count
    return plain and all(_is_number(x) and math.isfinite(x) for x in numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
