"""Averages over seeds with bootstrap confidence intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats
from jaxtyping import Float

RESAMPLES = 2_000
CONFIDENCE = 0.95


def interval(values: Any) -> dict[str, float | None]:
    """Return mean, interquartile mean, and the 95 % percentile bootstrap interval of the mean.

    Args:
        values: ``(n,)`` one number for each seed. If one is missing (NaN), all results are None.

    Returns:
        ``mean``, ``iqm``, ``low`` and ``high``; all are the value itself if there is only one.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        return dict.fromkeys(("mean", "iqm", "low", "high"))
    low = high = numbers.mean()
    if numbers.size > 1 and np.ptp(numbers) > 0.0:
        found = scipy.stats.bootstrap(
            (numbers,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE,
            method="percentile", rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        low, high = found.low, found.high
    return {
        "mean": float(numbers.mean()),
        "iqm": float(scipy.stats.trim_mean(numbers, 0.25)),
        "low": float(low),
        "high": float(high),
    }


def iqm_curve(curves: Float[np.ndarray, "seeds times"]) -> dict[str, np.ndarray]:
    """Return the interquartile mean over seeds at each time, and its 95 % bootstrap interval.

    Agarwal, Schwarzer, Castro, Courville & Bellemare (2021), "Deep reinforcement learning at the
    edge of the statistical precipice". The bootstrap resamples seeds with replacement; each seed
    keeps its whole curve. There is one world, so there is one stratum.

    Args:
        curves: one row for each seed.

    Returns:
        ``iqm``, ``low`` and ``high``, each ``(times,)``; all are the curve if there is one seed.
    """
    seeds = len(curves)
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    bounds = 50.0 * (1.0 - CONFIDENCE), 50.0 * (1.0 + CONFIDENCE)
    intervals = [
        np.percentile(scipy.stats.trim_mean(values[drawn], 0.25, axis=1), bounds)
        for values in curves.T
    ]
    low, high = np.array(intervals).reshape(-1, 2).T
    return {"iqm": scipy.stats.trim_mean(curves, 0.25, axis=0), "low": low, "high": high}


def over_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return the `interval` of each measurement over rows with the same keys; None is missing."""
    return {
        name: interval([np.nan if row[name] is None else row[name] for row in rows])
        for name in rows[0]
    }
