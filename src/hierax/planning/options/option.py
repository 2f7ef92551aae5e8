"""Options: initiation set, policy and termination (Sutton, Precup & Singh 1999)."""

from typing import Any

import equinox as eqx
import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, as_array, is_traced, namespace

AXES = ("option", "state", "action")


class Option(eqx.Module):
    """An option, or a stack of ``K`` options with the same states and actions.

    An option takes actions by its ``policy``. On *entering* a state ``t`` it ends with probability
    ``termination(t)``. It always takes at least one step: with a termination of 1 everywhere its
    policy is a one-step choice.

    Args:
        policy: ``(S, A)`` or ``(K, S, A)`` probabilities; rows sum to 1 within 1e-8, in float32
            within 1e-5. Or integers ``(S,)`` or ``(K, S)``, the actions of a deterministic policy.
        termination: ``(S,)`` or ``(K, S)``, β in [0, 1] on the state entered.
        initiation: ``(S,)`` or ``(K, S)`` bool: the states where the option may start; all when
            omitted.

    Raises:
        ValueError: if a shape is wrong, a row of ``policy`` is not a distribution, or
            ``termination`` is outside [0, 1].
    """

    policy: Array
    termination: Array
    initiation: Array | None

    def __init__(self, policy: Any, termination: Any, initiation: Any = None):
        indices = _is_deterministic(policy, termination)
        self.policy = _indices(policy) if indices else _policy(policy)
        shape = self.policy.shape if indices else self.policy.shape[:-1]
        self.termination = _termination(termination, shape)
        self.initiation = None if initiation is None else read_initiation(initiation, shape)

    @property
    def is_stacked(self) -> bool:
        """Whether there is a leading axis of options."""
        return self.termination.ndim == 2

    @property
    def is_deterministic(self) -> bool:
        """Whether ``policy`` holds indices of actions instead of probabilities."""
        return self.policy.ndim == self.termination.ndim

    def stacked(self) -> "Option":
        """Return the options with a leading axis, of length 1 for a single option."""
        if self.is_stacked:
            return self
        initiation = None if self.initiation is None else self.initiation[None]
        return Option(self.policy[None], self.termination[None], initiation)

    @property
    def startable(self) -> Array:
        """``(S,)`` or ``(K, S)`` bool: the initiation sets, all true if none were given."""
        if self.initiation is None:
            return np.ones(self.termination.shape, dtype=bool)
        return self.initiation


def _is_deterministic(policy: Any, termination: Any) -> bool:
    ndim = model_checks.numeric("policy", policy).ndim
    same = ndim == model_checks.numeric("termination", termination).ndim
    return same and ndim in (1, 2) and model_checks.holds_integers(policy)


def _indices(policy: Any) -> Array:
    indices = policy if is_traced(policy) else np.asarray(policy)
    if 0 in indices.shape:
        raise ValueError(f"policy must have at least one state, got shape {indices.shape}")
    if not is_traced(indices) and (indices < 0).any():
        index = model_checks.first(indices < 0)
        where = model_checks.place(AXES[2 - indices.ndim : 2], index)
        raise ValueError(
            f"policy must have indices of actions >= 0, got {indices[index]} at {where}"
        )
    return as_array(indices, np.int64)


def _policy(policy: Any) -> Array:
    table = model_checks.numeric("policy", policy)
    if table.ndim not in (2, 3) or 0 in table.shape:
        raise ValueError(
            f"policy must have shape (S, A), or (K, S, A) for a stack of options, got {table.shape}"
        )
    if is_traced(table):
        return table
    axes = AXES[-table.ndim :]
    model_checks.require_finite("policy", table, axes)
    return model_checks.stochastic("policy", policy, table, axes)


def _termination(termination: Any, shape: tuple[int, ...]) -> Array:
    table = model_checks.numeric("termination", termination)
    checks.require_shape("termination", table, shape)
    return model_checks.probabilities("termination", termination, table, AXES[2 - len(shape) : 2])


def read_initiation(initiation: Any, shape: tuple[int, ...]) -> Array:
    """Return initiation sets as bool, ``(S,)`` or ``(K, S)`` according to ``shape``."""
    table = model_checks.numeric("initiation", initiation)
    checks.require_shape("initiation", table, shape)
    if not is_traced(table) and not np.isin(table, (0, 1)).all():
        index = model_checks.first(~np.isin(table, (0, 1)))
        place = model_checks.place(AXES[2 - len(shape) : 2], index)
        raise ValueError(f"initiation must be true or false, got {table[index]} at {place}")
    return namespace(table).asarray(table != 0)
