"""What a solver knows of a model: the choices of each state, what they earn and where they lead.

Actions of a `TabularMDP` and options of an `OptionModel` are two kinds of one thing. A choice ``a``
made in state ``s`` earns ``r(s, a)`` until the next decision and leads there by discounted
probabilities ``Γ∘P(s, a, ·)``, whose sum is below 1. For an action the next decision is one step
away; for an option it lies where the option ends, and the discount of the steps between is part of
``Γ∘P``. Whatever is solved or evaluated is written for this interface alone.
"""

from abc import abstractmethod
from typing import Any, TypeVar

import equinox as eqx
import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace, on_host


class DecisionModel(eqx.Module):
    """Expected reward and discounted transition of each choice in each state.

    Attributes:
        transition: the table behind ``discounted_transition``, in the layout of the kind of model.
        available: ``(S, A)`` bool: which choices a state offers.
    """

    transition: eqx.AbstractVar[Any]
    available: eqx.AbstractVar[Array]

    @property
    def states(self) -> int:
        """Number of states ``S``."""
        return self.available.shape[0]

    @property
    @abstractmethod
    def expected_reward(self) -> Array:
        """``(S, A)``: expected discounted reward of a choice until the next decision."""

    @property
    @abstractmethod
    def discounted_transition(self) -> Any:
        """``Γ∘P``, dense ``(S, A, S)`` or CSR ``(S*A, S)``; zero rows at unavailable pairs."""

    @abstractmethod
    def expected_value(self, value: Array) -> Array:
        """``Σₜ Γ∘P(s, a, t) v(t)``, ``(S, A)``, from values ``v (S,)``; unchecked."""

    def backup(self, value: Array) -> Array:
        """``r + Γ∘P v``, ``(S, A)``; ``-inf`` at unavailable pairs; unchecked."""
        xp = namespace(self, value)
        return xp.where(self.available, self.expected_reward + self.expected_value(value), -xp.inf)

    @property
    def contraction(self) -> Any:
        """Modulus of the Bellman operator in the sup norm: the largest row sum of ``Γ∘P``."""
        table = self.discounted_transition
        return namespace(table).max(row_sums(table))


Model = TypeVar("Model", bound=DecisionModel)


def row_sums(table: Any) -> Array:
    """Sums over next states, ``(S, A)`` for a dense table and ``(S*A,)`` for a sparse one."""
    return np.asarray(table.sum(axis=1)).ravel() if sp.issparse(table) else table.sum(axis=-1)


def single(name: str, model: Model) -> Model:
    """``model`` with its concrete arrays on the host.

    Raises:
        ValueError: where it is a stack of models outside ``jax.vmap``.
    """
    if not sp.issparse(model.transition) and np.ndim(model.transition) != 3:
        raise ValueError(
            f"{name} has a transition of shape {np.shape(model.transition)}, but must have three "
            "axes: give a sparse model to no JAX transformation, and a stack of models to vmap "
            "alone"
        )
    return on_host(model)


def as_decision_model(name: str, model: Any) -> DecisionModel:
    """``model`` as a solver computes with it: its concrete arrays on the host.

    Raises:
        ValueError: where it is no model, or a stack of models outside ``jax.vmap``.
    """
    if not isinstance(model, DecisionModel):
        raise ValueError(
            f"{name} is {type(model).__name__} {str(model)[:40]!r}, but must be a TabularMDP or an "
            "OptionModel"
        )
    return single(name, model)


def require_a_choice(name: str, available: Array) -> None:
    """Raise where a state offers no choice; a traced table ``(S, A)`` is not looked at."""
    if is_traced(available):
        return
    without = ~np.asarray(available).any(axis=1)
    if without.any():
        raise ValueError(
            f"{name} offers no choice at state {model_checks.first(without)[0]}, but must offer one: add "
            "the actions (primitive_model), or widen an initiation set"
        )
