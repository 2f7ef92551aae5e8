"""The gradient of the extrinsic return with respect to an intrinsic reward, for one policy.

A soft planner maximises the intrinsic reward ``r_θ``. The return ``J`` of its policy is in the
extrinsic reward ``r``:

    v_θ = LSE_τ(q),   q = r_θ + Γ∘P v_θ,   π = softmax(q / τ),   J = μ₀ᵀ (I - T_π)⁻¹ r_π.

The policy is defined by the *soft optimality* residual ``LSE_τ(r_θ + Γ∘P v) - v = 0``. The
derivative of the residual in ``v`` is ``T_π - I``, which is always invertible. The implicit
function theorem, with ``d = (I - T_π)⁻ᵀ μ₀`` and the extrinsic ``q_e``, gives (for the problem:
Sorg, Lewis & Singh 2010 and Zheng, Oh & Singh 2018; for the derivation: docs/option-gradient.md)

    π̄ = d(s) q_e(s, a)                              policy gradient
    q̄ = π ∘ (π̄ - Σ_a π π̄) / τ                       through the softmax
    (I - T_π)ᵀ u = Σ_{s,a} Γ∘P(s, a, ·) q̄(s, a)      through the fixed point
    ∂J/∂r_θ = q̄ + u π

One factorisation of ``I - T_π`` gives ``d``, ``q_e`` and ``u``.
"""

from typing import Any, NamedTuple

import scipy.sparse as sp

from hierax.planning.backend import Array, namespace, planning_namespace
from hierax.planning.bellman import solve_bellman
from hierax.planning.evaluation import PolicyChain
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.operators import LogSumExp

TOLERANCE = 1e-12
"""Absolute accuracy of the planner; the gradient is exact for the value that it finds."""


class RewardGradient(NamedTuple):
    """The extrinsic return of an intrinsic reward, its gradient and the policy.

    Attributes:
        value: ``J``, expected extrinsic return from ``mdp.initial``.
        gradient: ``(S, A)`` derivative of ``J`` with respect to the intrinsic reward; 0 at
            unavailable pairs.
        policy: ``(S, A)`` soft-optimal policy for the intrinsic reward.
    """

    value: Any
    gradient: Array
    policy: Array


def intrinsic_reward_gradient(
    mdp: TabularMDP, intrinsic_reward: Any, temperature: Any
) -> RewardGradient:
    """Return ``∂J/∂r_θ`` by the adjoint equations of the module.

    Args:
        mdp: the model with the *extrinsic* reward, and the discount of both rewards.
        intrinsic_reward: ``r_θ (S, A)``, in units of the temperature.
        temperature: τ > 0 of the planner. The gradient grows like 1/τ and is zero if the policy is
            saturated.

    Returns:
        A `RewardGradient`.

    Raises:
        ValueError: if an argument has the wrong shape or is not finite, or τ is not positive.
    """
    mdp = as_model(mdp)
    planner = LogSumExp(temperature)
    plan = solve_bellman(mdp.with_reward(intrinsic_reward), planner, "auto", TOLERANCE)
    chain = PolicyChain(mdp, plan.policy)
    policy = chain.policy
    xp = planning_namespace(mdp, policy)
    value, visits = chain.value(), chain.occupancy(mdp.initial)
    q = xp.where(mdp.available, mdp.backup(value), 0.0)
    through_softmax = _softmax_adjoint(policy, visits[:, None] * q, temperature)
    state = chain.system.solve_transposed(_landing(mdp.discounted_transition, through_softmax))
    return RewardGradient(
        value=mdp.initial @ value,
        gradient=through_softmax + state[:, None] * policy,
        policy=policy,
    )


def _softmax_adjoint(policy: Array, cotangent: Array, temperature: Any) -> Array:
    """Return ``π ∘ (π̄ - Σ_a π π̄) / τ``."""
    mean = (policy * cotangent).sum(axis=-1, keepdims=True)
    return policy * (cotangent - mean) / temperature


def _landing(transition: Any, weights: Array) -> Array:
    """Return ``Σ_{s,a} Γ∘P(s, a, ·) w(s, a)``, ``(S,)``."""
    if sp.issparse(transition):
        return transition.T @ weights.ravel()
    return namespace(transition, weights).einsum("sat,sa->t", transition, weights)
