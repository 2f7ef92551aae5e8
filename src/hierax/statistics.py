"""Averages over seeds with confidence intervals that hold for few seeds.

The average is the interquartile mean (Agarwal et al. 2021, "Deep reinforcement learning at the edge
of the statistical precipice"). Its interval is that of Student's t about it,

    iqm ± 1.09 t(0.975, n - 1) s / √n

with the standard deviation s of n seeds. In normal data the interquartile mean of many seeds has
1.09 times the standard error of the mean (Tukey and McLaughlin 1963); with fewer than four seeds
nothing is trimmed and the factor is 1. ``tests/test_statistics.py`` simulates the coverage with 5
and with 10 seeds: 96 % of normal data, 95 % of gamma data of shape 2, and 94 % of success rates
over 20 episodes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.stats
from jaxtyping import Float

CONFIDENCE = 0.95
TRIMMED = 0.25
"""Share of seeds that the interquartile mean leaves out at each end."""
INTERVAL = "95 % Student t of the interquartile mean"
"""Description of the intervals, for settings."""
Range: TypeAlias = tuple[float, float]
"""The least and the largest possible score; either may be infinite."""
UNIT: Range = (0.0, 1.0)
POSITIVE: Range = (0.0, np.inf)
_TRIMMING_COST = 1.09


def interval(values: Any, bounds: Range | None = None) -> dict[str, Any]:
    """Return mean, interquartile mean, the 95 % interval of the latter, and the values.

    Args:
        values: ``(n,)`` one number for each seed. If one is missing (NaN), all averages are None.
        bounds: range of the score, see `iqm_interval`.

    Returns:
        ``mean``, ``iqm``, ``low``, ``high``, and ``values``.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        return {**dict.fromkeys(("mean", "iqm", "low", "high")), "values": numbers.tolist()}
    found = {name: float(end) for name, end in iqm_interval(numbers, bounds).items()}
    return {"mean": float(numbers.mean()), **found, "values": numbers.tolist()}


def iqm_interval(
    values: Float[np.ndarray, "seeds *times"], bounds: Range | None = None
) -> dict[str, np.ndarray]:
    """Return the interquartile mean over seeds, and its 95 % interval.

    Where all seeds agree on the score c of a range [a, b], the interval is not a point. If the
    probability of a score as high as c is below p = 0.025^(1/n), then n seeds all reach c in less
    than 2.5 % of all cases. Otherwise the mean is at least c - (1 - p) (c - a), and the
    interquartile mean is at least c - 2 (3/4 - p) (c - a). The lower end is the lower one of both,
    and the upper end is found in the same way.

    Args:
        values: one row for each seed.
        bounds: range of the score. Intervals do not exceed it. If it is not finite, the interval of
            seeds that agree, or of one seed, is a point: they do not tell how much others differ.

    Returns:
        ``iqm``, ``low`` and ``high``, each of the shape of a row; NaN where a seed is not finite.
    """
    missing = ~np.isfinite(values).all(axis=0)
    values = np.where(missing, 0.0, values)
    agree = np.ptp(values, axis=0) == 0.0
    centre = np.where(agree, values[0], scipy.stats.trim_mean(values, TRIMMED, axis=0))
    half = np.where(agree, 0.0, _half_width(values))
    low, high = centre - half, centre + half
    if bounds is not None:
        low, high = np.clip(low, *bounds), np.clip(high, *bounds)
    if bounds is not None and np.isfinite(bounds).all():
        share = _share_beyond(len(values))
        low = np.where(agree, centre - share * (centre - bounds[0]), low)
        high = np.where(agree, centre + share * (bounds[1] - centre), high)
    found = {"iqm": centre, "low": low, "high": high}
    return {name: np.where(missing, np.nan, end) for name, end in found.items()}


def over_rows(
    rows: Sequence[Mapping[str, Any]], range_of: Callable[[str], Range | None]
) -> dict[str, dict[str, Any]]:
    """Return the `interval` of each measurement over rows with the same keys; None is missing.

    Args:
        rows: measurements by name, one row for each seed.
        range_of: returns the range of a measurement by its name.
    """
    return {
        name: interval([np.nan if row[name] is None else row[name] for row in rows], range_of(name))
        for name in rows[0]
    }


def _half_width(values: np.ndarray) -> Any:
    seeds = len(values)
    if seeds == 1:
        return 0.0
    cost = _TRIMMING_COST if int(TRIMMED * seeds) else 1.0
    quantile = scipy.stats.t.ppf((1.0 + CONFIDENCE) / 2.0, seeds - 1)
    return cost * quantile * values.std(axis=0, ddof=1) / np.sqrt(seeds)


def _share_beyond(seeds: int) -> float:
    """Return the share of the range that an average may lie away from a score all seeds have."""
    least = ((1.0 - CONFIDENCE) / 2.0) ** (1.0 / seeds)
    trimmed = (1.0 - TRIMMED - least) / (1.0 - 2.0 * TRIMMED)
    return float(max(1.0 - least, min(trimmed, 1.0)))
