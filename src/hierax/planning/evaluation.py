"""Exact evaluation of a policy: value, action values, successor representation, occupancy.

All four follow from one linear system. With ``T_π(s, t) = Σ_a π(a|s) γ(s, a, t) P(t|s, a)`` and
the successor representation ``D = (I - T_π)⁻¹`` (Dayan 1993):

    value      v = D r_π            one solve
    occupancy  d = μ₀ᵀ D            one transposed solve with the same factors

`PolicyChain` factorises ``I - T_π`` once; the functions use it.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks
from hierax.planning.backend import Array, namespace, planning_namespace
from hierax.planning.decision_model import (
    DecisionModel,
    as_decision_model,
    require_finite_value,
)
from hierax.planning.linear import factorise
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.undiscounted.evaluate import states_kept, without_states_kept
from hierax.planning.undiscounted.pairs import is_undiscounted, require_concrete

LARGEST_SUCCESSOR_REPRESENTATION = 20_000
"""Largest number of states for which an ``(S, S)`` table (3.2 GB) is computed."""


class PolicyChain:
    """The Markov chain of a policy in a model, with ``I - T_π`` factorised once.

    Attributes:
        model: the model.
        policy: ``(S, A)`` probabilities.
        transition: discounted state transition ``T_π (S, S)``, dense or CSR.
        kept: with discount 1, the states that the policy keeps for ever ``(S,)``, whose rows of
            ``transition`` are empty; otherwise None.
        reward: expected reward of one step ``r_π (S,)``.
        system: the factorised ``I - T_π``: dense LU, sparse LU or Krylov, chosen by kind and size.
            ``system.residual`` is the largest relative residual so far,
            ``‖b - A x‖∞ / (‖b‖∞ + ‖x‖∞)``; ``None`` for dense LU, which does not measure it.
    """

    def __init__(self, model: DecisionModel, policy: Any):
        model = as_decision_model("model", model)
        policy = model_checks.policy_table("policy", policy, model.available)
        xp = planning_namespace(model, policy)
        self.model = model
        self.policy = policy
        self.transition = state_transition(model.discounted_transition, policy)
        self.reward = xp.sum(policy * model.expected_reward, axis=1)
        self.kept: np.ndarray | None = None
        if isinstance(model, TabularMDP) and is_undiscounted(model):
            require_concrete(model, policy)
            self.kept = states_kept(model, policy, self.transition, self.reward)
            self.transition = without_states_kept(self.transition, self.kept)
        self.system = factorise(self.transition)

    def value(self) -> Array:
        """Return the value ``v = D r_π``, ``(S,)``: the expected return from each state."""
        value = self.system.solve(self.reward)
        require_finite_value(self.model, value)
        return value

    def occupancy(self, initial: Array) -> Array:
        """Return the expected discounted visits ``d = μ₀ᵀ D``, ``(S,)``, from ``μ₀ (S,)``.

        They are infinite in states that are kept for ever.
        """
        visits = self.system.solve_transposed(initial)
        return visits if self.kept is None else _for_ever(visits, self.kept)

    def successor_representation(self) -> Array:
        """Return ``D = (I - T_π)⁻¹ (S, S)``: visits of the column state from the row state."""
        states = self.model.states
        if states > LARGEST_SUCCESSOR_REPRESENTATION:
            raise ValueError(
                "successor_representation must have at most "
                f"{LARGEST_SUCCESSOR_REPRESENTATION} states, got {states}: use occupancy for one "
                "row of it, or evaluate_policy for one product with it"
            )
        visits = self.system.solve(namespace(self.transition).eye(states))
        return visits if self.kept is None else _for_ever(visits, self.kept)


def _for_ever(visits: Array, kept: np.ndarray) -> Array:
    """Return visits ``(..., S)`` that have no end in the states that are kept for ever."""
    return np.where(kept & (visits > 0.0), np.inf, visits)


def state_transition(transition: Any, policy: Array) -> Any:
    """Return ``T_π (S, S)`` from a transition of pairs, dense ``(S, A, S)`` or CSR ``(S*A, S)``."""
    if not sp.issparse(transition):
        xp = namespace(transition, policy)
        return xp.matmul(policy[:, None, :], transition)[:, 0, :]
    return _mixing(np.asarray(policy)) @ transition


def _mixing(policy: np.ndarray) -> sp.csr_matrix:
    """Return the policy as a sparse matrix ``(S, S*A)`` without entries where it is 0."""
    states, actions = policy.shape
    taken = policy > 0
    starts = np.concatenate([[0], np.cumsum(taken.sum(axis=1))])
    pairs = np.flatnonzero(taken)
    return sp.csr_matrix((policy.ravel()[pairs], pairs, starts), shape=(states, states * actions))


def evaluate_policy(model: DecisionModel, policy: Any) -> Array:
    """Return the expected return of ``policy`` from each state, ``v = (I - T_π)⁻¹ r_π``.

    For an `OptionModel` this is the return of call-and-return execution: choose an option, follow
    it to its end, choose again. The model's transition includes the discount.

    With discount 1 the policy must end with probability 1, or go on without reward.

    Args:
        model: a `TabularMDP`, or an `OptionModel`.
        policy: ``(S, A)`` probabilities of the choices; rows sum to 1, unavailable pairs are 0. Or
            integers ``(S,)``, the choices of a deterministic policy.

    Returns:
        ``(S,)`` value, in units of reward.

    Raises:
        ValueError: if the policy does not fit the model, or with discount 1 has rewards for ever.
    """
    return PolicyChain(model, policy).value()


def action_values(model: DecisionModel, value: Any) -> Array:
    """Return one Bellman backup, ``q(s, a) = r(s, a) + Σₜ γ(s, a, t) P(t|s, a) v(t)``.

    Args:
        model: a `TabularMDP`, or an `OptionModel`.
        value: ``(S,)`` value of the state of the next decision.

    Returns:
        ``(S, A)`` action values; ``-inf`` at unavailable pairs, so that ``max`` and ``argmax`` need
        no mask.

    Raises:
        ValueError: if ``value`` has the wrong shape or is not finite.
    """
    model = as_decision_model("model", model)
    value = model_checks.state_values("value", value, model.states)
    planning_namespace(model, value)
    return model.backup(value)


def successor_representation(mdp: TabularMDP, policy: Any) -> Array:
    """Return the successor representation ``D = (I - T_π)⁻¹`` (Dayan 1993).

    ``D[s, t]`` is the expected discounted number of visits of ``t`` after a start in ``s``,
    including the visit at time 0. Rows sum to ``1 / (1 - γ)`` for a constant discount.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities.

    Returns:
        ``(S, S)`` visits of the column state after a start in the row state.

    Raises:
        ValueError: if the policy does not fit the model, or the model has more than 20,000
            states.
    """
    return PolicyChain(mdp, policy).successor_representation()


def occupancy(mdp: TabularMDP, policy: Any) -> Array:
    """Return the expected discounted visits from the initial distribution, ``d = μ₀ᵀ D``.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities.

    Returns:
        ``(S,)`` visits; they sum to ``1 / (1 - γ)`` for a constant discount.

    Raises:
        ValueError: if the policy does not fit the model.
    """
    mdp = as_model(mdp, discounted=False)
    return PolicyChain(mdp, policy).occupancy(mdp.initial)
