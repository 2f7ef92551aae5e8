"""Values in the terms of JSON, which knows neither arrays nor infinity."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def plain(value: Any) -> Any:
    """``value`` with arrays as numbers or lists, and None for NaN and infinities."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
