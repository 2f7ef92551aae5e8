"""Options of `reset`: fields of the world, and a mask of the environments to reset."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from hierax.registry import unknown
from hierax.worlds.host import FunctionalHostWorld

MASK = "reset_mask"
"""Option of a vector environment: ``(N,)`` bool, the environments to reset."""


def with_options(world: Any, options: Mapping[str, Any] | None) -> Any:
    """Return ``world`` with the fields in ``options``; the same object without any.

    Raises:
        ValueError: if the world has no such field, or the field changes its spaces.
    """
    if not options:
        return world
    if isinstance(world, FunctionalHostWorld):
        return FunctionalHostWorld(with_options(world.world, options))
    name = world.spec.name
    fields = [field.name for field in dataclasses.fields(world)] if _has_fields(world) else []
    for option in options:
        if option not in fields:
            raise ValueError(unknown(f"option of reset of {name}", option, fields))
    changed = dataclasses.replace(world, **options)
    if changed == world:
        return world
    if (changed.spec.views, changed.spec.action) != (world.spec.views, world.spec.action):
        raise ValueError(
            f"options of reset must not change the spaces of {name}, got {dict(options)}: make "
            "another environment"
        )
    return changed


def reset_mask(options: Mapping[str, Any] | None, count: int) -> np.ndarray | None:
    """Return the mask among ``options``; None if there is none.

    Raises:
        ValueError: if it is not a boolean array ``(N,)`` with a True entry, or there are other
            options beside it.
    """
    if not options or MASK not in options:
        return None
    mask = options[MASK]
    fits = isinstance(mask, np.ndarray) and mask.shape == (count,) and mask.dtype == bool
    if not fits or not mask.any():
        raise ValueError(
            f"{MASK} must be a boolean NumPy array of shape ({count},) with a True entry, got "
            f"{mask!r}"
        )
    if len(options) > 1:
        others = ", ".join(repr(name) for name in options if name != MASK)
        raise ValueError(
            f"options beside {MASK} must be left out, because all environments are of one world, "
            f"got {others}"
        )
    return mask


def _has_fields(world: Any) -> bool:
    return dataclasses.is_dataclass(world) and not isinstance(world, type)
