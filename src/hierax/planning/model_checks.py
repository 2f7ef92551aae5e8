"""Checks of the tables and distributions that planners take.

Shapes are always checked. Values are checked only where they are concrete: a tracer has none. Where
an entry breaks a rule, the error is `{name} must be {rule}, got {value} at {place}`.
"""

from typing import Any

import numpy as np

from hierax.checks import require_shape
from hierax.planning.backend import Array, as_array, is_traced

SUM_TOLERANCE = 1e-8


def numeric(name: str, value: Any, dtype: Any = np.float64) -> Array:
    """Return ``value`` as an array; raise where it is not numeric."""
    try:
        return as_array(value, dtype)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be an array of real numbers, got {type(value).__name__} "
            f"{str(value)[:40]!r}"
        ) from None


def first(mask: Any) -> tuple[int, ...]:
    """Return the index of the first true entry of a concrete ``mask``."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(mask), np.shape(mask)))


def require_finite(name: str, array: Array, axes: tuple[str, ...]) -> None:
    """Raise where a concrete ``array`` is not finite, naming the entry by its ``axes``."""
    if is_traced(array) or np.isfinite(array).all():
        return
    index = first(~np.isfinite(np.asarray(array)))
    value = np.asarray(array)[index]
    raise ValueError(f"{name} must be finite, got {value} at {place(axes, index)}")


def place(axes: tuple[str, ...], index: tuple[int, ...]) -> str:
    """Return an index in words, such as ``state 3, action 1``."""
    return ", ".join(f"{axis} {i}" for axis, i in zip(axes, index, strict=True))


def distribution(name: str, value: Any, states: int) -> Array:
    """Return a distribution over states ``(S,)`` from None (uniform), a state index or an array."""
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
        raise ValueError(f"{name} must not be negative, got {array[index]} at state {index[0]}")
    if abs(array.sum() - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"{name} must sum to 1 within 1e-8, got {array.sum():.12g}")
    return array.copy()


def _one_hot(name: str, value: Any, states: int) -> Array:
    index = value if is_traced(value) else np.asarray(value)
    whole = index.dtype.kind in "iu"
    if not whole or not (is_traced(index) or 0 <= index < states):
        raise ValueError(
            f"{name} must be a state index from 0 to {states - 1} or a distribution of shape "
            f"({states},), got {value!r}"
        )
    return as_array(np.arange(states) == index)


def policy_table(name: str, policy: Any, available: Array) -> Array:
    """Return a stochastic policy ``(S, A)``.

    Its rows sum to 1, and unavailable pairs have probability 0.
    """
    array = numeric(name, policy)
    require_shape(name, array, np.shape(available))
    if is_traced(array, available):
        return array
    require_finite(name, array, ("state", "action"))
    for mask, rule in (
        (array < 0, "must not be negative"),
        ((array > 0) & ~available, "must be 0 where the action is not available"),
    ):
        if mask.any():
            index = first(mask)
            where = place(("state", "action"), index)
            raise ValueError(f"{name} {rule}, got {array[index]:.12g} at {where}")
    sums = array.sum(axis=1)
    wrong = np.abs(sums - 1.0) > SUM_TOLERANCE
    if wrong.any():
        (state,) = first(wrong)
        raise ValueError(
            f"{name} must sum to 1 within 1e-8, got {sums[state]:.12g} at state {state}"
        )
    return array


def interior_policy(name: str, policy: Any, available: Array) -> Array:
    """Return a policy ``(S, A)`` that gives every available action a positive probability."""
    array = policy_table(name, policy, available)
    if (array[available] <= 0).any():
        state, action = first((array <= 0) & available)
        raise ValueError(
            f"{name} must give every available action a positive probability, got 0 at "
            f"state {state}, action {action}"
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
        raise ValueError(f"{name} must be in [0, 1], got {array[index]}{where}")


def state_values(name: str, value: Any, states: int) -> Array:
    """Return a finite value for each state ``(S,)``."""
    array = numeric(name, value)
    require_shape(name, array, (states,))
    require_finite(name, array, ("state",))
    return array
