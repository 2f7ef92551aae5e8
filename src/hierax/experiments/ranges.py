"""Ranges of measurements, by their names in tables, for intervals."""

import re

from hierax.statistics import POSITIVE, UNIT, Range

_RANGES: dict[str, Range] = {
    r"success[\w.]*": UNIT,
    "straightness": UNIT,
    "agreement": UNIT,
    "relative_value": UNIT,
    r"[vg]\d+": UNIT,  # relative values after a number of sweeps
    "turns": UNIT,
    "position": UNIT,  # share of its variance that a goal space holds
    "cosine": (-1.0, 1.0),
    "distance": POSITIVE,
    "goal_size": POSITIVE,
    r"missed_[\d.]+": POSITIVE,
    "kl": POSITIVE,
    r"k\d+": POSITIVE,  # sweeps to a relative value
    r"\w+_error": POSITIVE,
}


def range_of(name: str) -> Range | None:
    """Return the range of a measurement or metric, or None if it has no bounds.

    Args:
        name: such as ``"success_at_the_end"`` or ``"sampled/success"``.
    """
    last = name.rpartition("/")[2]
    return next((found for pattern, found in _RANGES.items() if re.fullmatch(pattern, last)), None)
