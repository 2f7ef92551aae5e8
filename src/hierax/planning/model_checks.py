"""Checks of tables and distributions that are given to planners.

Shapes are always checked. Values are checked only where they are concrete: a tracer has none.
"""

from typing import Any

import numpy as np

from hierax.checks import require_shape
from hierax.planning.engine import Array, as_array, is_traced

SUM_TOLERANCE = 1e-8


def numeric(name: str, value: Any, dtype: Any = np.float64) -> Array:
    """``value`` as an array, with an error that names it where it is not numeric."""
    try:
        return as_array(value, dtype)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is {type(value).__name__} {str(value)[:40]!r}, but must be an array of real "
            "numbers"
        ) from None


def first(mask: Any) -> tuple[int, ...]:
    """The index of the first true entry of a concrete ``mask``."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(mask), np.shape(mask)))


def require_finite(name: str, array: Array, axes: tuple[str, ...]) -> None:
    """Raise where a concrete ``array`` is not finite, naming the entry by its ``axes``."""
    if is_traced(array) or np.isfinite(array).all():
        return
    index = first(~np.isfinite(np.asarray(array)))
    raise ValueError(
        f"{name} at {place(axes, index)} is {np.asarray(array)[index]}, but must be finite"
    )


def place(axes: tuple[str, ...], index: tuple[int, ...]) -> str:
    """Words for an index, such as ``state 3, action 1``."""
    return ", ".join(f"{axis} {i}" for axis, i in zip(axes, index, strict=True))


def distribution(name: str, value: Any, states: int) -> Array:
    """A distribution over ``states`` from ``None`` (uniform), a state index or an array."""
    if value is None:
        return np.full(states, 1.0 / states)
    array = numeric(name, value)
    if array.ndim == 0:
        return _one_hot(name, value, states)
    require_shape(name, array, (states,))
    if is_traced(array):
        return array
    require_finite(name, array, ("state",))
    if (array < 0).any():
        index = first(array < 0)
        raise ValueError(
            f"{name} gives state {index[0]} probability {array[index]}, but must not be negative"
        )
    if abs(array.sum() - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"{name} sums to {array.sum():.12g}, but must sum to 1 within 1e-8")
    return array.copy()


def _one_hot(name: str, value: Any, states: int) -> Array:
    index = value if is_traced(value) else np.asarray(value)
    whole = index.dtype.kind in "iu"
    if not whole or not (is_traced(index) or 0 <= index < states):
        raise ValueError(
            f"{name} is {value!r}, but must be a state index from 0 to {states - 1} "
            f"or a distribution of shape ({states},)"
        )
    return as_array(np.arange(states) == index)


def policy_table(name: str, policy: Any, available: Array) -> Array:
    """A stochastic policy ``(S, A)``: rows sum to 1 and unavailable pairs have probability 0."""
    array = numeric(name, policy)
    require_shape(name, array, np.shape(available))
    if is_traced(array, available):
        return array
    require_finite(name, array, ("state", "action"))
    for mask, rule in (
        (array < 0, "must not be negative"),
        ((array > 0) & ~available, "that action is not available there, so it must be 0"),
    ):
        if mask.any():
            index = first(mask)
            where = place(("state", "action"), index)
            raise ValueError(f"{name} at {where} is {array[index]:.12g}, but {rule}")
    sums = array.sum(axis=1)
    wrong = np.abs(sums - 1.0) > SUM_TOLERANCE
    if wrong.any():
        (state,) = first(wrong)
        raise ValueError(
            f"{name} at state {state} sums to {sums[state]:.12g}, but must sum to 1 within 1e-8"
        )
    return array


def interior_policy(name: str, policy: Any, available: Array) -> Array:
    """A policy that gives every available action a positive probability."""
    array = policy_table(name, policy, available)
    if (array[available] <= 0).any():
        state, action = first((array <= 0) & available)
        raise ValueError(
            f"{name} at state {state}, action {action} is 0, but every available action must have "
            "a positive probability here"
        )
    return array


def probabilities(name: str, array: Array, axes: tuple[str, ...]) -> None:
    """Raise where a concrete ``array`` leaves [0, 1], naming the entry by its ``axes``."""
    if is_traced(array):
        return
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        index = first(wrong)
        where = f" at {place(axes, index)}" if index else ""
        raise ValueError(f"{name}{where} is {array[index]}, but must be in [0, 1]")


def state_values(name: str, value: Any, states: int) -> Array:
    """A finite value for each state ``(S,)``."""
    array = numeric(name, value)
    require_shape(name, array, (states,))
    require_finite(name, array, ("state",))
    return array
