"""The divergence of latents as a bound on that of actions (Tirumala et al. 2019).

With π(a, z | x) = π^H(z | x) π^L(a | z, x) for the policy, and likewise for the default π₀,

    (6)   KL(a | x) ≤ KL(z | x) + E_π(z | x) KL(a | z, x)
          gap = E_π(a | x) KL(π(z | a, x) ‖ π₀(z | a, x))
    (27)  E_τ Σ_t γ^t [r_t - α KL(a_t | x_t)]
              ≥ E_η Σ_t γ^t [r_t - α 1_p(t) KL(z_t | x_t) - α KL(a_t | z_t, x_t)]
          gap = α Σ_t w_t E_τ KL(π(ζ | τ_t) ‖ π₀(ζ | τ_t))
    (30)  Σ_t γ^t c_t = Σ_t w_t Σ_{u ≤ t} c_u,   w_t = (1 - γ) γ^t for t < T,   w_T = γ^T

KL is that of the policy from the default, t = 1 .. T, and ζ are the latents up to t. A latent is
drawn if 1_p(t) = [(t - 1) mod p = 0]; for p = 1, (27) is (9). The paper has [t mod p = 1], which is
0 for all t if p = 1. On the left side x_t = (τ_{t-1}, s_t) has no latents, so that π(a_t | x_t)
needs a filter. The gap is what (29) drops in every prefix τ_t. No w_t is negative if 0 ≤ γ ≤ 1. The
derivation holds for any π₀^H(z_t | z_{t-1}, ..), then with a filter for the default, too.
"""

import numpy as np
from jaxtyping import Bool, Float, Shaped

from hierax.experiments.kl_models import Hierarchy, Process
from hierax.experiments.kl_paths import (
    HORIZON,
    divergence,
    filtered,
    latent_terms,
    marginal_terms,
    path_probabilities,
    posterior_divergence,
)

STEPS = np.arange(1, HORIZON + 1)
LARGE_DISCOUNT = 1.5
"""A discount for which some w_t are negative."""
ROUNDING = 1e-12
"""Excess over a bound, relative to 1 + its size, that counts as rounding."""


def exceeds(
    value: Float[np.ndarray, "M *rest"], bound: Float[np.ndarray, "M *rest"]
) -> Bool[np.ndarray, " M"]:
    """Return the models in which a value is anywhere above its bound by more than rounding."""
    above = value > bound + ROUNDING * (1.0 + np.abs(bound))
    return above.reshape(len(above), -1).max(axis=1)


def indicator(period: int) -> Bool[np.ndarray, " T"]:
    """Return 1_p(t) = [(t - 1) mod p = 0]."""
    return (STEPS - 1) % period == 0


def printed_indicator(period: int) -> Bool[np.ndarray, " T"]:
    """Return [t mod p = 1], as printed in the paper."""
    return STEPS % period == 1


def prefix_weights(discount: Float[np.ndarray, " M"], horizon: int) -> Float[np.ndarray, "M T"]:
    """Return w_t of (30)."""
    weights = discount[:, None] ** np.arange(1, horizon + 1)
    weights[:, :-1] *= 1.0 - discount[:, None]
    return weights


def one_step(
    high: Float[np.ndarray, "M Z"],
    low: Float[np.ndarray, "M Z A"],
    default_high: Float[np.ndarray, "M Z"],
    default_low: Float[np.ndarray, "M Z A"],
) -> dict[str, Shaped[np.ndarray, " M"]]:
    """Return the violations of (6), its error, the ratio of its sides, and a mistake."""
    joint, default = high[..., None] * low, default_high[..., None] * default_low
    action = divergence(joint.sum(axis=1), default.sum(axis=1))
    latent = divergence(high, default_high) + (high * divergence(low, default_low)).sum(axis=1)
    reverse = divergence(default_high, high) + (high * divergence(default_low, low)).sum(axis=1)
    gap = posterior_divergence(joint[:, None], default[:, None])
    return {
        "violations": exceeds(action, latent),
        "one_step_gap_error": np.abs(latent - action - gap),
        "ratio": _ratio(action, latent),
        "mistake_reverse": exceeds(action, reverse),
    }


def objectives(
    process: Process, policy: Hierarchy, default: Hierarchy, period: int
) -> dict[str, Shaped[np.ndarray, " M"]]:
    """Return the violations of (27), its errors, the ratio of its divergences, and mistakes."""
    marginals = [filtered(h, period) for h in (policy, default)]
    reward, action = marginal_terms(process, marginals[0], *marginals)
    latent_reward, high, low = latent_terms(process, policy, default, period)
    latent = indicator(period) * high + low
    discounts, weight = process.discount[:, None] ** STEPS, process.weight[:, None]
    left = (discounts * (reward - weight * action)).sum(axis=1)
    right = (discounts * (latent_reward - weight * latent)).sum(axis=1)

    paths = [path_probabilities(process, h, period) for h in (policy, default)]
    dropped = [posterior_divergence(*pair) for pair in zip(*paths, strict=True)]
    gap = prefix_weights(process.discount, HORIZON) * np.stack(dropped, axis=1)
    action_sum, latent_sum = ((discounts * part).sum(axis=1) for part in (action, latent))
    printed = (discounts * (printed_indicator(period) * high + low)).sum(axis=1)
    redrawn = [filtered(h, 1) for h in (policy, default)]
    _, unfiltered = marginal_terms(process, marginals[0], *redrawn)
    return {
        "violations": exceeds(right, left),
        "reward_error": np.abs(reward - latent_reward).max(axis=1),
        "gap_error": np.abs(latent_sum - action_sum - gap.sum(axis=1)),
        "ratio": _ratio(action_sum, latent_sum),
        "mistake_printed_indicator": exceeds(action_sum, printed),
        "mistake_no_filter": exceeds((discounts * unfiltered).sum(axis=1), latent_sum),
        "mistake_large_discount": exceeds(*(x @ LARGE_DISCOUNT**STEPS for x in (action, latent))),
        "mistake_single_steps": exceeds(action, latent),
    }


def summation_error(
    discount: float, sequences: Float[np.ndarray, "M T"]
) -> dict[str, Float[np.ndarray, " M"]]:
    """Return the error of (30)."""
    models, horizon = sequences.shape
    direct = discount ** np.arange(1, horizon + 1) * sequences
    by_parts = prefix_weights(np.full(models, discount), horizon) * sequences.cumsum(axis=1)
    return {"summation_error": np.abs(direct.sum(axis=1) - by_parts.sum(axis=1))}


def _ratio(action: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """Return action / latent, and 1 where both are 0."""
    return np.where(latent > 0.0, action / np.where(latent > 0.0, latent, 1.0), 1.0)
