"""Actions of environments, checked and clipped before a world uses them."""

from typing import Any

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.spec import Continuous, Discrete

_FEW = 32
"""Numbers that Python compares faster than NumPy."""


def checked_action(kind: Continuous | Discrete, action: Any) -> np.ndarray:
    """Return the action of one environment: float64 clipped to [-1, 1]^d, or an int64 scalar.

    Raises:
        ValueError: for a wrong shape, an entry that is not finite, or an integer that is not one
            of the actions.
    """
    return _checked(kind, _numbers(action, kind.shape), ("entry",))


def checked_actions(kind: Continuous | Discrete, actions: Any, ended: np.ndarray) -> np.ndarray:
    """Return the actions of N environments, checked as in `checked_action`.

    Args:
        kind: kind of the actions.
        actions: ``(N, d)`` or ``(N,)``.
        ended: ``(N,)``, True where the step begins an episode. The action is ignored there: the
            result is 0.
    """
    given = _numbers(actions, (*ended.shape, *kind.shape))
    if np.count_nonzero(ended):
        given = np.where(ended.reshape(-1, *(1 for _ in kind.shape)), 0.0, given)
    return _checked(kind, given, ("environment", "entry"))


def _numbers(given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``given`` as an array of numbers of this shape."""
    if type(given) is np.ndarray and given.dtype.kind == "f" and given.shape == shape:
        return given
    numbers = np.asarray(model_checks.numeric("action", given))
    checks.require_shape("action", numbers, shape)
    return numbers


def _checked(kind: Continuous | Discrete, given: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
    if isinstance(kind, Continuous):
        if _are_within(given):
            return given.astype(np.float64)
        wrong, rule = ~np.isfinite(given), "finite"
    else:
        wrong = (np.floor(given) != given) | (given < 0) | (given >= kind.count)
        rule = f"an integer from 0 to {kind.count - 1}"
    if np.any(wrong):
        index = model_checks.first(wrong)
        where = f" at {model_checks.place(axes[: len(index)], index)}" if index else ""
        raise ValueError(f"action must be {rule}, got {given[index]:g}{where}")
    # Clip in float64: a large number becomes infinite when it is rounded to 32 bits.
    if isinstance(kind, Discrete):
        return given.astype(np.int64)
    return np.minimum(np.maximum(given.astype(np.float64), -1.0), 1.0)


def _are_within(given: np.ndarray) -> bool:
    """Return whether all entries are in [-1, 1]; NaN is not."""
    if given.size <= _FEW:
        within = [-1.0 <= entry <= 1.0 for entry in given.ravel().tolist()]
        return all(within)
    return bool(np.count_nonzero(np.abs(given) <= 1.0) == given.size)
