"""Measurements of the optima of `kl_optima` in random models, and of mistakes."""

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import softmax

from hierax.experiments.kl_bounds import exceeds
from hierax.experiments.kl_models import Process, distributions
from hierax.experiments.kl_optima import (
    action_values,
    best_default,
    optimal_value,
    policy_value,
    tilted,
    visits,
)
from hierax.experiments.kl_paths import divergence

SUPPORT = 0.7
"""Probability that an action is in the support of a default policy."""
OTHERS = 10
"""Policies and defaults that are compared with the optimum; one half is close to it."""
NEAR = 0.01
"""Share of a random distribution in one that is close to the optimum."""
LARGE_WEIGHT, SMALL_WEIGHT = 1e4, 1e-3
"""α of the two limits."""


def policy_checks(
    rng: np.random.Generator, process: Process
) -> dict[str, Shaped[np.ndarray, " M"]]:
    """Return measurements of (2) to (4) for random defaults, which exclude some actions."""
    raw = distributions(rng, *process.reward.shape)
    is_supported = (rng.random(raw.shape) < SUPPORT) | (raw == raw.max(axis=-1, keepdims=True))
    default = _normalised(raw * is_supported)
    value = optimal_value(process, default)
    policy = tilted(process, default, value)
    best_value = policy_value(process, _normalised(policy), default)
    others = [distributions(rng, *raw.shape) * is_supported for _ in range(OTHERS)]
    mixed = _among(_normalised(policy), [_normalised(other) for other in others])
    values = np.stack([policy_value(process, other, default) for other in mixed], axis=1)
    exponent = action_values(process, value) / process.weight[:, None, None]
    untilted = softmax(np.where(is_supported, exponent, -np.inf), axis=-1)
    return {
        "violations": exceeds(values, np.broadcast_to(value[:, None], values.shape)),
        "sum_error": np.abs(policy.sum(axis=-1) - 1.0).max(axis=1),
        "value_error": np.abs(value - best_value).max(axis=1),
        **_limits(process, default),
        "mistake_untilted": exceeds(value, policy_value(process, untilted, default)),
    }


def default_checks(
    rng: np.random.Generator, process: Process
) -> dict[str, Shaped[np.ndarray, " M"]]:
    """Return measurements of (5) for random policies, and random views that hide something."""
    models, states, _ = process.reward.shape
    policy = distributions(rng, *process.reward.shape)
    view = rng.integers(0, rng.integers(1, states), (models, states))
    is_alike = view[:, :, None] == view[:, None]
    is_same = np.broadcast_to(np.eye(states) > 0.0, is_alike.shape)
    weights = visits(process, policy)
    best = best_default(policy, weights, is_alike)
    first = is_alike.argmax(axis=-1)[..., None]
    raw = [distributions(rng, *policy.shape) for _ in range(OTHERS)]
    others = _among(best, [np.take_along_axis(each, first, axis=1) for each in raw])
    unweighted = best_default(policy, np.ones_like(weights), is_alike)
    values = [policy_value(process, policy, each) for each in (best, *others, unweighted)]
    objective = np.einsum("kms,ms->mk", values, process.start)
    gains = objective[:, :1] - objective[:, 1:]
    lost = [(weights * divergence(best, each)).sum(axis=1) for each in (*others, unweighted)]
    expected = (process.weight / (1.0 - process.discount) * lost).T
    whole = best_default(policy, weights, is_same)
    return {
        "violations": exceeds(-gains, np.zeros_like(gains)),
        "gain_error": (np.abs(gains - expected) / (1.0 + expected)).max(axis=1),
        "unrestricted_error": np.abs(whole - policy).max(axis=(1, 2)),
        "mistake_unweighted": exceeds(gains[:, -1], np.zeros(models)),
    }


def _limits(process: Process, default: np.ndarray) -> dict[str, Float[np.ndarray, " M"]]:
    """Return distances of π* from both limits, and their shares of the bounds in `kl_optima`."""
    free, strong, weak = (
        process._replace(weight=np.full_like(process.weight, weight))
        for weight in (0.0, SMALL_WEIGHT, LARGE_WEIGHT)
    )
    value = optimal_value(weak, default)
    difference = np.abs(tilted(weak, default, value) - default).max(axis=(1, 2))
    span = np.ptp(action_values(weak, value), axis=(1, 2))
    greedy = _normalised(tilted(strong, default, optimal_value(strong, default)))
    loss = (optimal_value(free, default) - policy_value(free, greedy, default)).max(axis=1)
    rarest = np.where(default > 0.0, default, 1.0).min(axis=(1, 2))
    most = -SMALL_WEIGHT * np.log(rarest) / (1.0 - process.discount)
    return {
        "large_weight_difference": difference,
        "large_weight_share": difference / np.expm1(span / LARGE_WEIGHT),
        "small_weight_loss": loss,
        "small_weight_share": loss / most,
    }


def _among(best: np.ndarray, others: list[np.ndarray]) -> list[np.ndarray]:
    """Return the others, with every second one close to the best."""
    return [
        (1.0 - NEAR) * best + NEAR * other if index % 2 else other
        for index, other in enumerate(others)
    ]


def _normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=-1, keepdims=True)
