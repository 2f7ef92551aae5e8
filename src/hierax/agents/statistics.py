"""Running mean and variance of observations, to normalise what a network sees.

`Statistics` change by `update` alone. A level that is frozen is one whose statistics are no longer
updated: they belong to its parameters, since a policy with other statistics is another policy.
"""

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

BOUND = 10.0
"""Normalised numbers are clipped to ±10: what is rarer than that tells a network nothing more."""
COUNT_LIMIT = 2**30
"""Counting stops here, far below the largest int32. From then on the oldest rows are forgotten."""
LEAST_SCALE = 1e-4
"""Of a number that never varied. What differs from it later is as far off as `BOUND` allows."""


class Statistics(eqx.Module):
    """Mean and variance of each of D numbers over all rows so far.

    In float32 a mean over a million rows no longer moves when one more row is added plainly: the
    step is below its last digit. So each moment keeps beside it what was lost to rounding (Kahan
    1965), and the next step takes that along.

    Attributes:
        count: () int32, rows so far, at most `COUNT_LIMIT`.
        mean: ``(D,)``.
        variance: ``(D,)``, mean of squared deviations.
        mean_rest: ``(D,)``, what ``mean`` lost to rounding.
        variance_rest: ``(D,)``, what ``variance`` lost to rounding.
    """

    count: Int[Array, ""]
    mean: Float[Array, "D"]
    variance: Float[Array, "D"]
    mean_rest: Float[Array, "D"]
    variance_rest: Float[Array, "D"]


def empty(size: int) -> Statistics:
    """Statistics of ``size`` numbers before the first row."""
    zeros = jnp.zeros(size, jnp.float32)
    return Statistics(jnp.zeros((), jnp.int32), zeros, zeros, zeros, zeros)


def update(statistics: Statistics, x: Float[Array, "N D"], mask: Bool[Array, "N"]) -> Statistics:
    """Statistics of all rows so far and of those rows of ``x`` where ``mask`` is True.

    Two sets of rows of weights 1 - w and w, of means that differ by δ, have together the mean μ +
    wδ and the variance σ² + w (σ_b² - σ² + (1 - w) δ²) (Chan, Golub & LeVeque 1979). Deviations are
    taken from the running mean, so that a large offset is never squared.

    Args:
        statistics: of the rows so far.
        x: new rows; those that are masked may hold anything, NaN too.
        mask: False for rows to leave out.

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
    # The very first deviations are whole offsets: their sum is rounded, and this makes up for it.
    correction = jnp.sum(centred, axis=0) / divisor
    spread = jnp.sum(centred**2, axis=0) / divisor - correction**2
    shift = shift + correction

    variance = statistics.variance + statistics.variance_rest
    growth = weight * (spread - variance + (1 - weight) * shift**2)
    mean, mean_rest = _add(statistics.mean, statistics.mean_rest, weight * shift)
    variance, variance_rest = _add(statistics.variance, statistics.variance_rest, growth)
    return Statistics(count, mean, variance, mean_rest, variance_rest)


def normalise(statistics: Statistics, x: Float[Array, "... D"]) -> Float[Array, "... D"]:
    """(x - mean) / standard deviation, clipped to ±`BOUND`; x itself, clipped, before any row."""
    scale = jnp.maximum(jnp.sqrt(jnp.maximum(statistics.variance, 0.0)), LEAST_SCALE)
    scale = jnp.where(statistics.count > 0, scale, 1.0)
    return jnp.clip((x - statistics.mean) / scale, -BOUND, BOUND)


def _add(total: Array, rest: Array, step: Array) -> tuple[Array, Array]:
    """``total + step`` and what it loses to rounding, with what was lost before taken along."""
    step = step + rest
    added = total + step
    return added, step - (added - total)


def _require_rows(statistics: Statistics, x: Array, mask: Array) -> None:
    size = statistics.mean.size
    if x.ndim != 2 or x.shape[1] != size:
        raise ValueError(f"x has shape {x.shape}, but must have shape (N, {size})")
    if mask.shape != x.shape[:1]:
        raise ValueError(f"mask has shape {mask.shape}, but must have shape {x.shape[:1]}")
