"""Values as JSON can hold them: JSON has no arrays, no NaN and no infinities."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def to_json(value: Any, digits: int | None = None) -> Any:
    """Return ``value`` with arrays as lists, and None for NaN and infinities.

    Args:
        value: mappings, sequences, arrays, numbers, or what JSON holds already.
        digits: significant digits that floats are rounded to; None keeps all of them.
    """
    if isinstance(value, Mapping):
        return {str(name): to_json(item, digits) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return to_json(np.asarray(value).tolist(), digits)
    if isinstance(value, list | tuple | range):
        return [to_json(item, digits) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    return value
