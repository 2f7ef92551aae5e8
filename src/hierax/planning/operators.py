"""Operators from action values to state values: the hard maximum and three smooth ones.

An operator ``Ω`` gives ``v(s) = Ω(q(s, ·))`` and a policy. For the hard maximum, log-sum-exp and
mellowmax the policy is the gradient ``π = ∇Ω``, a distribution. Ω is then non-expansive in the sup
norm, and the Bellman operator ``v ↦ Ω(r + Γ∘P v)`` is a contraction. The Boltzmann average has
neither property.
"""

from typing import Any, Protocol, TypeAlias, runtime_checkable

import equinox as eqx
import jax.scipy.special
import numpy as np
import scipy.special

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, as_array, is_traced, namespace

Values: TypeAlias = Array | np.floating
"""Values of a batch of states; for one state, ``()``, NumPy returns a scalar."""

TIE = 1e-13
"""Action values are equal if they differ by less than this fraction of the largest."""


@runtime_checkable
class Operator(Protocol):
    """The interface of an operator that `solve_bellman` uses."""

    contracts: bool

    def value(self, action_value: Any, available: Any = None) -> Values:
        """Return ``Ω(q)`` over the last axis, ``(..., A) -> (...)``."""
        ...

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """Return the policy of ``Ω(q)``, ``(..., A) -> (..., A)``."""
        ...


class HardMax(eqx.Module):
    """The largest action value, ``max_a q(a)``; the policy takes the first of the best actions.

    An action counts as best within 1e-13 of the best, relative to the largest magnitude of the
    state's values. The policy does not depend on rounding errors.
    """

    contracts = True

    def value(self, action_value: Any, available: Any = None) -> Values:
        """Return ``max_a q(a)`` over available actions, shape ``(..., A) -> (...)``."""
        return _masked(action_value, available).max(axis=-1)

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """Return a one-hot policy on the first best action, shape ``(..., A) -> (..., A)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        best = xp.argmax(_best(q, TIE), axis=-1)
        return xp.asarray(best[..., None] == xp.arange(q.shape[-1]), dtype=q.dtype)


def uniform_over_best(action_value: Array, slack: float = TIE) -> Array:
    """Return the greedy policy that is uniform over the best actions, ``(..., A) -> (..., A)``.

    Values within ``slack`` of the best, relative to the largest magnitude, count as best.
    """
    best = _best(action_value, slack)
    return best / best.sum(axis=-1, keepdims=True)


def _best(q: Array, slack: float) -> Array:
    xp = namespace(q)
    size = xp.where(xp.isfinite(q), abs(q), 0.0).max(axis=-1, keepdims=True)
    return q >= q.max(axis=-1, keepdims=True) - slack * size


class _Softened(eqx.Module):
    """A base class of the operators with a temperature τ and the policy ``softmax(q / τ)``."""

    temperature: Any
    contracts = True

    def __init__(self, temperature: Any):
        self.temperature = checks.positive("temperature", temperature)

    @property
    def _tau(self) -> Array:
        return as_array(self.temperature)

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """Return ``softmax(q / τ)`` over available actions, shape ``(..., A) -> (..., A)``."""
        return _softmax(_logits(_masked(action_value, available), self._tau))


class LogSumExp(_Softened):
    """``τ log Σ_a exp(q(a) / τ)``: the hard maximum plus an entropy bonus of at most ``τ log A``.

    Its fixed point exceeds that of the hard maximum by at most ``τ log A / (1 - γ)``. The policy is
    ``softmax(q / τ)`` (maximum-entropy planning; Ziebart 2010).

    Args:
        temperature: τ > 0, in units of reward.
    """

    def value(self, action_value: Any, available: Any = None) -> Values:
        """Return ``τ log Σ exp(q / τ)`` over available actions, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        return self._tau * _logsumexp(_logits(q, self._tau))


class Mellowmax(_Softened):
    """``τ log (1/n Σ_a exp(q(a) / τ))`` over the ``n`` actions of the state (Asadi & Littman 2017).

    It lies between the mean and the maximum: ``max - τ log n ≤ Ω ≤ max``, where ``n`` is the number
    of actions available in the state. The policy is ``softmax(q / τ)``.

    Args:
        temperature: τ > 0, in units of reward.
    """

    def value(self, action_value: Any, available: Any = None) -> Values:
        """Return ``τ log (1/n Σ exp(q / τ))``, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        number = xp.sum(q > -xp.inf, axis=-1)
        total = _logsumexp(_logits(q, self._tau))
        return self._tau * (total - xp.log(number))


class Boltzmann(_Softened):
    """``Σ_a softmax(q / τ)(a) q(a)``: the mean action value under a Boltzmann policy.

    **Not a contraction.** Its gradient has negative entries (sup-norm Lipschitz constant 1.20 for 2
    actions, 1.42 for 4). Value iteration may cycle for ever, and there may be several fixed points
    (Asadi & Littman 2017). `solve_bellman` has no error bound for it: ``error_bound`` is infinite
    and ``converged`` is false; use ``residual``.

    Args:
        temperature: τ > 0, in units of reward.
    """

    contracts = False

    def value(self, action_value: Any, available: Any = None) -> Values:
        """Return ``Σ softmax(q / τ) q`` over available actions, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        return xp.sum(self.policy(q) * xp.where(q > -xp.inf, q, 0.0), axis=-1)


def require_operator(operator: Any) -> None:
    """Raise unless ``operator`` is one of the four above, which both backends implement."""
    kinds = (HardMax, LogSumExp, Mellowmax, Boltzmann)
    if type(operator) not in kinds:
        names = checks.either(kind.__name__ for kind in kinds)
        raise ValueError(f"operator must be of type {names}, got {operator!r}")


def _masked(action_value: Any, available: Any) -> Array:
    """Return the action values with ``-inf`` at unavailable actions."""
    q = model_checks.numeric("action_value", action_value)
    if q.ndim == 0 or q.shape[-1] == 0:
        raise ValueError(f"action_value must have shape (..., A), A > 0, got {q.shape}")
    if available is None:
        return q
    checks.require_shape("available", available, q.shape)
    _require_a_choice(available)
    return namespace(q, available).where(available, q, -np.inf)


def _require_a_choice(available: Any) -> None:
    if is_traced(available):
        return
    without = ~np.asarray(available, bool).any(axis=-1)
    if without.any():
        raise ValueError(
            "available must offer an action in every state, got none at index "
            f"{model_checks.first(without)}"
        )


def _logits(q: Array, temperature: Array) -> Array:
    """Return ``q / τ``; the derivative by τ stays finite where ``q`` is ``-inf``."""
    xp = namespace(q, temperature)
    offered = q > -xp.inf
    return xp.where(offered, xp.where(offered, q, 0.0) / temperature, -xp.inf)


def _logsumexp(logits: Array) -> Values:
    special = scipy.special if namespace(logits) is np else jax.scipy.special
    return special.logsumexp(logits, axis=-1)


def _softmax(logits: Array) -> Array:
    xp = namespace(logits)
    weights = xp.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
