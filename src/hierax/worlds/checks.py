"""Checks that several worlds share: one sentence that names what was given and the rule."""

import math
from typing import Any, TypeAlias

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
    plain = isinstance(place, tuple) and len(place) == 2
    if not plain or not all(isinstance(x, int | float) and math.isfinite(x) for x in place):
        raise ValueError(f"{name} is {place!r}, but must be a tuple of two finite numbers (x, y)")
