"""Normalisation of observations by their running mean and variance."""

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

BOUND = 10.0
"""Normalised numbers are clipped to ±10."""
COUNT_LIMIT = 2**30
"""Counting stops here, far below the largest int32. Later rows then weigh as in a moving mean."""
LEAST_SCALE = 1e-4
"""Least standard deviation that is divided by, for numbers that have not varied."""


class RunningStatistics(eqx.Module):
    """Mean and variance of each of D numbers over all rows so far.

    A float32 mean over a million rows would not change when one more row is added: the step is
    below its last digit. So each moment also keeps its rounding error (Kahan 1965), which is added
    to the next step.

    Attributes:
        count: () int32, rows so far, at most `COUNT_LIMIT`.
        mean: ``(D,)``.
        variance: ``(D,)``, mean of squared deviations.
        mean_rest: ``(D,)``, rounding error of ``mean``.
        variance_rest: ``(D,)``, rounding error of ``variance``.
    """

    count: Int[Array, ""]
    mean: Float[Array, "D"]
    variance: Float[Array, "D"]
    mean_rest: Float[Array, "D"]
    variance_rest: Float[Array, "D"]


def empty(size: int) -> RunningStatistics:
    """Return statistics of ``size`` numbers before the first row."""
    zeros = jnp.zeros(size, jnp.float32)
    return RunningStatistics(jnp.zeros((), jnp.int32), zeros, zeros, zeros, zeros)


def update(
    statistics: RunningStatistics, x: Float[Array, "N D"], mask: Bool[Array, "N"]
) -> RunningStatistics:
    """Return statistics of all rows so far and of the rows of ``x`` where ``mask`` is True.

    Two sets of rows with weights 1 - w and w and means that differ by δ have the joint mean μ + wδ
    and the joint variance σ² + w (σ_b² - σ² + (1 - w) δ²) (Chan, Golub & LeVeque 1979). Deviations
    are taken from the running mean, so that a large offset is never squared.

    Args:
        statistics: of the rows so far.
        x: ``(N, D)`` new rows; masked rows may hold anything, NaN too.
        mask: ``(N,)``, False for rows to leave out.

    Raises:
        ValueError: where shapes disagree.
    """
    _require_rows(statistics, x, mask)
    rows = jnp.sum(mask, dtype=jnp.int32)
    count = jnp.minimum(statistics.count, COUNT_LIMIT - rows) + rows
    weight = rows / jnp.maximum(count, 1).astype(jnp.float32)

    chosen = mask[:, None]
    deviation = jnp.where(chosen, x - statistics.mean - statistics.mean_rest, 0.0)
    divisor = jnp.maximum(rows, 1)
    shift = jnp.sum(deviation, axis=0) / divisor
    centred = jnp.where(chosen, deviation - shift, 0.0)
    # The very first deviations are whole offsets. Their sum is rounded; this corrects for it.
    correction = jnp.sum(centred, axis=0) / divisor
    spread = jnp.sum(centred**2, axis=0) / divisor - correction**2
    shift = shift + correction

    variance = statistics.variance + statistics.variance_rest
    growth = weight * (spread - variance + (1 - weight) * shift**2)
    mean, mean_rest = _add(statistics.mean, statistics.mean_rest, weight * shift)
    variance, variance_rest = _add(statistics.variance, statistics.variance_rest, growth)
    return RunningStatistics(count, mean, variance, mean_rest, variance_rest)


def normalise(statistics: RunningStatistics, x: Float[Array, "... D"]) -> Float[Array, "... D"]:
    """Return (x - mean) / standard deviation, clipped to ±`BOUND`; clipped x before any row."""
    scale = jnp.maximum(jnp.sqrt(jnp.maximum(statistics.variance, 0.0)), LEAST_SCALE)
    scale = jnp.where(statistics.count > 0, scale, 1.0)
    return jnp.clip((x - statistics.mean) / scale, -BOUND, BOUND)


def _add(total: Array, rest: Array, step: Array) -> tuple[Array, Array]:
    """Return ``total + step + rest`` and the rounding error of that sum."""
    step = step + rest
    added = total + step
    return added, step - (added - total)


def _require_rows(statistics: RunningStatistics, x: Array, mask: Array) -> None:
    size = statistics.mean.size
    if x.ndim != 2 or x.shape[1] != size:
        raise ValueError(f"x must have shape (N, {size}), got {x.shape}")
    if mask.shape != x.shape[:1]:
        raise ValueError(f"mask must have shape {x.shape[:1]}, got {mask.shape}")
