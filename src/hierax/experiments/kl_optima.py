"""Optimal policies and optimal default policies of KL-regularised RL (Tirumala et al. 2019).

The objective is L = E Σ_t γ^t [r_t - α KL(π(· | s_t) ‖ π₀(· | s_t))], here from t = 0.

    (2)  π*(a | s) = π₀(a | s) exp((Q*(s, a) - V*(s)) / α)
    (3)  Q*(s, a) = r(s, a) + γ E V*(s')
    (4)  V*(s) = α log Σ_a π₀(a | s) exp(Q*(s, a) / α)
    (5)  π₀*(a | v) = E[π(a | s) | v]

In (5) the default sees only a part v of the state. The expectation is over the discounted visits
d(s) = (1 - γ) Σ_t γ^t P(s_t = s) of π, and
L(π, π₀*) - L(π, π₀) = α / (1 - γ) Σ_s d(s) KL(π₀*(· | v(s)) ‖ π₀(· | v(s))).

For α → ∞, |π* - π₀| ≤ exp((max Q* - min Q*) / α) - 1. For α → 0, the return of π* without KL is at
most α max log(1 / π₀) / (1 - γ) below that of the greedy policy, both in the support of π₀.
"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import logsumexp

from hierax.experiments.kl_models import Process
from hierax.experiments.kl_paths import divergence

LEAST_POWER = 1e-16
"""Value iteration ends when γ^n is below this number."""


def action_values(process: Process, value: Float[np.ndarray, "M S"]) -> Float[np.ndarray, "M S A"]:
    """Return r(s, a) + γ E V(s')."""
    following = np.einsum("msat,mt->msa", process.transition, value)
    return process.reward + process.discount[:, None, None] * following


def optimal_value(
    process: Process, default: Float[np.ndarray, "M S A"]
) -> Float[np.ndarray, "M S"]:
    """Return V* by value iteration with (3) and (4); for α = 0, of the greedy policy."""
    alpha, value = process.weight[:, None, None], np.zeros(default.shape[:2])
    for _ in range(int(np.ceil(np.log(LEAST_POWER) / np.log(process.discount.max())))):
        q = action_values(process, value)
        if alpha.any():
            value = alpha[..., 0] * logsumexp(q / alpha, b=default, axis=-1)
        else:
            value = np.where(default > 0.0, q, -np.inf).max(axis=-1)
    return value


def tilted(
    process: Process, default: Float[np.ndarray, "M S A"], value: Float[np.ndarray, "M S"]
) -> Float[np.ndarray, "M S A"]:
    """Return the policy of (2) for V; it sums to 1 if V is V*."""
    advantage = action_values(process, value) - value[..., None]
    exponent = advantage / process.weight[:, None, None]
    return default * np.exp(np.where(default > 0.0, exponent, -np.inf))


def policy_value(
    process: Process, policy: Float[np.ndarray, "M S A"], default: Float[np.ndarray, "M S A"]
) -> Float[np.ndarray, "M S"]:
    """Return the value of a policy with the reward r - α KL."""
    reward = (policy * process.reward).sum(axis=-1)
    reward = reward - process.weight[:, None] * divergence(policy, default)
    return np.linalg.solve(_system(process, policy), reward[..., None])[..., 0]


def visits(process: Process, policy: Float[np.ndarray, "M S A"]) -> Float[np.ndarray, "M S"]:
    """Return d."""
    system = _system(process, policy).swapaxes(1, 2)
    found = np.linalg.solve(system, process.start[..., None])[..., 0]
    return (1.0 - process.discount[:, None]) * found


def best_default(
    policy: Float[np.ndarray, "M S A"],
    weights: Float[np.ndarray, "M S"],
    is_alike: Bool[np.ndarray, "M S S"],
) -> Float[np.ndarray, "M S A"]:
    """Return π₀* of (5) in each state, from π, d, and which states have the same part v."""
    joint = np.einsum("mst,mt,mta->msa", is_alike, weights, policy)
    return joint / joint.sum(axis=-1, keepdims=True)


def _system(process: Process, policy: np.ndarray) -> np.ndarray:
    """Return I - γ P_π."""
    chain = np.einsum("msa,msat->mst", policy, process.transition)
    return np.eye(chain.shape[-1]) - process.discount[:, None, None] * chain
