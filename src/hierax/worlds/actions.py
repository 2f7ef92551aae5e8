"""What environments are given as actions, checked and clipped before a world sees it."""

from typing import Any

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.spec import Continuous, Discrete


def checked_action(kind: Continuous | Discrete, action: Any) -> np.ndarray:
    """The action of one environment: float64 in [-1, 1]^d, or a whole number as int64.

    What lies beyond the cube is clipped to it.

    Raises:
        ValueError: for another shape, what is not finite, and a number that is none of the actions.
    """
    chosen = np.asarray(model_checks.numeric("action", action))
    checks.require_shape("action", chosen, kind.shape)
    return _checked(kind, chosen, ("entry",))


def checked_actions(kind: Continuous | Discrete, actions: Any, ended: np.ndarray) -> np.ndarray:
    """As `checked_action`, of N environments.

    Args:
        kind: what an action is.
        actions: ``(N, d)`` or ``(N,)``.
        ended: ``(N,)``, where the step begins an episode whatever the action, which is 0 there.
    """
    given = np.asarray(model_checks.numeric("action", actions))
    checks.require_shape("action", given, (*ended.shape, *kind.shape))
    chosen = np.where(ended.reshape(-1, *(1 for _ in kind.shape)), 0.0, given)
    return _checked(kind, chosen, ("environment", "entry"))


def _checked(kind: Continuous | Discrete, chosen: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
    if isinstance(kind, Continuous):
        wrong, rule = ~np.isfinite(chosen), "finite"
    else:
        wrong = (np.floor(chosen) != chosen) | (chosen < 0) | (chosen >= kind.count)
        rule = f"a whole number from 0 to {kind.count - 1}"
    if np.any(wrong):
        index = model_checks.first(wrong)
        where = f" at {model_checks.place(axes[: len(index)], index)}" if index else ""
        raise ValueError(f"action{where} is {chosen[index]:g}, but must be {rule}")
    # Clipped before anybody rounds it to 32 bits, where a large number is infinite.
    return np.clip(chosen, -1.0, 1.0) if isinstance(kind, Continuous) else chosen.astype(np.int64)
