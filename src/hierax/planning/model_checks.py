"""Checks of the tables and distributions that planners take.

Shapes are always checked. Values are checked only where they are concrete: a tracer has none. Where
an entry breaks a rule, the error is `{name} must be {rule}, got {value} at {place}`.

Probabilities are rounded numbers, so each check allows the rounding error of the type that was
given (`rounding_of`). A negative entry within this error becomes 0. Rows of a type less precise
than float64 are divided by their sums; rows in float64 stay as they are.
"""

from typing import Any, NamedTuple

import numpy as np

from hierax.checks import require_shape
from hierax.planning.axis_order import require_axes
from hierax.planning.backend import Array, as_array, is_traced


class Rounding(NamedTuple):
    """The rounding errors that checks allow: of a sum of probabilities, and of one probability."""

    total: float
    entry: float


DOUBLE = Rounding(1e-8, 1e-12)
IMPRECISE = {4: Rounding(1e-5, 1e-6), 2: Rounding(1e-2, 1e-3)}
"""By the bytes of a floating-point number."""


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
    cure = ""
    if value == -np.inf and "action" in axes:
        cure = ": use available to say that a state does not have an action"
    raise ValueError(f"{name} must be finite, got {value} at {place(axes, index)}{cure}")


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
    return stochastic(name, value, array, ("state",)).copy()


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
    """Return a stochastic policy ``(S, A)`` from a table or from indices of actions ``(S,)``.

    Its rows sum to 1, and unavailable pairs have probability 0.
    """
    array = numeric(name, policy)
    if array.ndim == 1 and holds_integers(policy):
        require_shape(name, array, np.shape(available)[:1])
        array = one_hot(name, policy, np.shape(available)[1], ("state",))
    require_axes(name, array, np.shape(available), "SA")
    if is_traced(array, available):
        return array
    require_finite(name, array, ("state", "action"))
    taken = (array > 0) & ~available
    if taken.any():
        index = first(taken)
        raise ValueError(
            f"{name} must be 0 where the action is not available, got {array[index]:.12g} at "
            f"{place(('state', 'action'), index)}"
        )
    return stochastic(name, policy, array, ("state", "action"))


def holds_integers(value: Any) -> bool:
    """Return whether ``value``, an array or nested sequence of numbers, holds integers only."""
    return (value if hasattr(value, "dtype") else np.asarray(value)).dtype.kind in "iu"


def one_hot(name: str, indices: Any, actions: int, axes: tuple[str, ...]) -> Array:
    """Return a deterministic policy ``(..., A)`` from indices of actions ``(...)``."""
    chosen = indices if is_traced(indices) else np.asarray(indices)
    if not is_traced(chosen):
        wrong = (chosen < 0) | (chosen >= actions)
        if wrong.any():
            index = first(wrong)
            raise ValueError(
                f"{name} must have indices of actions from 0 to {actions - 1}, got {chosen[index]} "
                f"at {place(axes, index)}"
            )
    return as_array(chosen[..., None] == np.arange(actions))


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


def rounding_of(value: Any) -> Rounding:
    """Return the rounding errors of the type of ``value``.

    Integers have those of float64. A sequence is as imprecise as its least precise element.
    """
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return DOUBLE if dtype.kind in "biu" else IMPRECISE.get(dtype.itemsize, DOUBLE)
    if isinstance(value, list | tuple) and value:
        return max(map(rounding_of, value))
    return DOUBLE


def stochastic(name: str, value: Any, table: Array, axes: tuple[str, ...]) -> Array:
    """Return probabilities whose last axis sums to 1, from a finite ``table`` read from ``value``.

    Raises:
        ValueError: if a sum or an entry is off by more than the rounding of the type of ``value``.
    """
    rounding = rounding_of(value)
    if table.min() < 0:
        wrong = table < -rounding.entry
        if wrong.any():
            index = first(wrong)
            where = place(axes, index)
            raise ValueError(f"{name} must not be negative, got {table[index]} at {where}")
        table = np.maximum(table, 0.0)
    sums = table.sum(axis=-1)
    off = np.abs(sums - 1.0)
    if off.max() > rounding.total:
        index = first(off > rounding.total)
        raise ValueError(wrong_sum(name, sums[index], rounding, place(axes[:-1], index)))
    return table if rounding is DOUBLE else table / sums[..., None]


def wrong_sum(name: str, total: Any, rounding: Rounding, where: str) -> str:
    """Return the error for probabilities that sum to ``total``, with the cure for a small error."""
    cure = ": divide each row by its sum" if abs(total - 1.0) < 1e-3 else ""
    at = f" at {where}" if where else ""
    return f"{name} must sum to 1 within {_power(rounding.total)}, got {total:.12g}{at}{cure}"


def _power(number: float) -> str:
    """Return a power of ten as in ``1e-8``."""
    return f"{number:.0e}".replace("e-0", "e-")


def probabilities(name: str, value: Any, array: Array, axes: tuple[str, ...]) -> Array:
    """Return ``array`` in [0, 1] without the rounding errors of the type of ``value``."""
    if is_traced(array):
        return array
    rounding = rounding_of(value).entry
    wrong = ~((array >= -rounding) & (array <= 1 + rounding))
    if wrong.any():
        index = first(wrong)
        where = f" at {place(axes, index)}" if index else ""
        raise ValueError(f"{name} must be in [0, 1], got {array[index]}{where}")
    return np.asarray(np.clip(array, 0.0, 1.0))


def state_values(name: str, value: Any, states: int) -> Array:
    """Return a finite value for each state ``(S,)``."""
    array = numeric(name, value)
    require_shape(name, array, (states,))
    require_finite(name, array, ("state",))
    return array
