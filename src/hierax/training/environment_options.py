"""Options of Gymnasium environments in terms of JSON, and back with the same types."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_TUPLE, _DICT, _ARRAY, _FLOAT, _OTHER = "tuple", "dictionary", "array", "number", "not saved"
"""Keys of an object that stands for a value that JSON lacks."""


def encoded(value: Any) -> Any:
    """Return ``value`` in terms of JSON; of a function or another object, its name only."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, tuple):
        return {_TUPLE: [encoded(item) for item in value]}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_DICT: {key: encoded(item) for key, item in value.items()}}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {_ARRAY: encoded(value.tolist()), "dtype": str(value.dtype)}
    return {_OTHER: named(value)}


def decoded(name: str, value: Any) -> Any:
    """Return the value that `encoded` was given.

    Args:
        name: of the option, for the error.
        value: its result.

    Raises:
        ValueError: if the value was not saved.
    """
    if isinstance(value, list):
        return [decoded(name, item) for item in value]
    if not isinstance(value, dict):
        return value
    if _OTHER in value:
        raise ValueError(
            f"option {name!r} is {value[_OTHER]}, which is not saved with a run: give the world, "
            "as in hierax.load(run, world=...)"
        )
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _DICT in value:
        return {key: decoded(name, item) for key, item in value[_DICT].items()}
    if _ARRAY in value:
        return np.array(decoded(name, value[_ARRAY]), value["dtype"])
    return tuple(decoded(name, item) for item in value[_TUPLE])


def named(value: Any) -> str:
    """Return module and name of a function or class, or the type of another object."""
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return f"an object of type {type(value).__module__}:{type(value).__qualname__}"
