"""Multi-step models (λ-models): reward and state when a policy returns control.

On *entering* ``t`` a policy π continues with probability λ(t) and returns control with probability
``β = 1 - λ``. With ``T_π = Γ∘P_π``, ``M = T_π diag(λ)`` and ``N = (I - M)⁻¹``:

    execution occupancy   N = I + M + M² + …    discounted visits before control returns
    reward model          r° = N r_π
    transition model      P° = N T_π diag(β)    discounted probabilities of the state of return
    duration              N 1                   expected discounted number of steps

(Sutton, Precup & Singh 1999, section 5; Bacon & Precup 2016 for the matrix form). ``P°`` includes
the discount, so ``v_π = r° + P° v_π`` for every λ, and ``P° 1 = 1 - (1 - γ) N 1`` for a constant
discount. Three common mistakes:

- ``N`` includes the identity, because control never returns before the first step;
- λ scales *columns*, because it belongs to the state that is entered;
- ``N`` is left of ``T_π diag(β)``; the two do not commute.
"""

from typing import Any, NamedTuple

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, namespace, planning_namespace
from hierax.planning.evaluation import state_transition
from hierax.planning.mdp import TabularMDP, as_model

LARGEST_EXECUTION = 20_000
"""Largest number of states for which an ``(S, S)`` table (3.2 GB) is computed."""


class MultistepModel(NamedTuple):
    """A λ-model of one policy.

    Attributes:
        reward: ``(S,)`` expected discounted reward until control returns.
        transition: ``(S, S)`` discounted probabilities of the state where control returns.
        duration: ``(S,)`` expected discounted number of steps until then.
    """

    reward: Array
    transition: Array
    duration: Array


class Execution(NamedTuple):
    """The execution of ``K`` policies until control returns.

    Attributes:
        occupancy: ``N (K, S, S)``.
        reward: ``r_π (K, S)`` of one step.
        ending: ``P° (K, S, S)``, discounted probabilities of the state where control returns.
    """

    occupancy: Array
    reward: Array
    ending: Array


def execute(mdp: TabularMDP, policy: Array, continuation: Array) -> Execution:
    """Return the `Execution` of policies ``(K, S, A)`` with λ ``(K, S)``; unchecked."""
    xp = namespace(mdp, policy, continuation)
    if mdp.states > LARGEST_EXECUTION:
        raise ValueError(
            f"a multi-step model must have at most {LARGEST_EXECUTION} states, got {mdp.states}"
        )
    step = chains(mdp.discounted_transition, policy)
    entered = continuation[:, None, :]
    occupancy = xp.linalg.inv(xp.eye(mdp.states) - step * entered)
    return Execution(
        occupancy=occupancy,
        reward=xp.sum(policy * mdp.reward, axis=-1),
        ending=occupancy @ (step * (1.0 - entered)),
    )


def chains(transition: Any, policy: Array) -> Array:
    """Return state transitions ``(K, S, S)`` of policies ``(K, S, A)``, always dense."""
    if namespace(transition, policy) is np:
        made = [state_transition(transition, one) for one in np.asarray(policy)]
        return np.stack([one if isinstance(one, np.ndarray) else one.toarray() for one in made])
    return namespace(policy, transition).einsum("ksa,sat->kst", policy, transition)


def execution_occupancy(mdp: TabularMDP, policy: Any, continuation: Any) -> Array:
    """Return the discounted visits before control returns, ``N = (I - T_π diag(λ))⁻¹``.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities; rows sum to 1, unavailable pairs are 0.
        continuation: λ in [0, 1] on the state entered, ``(S,)`` or one number for all.

    Returns:
        ``(S, S)`` expected visits of the column state after a start in the row state, including the
        start.

    Raises:
        ValueError: if the policy does not fit the model, λ is outside [0, 1], or the model has more
            than 20,000 states.
    """
    return _execution(mdp, policy, continuation).occupancy[0]


def multistep_model(mdp: TabularMDP, policy: Any, continuation: Any) -> MultistepModel:
    """Return the λ-model of a policy: ``r° = N r_π`` and ``P° = N T_π diag(1 - λ)``.

    ``v_π = r° + P° v_π`` for every λ. The model is ``(r_π, T_π)`` if ``λ = 0`` and ``(v_π, 0)`` if
    ``λ = 1``. A constant λ gives the λ-return, ``r° + P° v = Σₖ λᵏ (1 - λ) Gₖ₊₁``.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities; rows sum to 1, unavailable pairs are 0.
        continuation: λ in [0, 1] on the state entered, ``(S,)`` or one number for all.

    Raises:
        ValueError: in the same cases as `execution_occupancy`.
    """
    found = _execution(mdp, policy, continuation)
    return MultistepModel(
        reward=(found.occupancy @ found.reward[:, :, None])[0, :, 0],
        transition=found.ending[0],
        duration=found.occupancy.sum(axis=-1)[0],
    )


def _execution(mdp: TabularMDP, policy: Any, continuation: Any) -> Execution:
    mdp = as_model(mdp)
    policy = model_checks.policy_table("policy", policy, mdp.available)
    weights = model_checks.numeric("continuation", continuation)
    checks.require_shape("continuation", weights, (), (mdp.states,))
    weights = model_checks.probabilities(
        "continuation", continuation, weights, ("state",)[: weights.ndim]
    )
    xp = planning_namespace(mdp, policy, weights)
    return execute(mdp, policy[None], xp.broadcast_to(weights, (1, mdp.states)))
