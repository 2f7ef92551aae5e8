"""What environments are given as actions, checked and clipped before a world sees it."""

from typing import Any

import numpy as np

from hierax.planning import checks
from hierax.spec import Continuous, Discrete


def checked_action(kind: Continuous | Discrete, action: Any) -> np.ndarray:
    """The action of one environment: float64 in [-1, 1]^d, or a whole number as int64.

    What lies beyond the cube is clipped to it.

    Raises:
        ValueError: for another shape, what is not finite, and a number that is none of the actions.
    """
    chosen = np.asarray(checks.numeric("action", action))
    checks.require_shape("action", chosen, kind.shape)
    if not _are_allowed(kind, chosen[None]).all():
        raise ValueError(f"action is {np.asarray(action)}, but must be {_rule(kind)}")
    return _written(kind, chosen)


def checked_actions(kind: Continuous | Discrete, actions: Any, ended: np.ndarray) -> np.ndarray:
    """As `checked_action`, of N environments.

    Args:
        kind: what an action is.
        actions: ``(N, d)`` or ``(N,)``.
        ended: ``(N,)``, where the step begins an episode whatever the action, which is 0 there.
    """
    given = np.asarray(checks.numeric("action", actions))
    checks.require_shape("action", given, (*ended.shape, *kind.shape))
    chosen = np.where(ended.reshape(-1, *(1 for _ in kind.shape)), 0.0, given)
    wrong = ~_are_allowed(kind, chosen)
    if wrong.any():
        (number,) = checks.first(wrong)
        raise ValueError(
            f"action of environment {number} is {np.asarray(actions)[number]}, but must be "
            f"{_rule(kind)}"
        )
    return _written(kind, chosen)


def _are_allowed(kind: Continuous | Discrete, chosen: np.ndarray) -> np.ndarray:
    """``(N,)``: whether each of N is an action."""
    if isinstance(kind, Continuous):
        return np.asarray(np.isfinite(chosen).all(axis=1))
    return (np.floor(chosen) == chosen) & (chosen >= 0) & (chosen < kind.count)


def _rule(kind: Continuous | Discrete) -> str:
    if isinstance(kind, Continuous):
        return "finite"
    return f"a whole number from 0 to {kind.count - 1}"


def _written(kind: Continuous | Discrete, chosen: np.ndarray) -> np.ndarray:
    # Clipped before anybody rounds it to 32 bits, where a large number is infinite.
    return np.clip(chosen, -1.0, 1.0) if isinstance(kind, Continuous) else chosen.astype(np.int64)
