"""How a state's value follows from its action values: the hard maximum and three smooth ones.

An operator ``Ω`` gives ``v(s) = Ω(q(s, ·))`` and the policy that goes with it. For the hard
maximum, log-sum-exp and mellowmax the policy is the gradient ``π = ∇Ω``, a distribution: hence Ω
does not expand the sup norm and the Bellman operator ``v ↦ Ω(r + Γ∘P v)`` contracts. The Boltzmann
average has neither property.
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
"""Values of a batch of states; of one state, ``()``, NumPy makes a scalar."""

TIE = 1e-13
"""Action values that differ by less than this fraction of the largest count as equal."""


@runtime_checkable
class Operator(Protocol):
    """What `solve_bellman` asks of an operator."""

    contracts: bool

    def value(self, action_value: Any, available: Any = None) -> Values:
        """``Ω(q)`` over the last axis, ``(..., A) -> (...)``."""
        ...

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """The policy that goes with ``Ω(q)``, ``(..., A) -> (..., A)``."""
        ...


class HardMax(eqx.Module):
    """The largest action value, ``max_a q(a)``; the policy takes the first of the best actions.

    Actions within 1e-13 of the best, relative to the largest magnitude of the state's values, count
    as best: the policy does not hang on rounding.
    """

    contracts = True

    def value(self, action_value: Any, available: Any = None) -> Values:
        """``max_a q(a)``, shape ``(..., A) -> (...)``; unavailable actions are left out."""
        return _masked(action_value, available).max(axis=-1)

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """One-hot on the first best action, shape ``(..., A) -> (..., A)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        best = xp.argmax(_best(q, TIE), axis=-1)
        return xp.asarray(best[..., None] == xp.arange(q.shape[-1]), dtype=q.dtype)


def uniform_over_best(action_value: Array, slack: float = TIE) -> Array:
    """The greedy policy that is indifferent among equals, ``(..., A) -> (..., A)``.

    Values within ``slack`` of the best, relative to the largest magnitude, count as best.
    """
    best = _best(action_value, slack)
    return best / best.sum(axis=-1, keepdims=True)


def _best(q: Array, slack: float) -> Array:
    xp = namespace(q)
    size = xp.where(xp.isfinite(q), abs(q), 0.0).max(axis=-1, keepdims=True)
    return q >= q.max(axis=-1, keepdims=True) - slack * size


class _Softened(eqx.Module):
    """What the operators with a temperature share: τ and the policy ``softmax(q / τ)``."""

    temperature: Any
    contracts = True

    def __init__(self, temperature: Any):
        self.temperature = checks.positive("temperature", temperature)

    @property
    def _tau(self) -> Array:
        return as_array(self.temperature)

    def policy(self, action_value: Any, available: Any = None) -> Array:
        """``softmax(q / τ)`` over available actions, shape ``(..., A) -> (..., A)``."""
        return _softmax(_logits(_masked(action_value, available), self._tau))


class LogSumExp(_Softened):
    """``τ log Σ_a exp(q(a) / τ)``: the hard maximum plus an entropy bonus of at most ``τ log A``.

    Its fixed point exceeds the hard one by at most ``τ log A / (1 - γ)``; the policy is
    ``softmax(q / τ)`` (maximum-entropy planning; Ziebart 2010).

    Args:
        temperature: τ > 0, in units of reward.
    """

    def value(self, action_value: Any, available: Any = None) -> Values:
        """``τ log Σ exp(q / τ)`` over available actions, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        return self._tau * _logsumexp(_logits(q, self._tau))


class Mellowmax(_Softened):
    """``τ log (1/n Σ_a exp(q(a) / τ))`` over the ``n`` actions of the state (Asadi & Littman 2017).

    Between the mean and the maximum: ``max - τ log n ≤ Ω ≤ max``. ``n`` is the state's own number
    of available actions. The policy is ``softmax(q / τ)``.

    Args:
        temperature: τ > 0, in units of reward.
    """

    def value(self, action_value: Any, available: Any = None) -> Values:
        """``τ log (1/n Σ exp(q / τ))``, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        number = xp.sum(q > -xp.inf, axis=-1)
        total = _logsumexp(_logits(q, self._tau))
        return self._tau * (total - xp.log(number))


class Boltzmann(_Softened):
    """``Σ_a softmax(q / τ)(a) q(a)``: the mean action value under a Boltzmann policy.

    **Not a contraction.** Its gradient has negative entries (sup-norm Lipschitz constant 1.20 for 2
    actions, 1.42 for 4), so value iteration may cycle for ever and fixed points need not be unique
    (Asadi & Littman 2017). `solve_bellman` can certify nothing with it: ``error_bound`` is infinite
    and ``converged`` false; read ``residual``.

    Args:
        temperature: τ > 0, in units of reward.
    """

    contracts = False

    def value(self, action_value: Any, available: Any = None) -> Values:
        """``Σ softmax(q / τ) q`` over available actions, shape ``(..., A) -> (...)``."""
        q = _masked(action_value, available)
        xp = namespace(q)
        return xp.sum(self.policy(q) * xp.where(q > -xp.inf, q, 0.0), axis=-1)


def require_operator(operator: Any) -> None:
    """Raise unless ``operator`` is one of the four above, which every engine knows."""
    kinds = (HardMax, LogSumExp, Mellowmax, Boltzmann)
    if type(operator) not in kinds:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"operator is {operator!r}, but must be an instance of {names}")


def _masked(action_value: Any, available: Any) -> Array:
    """Action values with ``-inf`` where an action is not available."""
    q = model_checks.numeric("action_value", action_value)
    if q.ndim == 0 or q.shape[-1] == 0:
        raise ValueError(f"action_value has shape {q.shape}, but must have shape (..., A), A > 0")
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
            f"available offers no action at index {model_checks.first(without)}, but must offer one"
        )


def _logits(q: Array, temperature: Array) -> Array:
    """``q / τ``; the derivative with respect to τ stays finite where ``q`` is ``-inf``."""
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
