"""The interface between solvers and models: choices, expected rewards, discounted transitions.

Actions of a `TabularMDP` and options of an `OptionModel` are both choices. Choice ``a`` in state
``s`` has the expected discounted reward ``r(s, a)`` until the next decision. It leads to the state
of that decision with discounted probabilities ``Γ∘P(s, a, ·)``, whose sum is below 1. After an
action the next decision is one step away. After an option it is where the option ends, and ``Γ∘P``
includes the discount of the steps between. Solvers and evaluation use only this interface.
"""

from abc import abstractmethod
from typing import Any, TypeVar

import equinox as eqx
import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace, on_host


class DecisionModel(eqx.Module):
    """A decision model: expected reward and discounted transition of each choice in each state.

    Attributes:
        transition: the table behind ``discounted_transition``, in the layout of the subclass.
        available: ``(S, A)`` bool: the choices that each state offers.
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
        """Return ``Σₜ Γ∘P(s, a, t) v(t)``, ``(S, A)``, from values ``v (S,)``; unchecked."""

    def backup(self, value: Array) -> Array:
        """Return ``r + Γ∘P v``, ``(S, A)``; ``-inf`` at unavailable pairs; unchecked."""
        xp = namespace(self, value)
        return xp.where(self.available, self.expected_reward + self.expected_value(value), -xp.inf)

    @property
    def contraction(self) -> Any:
        """Modulus of the Bellman operator in the sup norm: the largest row sum of ``Γ∘P``."""
        table = self.discounted_transition
        return namespace(table).max(row_sums(table))


Model = TypeVar("Model", bound=DecisionModel)


def row_sums(table: Any) -> Array:
    """Return sums over next states: ``(S, A)`` for a dense table, ``(S*A,)`` for a sparse one."""
    return np.asarray(table.sum(axis=1)).ravel() if sp.issparse(table) else table.sum(axis=-1)


def single(name: str, model: Model) -> Model:
    """Return ``model`` with its concrete arrays on the host.

    Raises:
        ValueError: if it is a stack of models outside ``jax.vmap``.
    """
    if not sp.issparse(model.transition) and np.ndim(model.transition) != 3:
        raise ValueError(
            f"transition of {name} must have three axes, got shape {np.shape(model.transition)}: "
            "use a stack of models only under vmap, and no sparse model under a JAX transformation"
        )
    return on_host(model)


def as_decision_model(name: str, model: Any) -> DecisionModel:
    """Return ``model`` with its concrete arrays on the host, as solvers need it.

    Raises:
        ValueError: if it is not a model, or is a stack of models outside ``jax.vmap``.
    """
    if not isinstance(model, DecisionModel):
        raise ValueError(f"{name} must be a TabularMDP or an OptionModel, got {shown(model)}")
    return single(name, model)


def shown(model: Any) -> str:
    """Return a value that is no model, for an error; for a world with the cure."""
    kind = type(model).__name__
    if isinstance(getattr(model, "mdp", None), DecisionModel):
        return f"{kind}: use the model of this world, its attribute .mdp"
    if isinstance(getattr(getattr(model, "tabular", None), "mdp", None), DecisionModel):
        return f"{kind}: use the model of this world, its attribute .tabular.mdp"
    return f"{kind} {str(model)[:40]!r}"


def require_a_choice(name: str, available: Array) -> None:
    """Raise if a state has no available choice; a traced table ``(S, A)`` is not checked."""
    if is_traced(available):
        return
    without = ~np.asarray(available).any(axis=1)
    if without.any():
        raise ValueError(
            f"{name} must offer a choice in every state, got none at state "
            f"{model_checks.first(without)[0]}: add the actions (primitive_model), or widen an "
            "initiation set"
        )


def require_finite_value(model: DecisionModel, value: Array) -> None:
    """Raise if a value is beyond float64; a traced value ``(S,)`` is not checked."""
    if is_traced(value) or np.isfinite(value).all():
        return
    (state,) = model_checks.first(~np.isfinite(value))
    largest = np.abs(np.where(model.available, model.expected_reward, 0.0)).max()
    raise ValueError(
        f"values must be below 1.8e308, the largest number of float64, got a larger one at state "
        f"{state} from rewards of up to {largest:.3g}: divide the rewards by a constant, or "
        "leave forbidden actions out with available"
    )
