"""Options of `reset`: fields of the world, and a mask of the environments to reset."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from hierax.registry import unknown
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.host import FunctionalHostWorld
from hierax.worlds.registry import make

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
    if isinstance(world, ActingWorld) and world.made is not None:
        changed = _made_again(world, _hashable(world, options))
    else:
        changed = _replaced(world, options)
    if changed == world:
        return world
    if (changed.spec.views, changed.spec.action) != (world.spec.views, world.spec.action):
        raise ValueError(
            f"options of reset must not change the spaces of {world.spec.name}, got "
            f"{dict(options)}: make another environment"
        )
    return changed


def goal_alone(world: Any, options: Mapping[str, Any] | None) -> np.ndarray | None:
    """Return the goal that is the only option, if the world takes goals as arguments; or None.

    Such a world has a method ``reset_to(goal, key)``, and its steps do not depend on its fields.
    """
    if not hasattr(world, "reset_to") or not options or set(options) != {"goal"}:
        return None
    goal = options["goal"]
    return None if isinstance(goal, str) else np.array(goal, np.float32)


def _hashable(world: ActingWorld, options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    pairs = tuple(sorted(options.items()))
    try:
        hash(pairs)
    except TypeError:
        raise ValueError(
            f"options of reset of {world.name} must be hashable, got {dict(options)}: use tuples, "
            "no lists or arrays"
        ) from None
    return pairs


def _replaced(world: Any, options: Mapping[str, Any]) -> Any:
    name = world.spec.name
    fields = [field.name for field in dataclasses.fields(world)] if _has_fields(world) else []
    for option in options:
        if option not in fields:
            raise ValueError(unknown(f"option of reset of {name}", option, fields))
    return dataclasses.replace(world, **options)


@functools.lru_cache(maxsize=64)
def _made_again(world: ActingWorld, options: tuple[tuple[str, Any], ...]) -> Any:
    """Return a tabular world with other options; the same object for the same options."""
    name, made = world.made or ("", ())
    return make(name, **{"episode_limit": world.episode_limit, **dict(made), **dict(options)})


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
