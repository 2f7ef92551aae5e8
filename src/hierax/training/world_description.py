"""Descriptions of Gymnasium worlds and of rewarded worlds, and back."""

import dataclasses
import importlib
import warnings
from collections.abc import Mapping
from typing import Any

from hierax.training.environment_options import decoded, encoded, named
from hierax.worlds.registry import make
from hierax.worlds.rewarded import Rewarded

NAME, LIMIT, OPTIONS, MADE_BY, REWARDED, FUNCTION = (
    "name", "episode_limit", "options", "made_by", "rewarded", "function",
)  # fmt: skip
"""Keys of a description."""


def describe_environment(world: Any) -> dict[str, Any]:
    """Return id, limit and options of a `GymnasiumWorld`."""
    given, options = world.environment, dict(world.options)
    if hasattr(given, "entry_point"):  # a spec
        given, options = given.id, {**given.kwargs, **options}
    if isinstance(given, type) and _is_importable(given):
        given = named(given)
    made = {} if isinstance(given, str) else {MADE_BY: named(given)}
    limit = {} if world.episode_limit is None else {LIMIT: world.episode_limit}
    shown = {name: encoded(value) for name, value in options.items()}
    if {NAME, LIMIT, OPTIONS, MADE_BY, "module"} & set(shown):
        shown = {OPTIONS: shown}
    return {NAME: given if isinstance(given, str) else world.spec.name, **limit, **made, **shown}


def remake_environment(description: Mapping[str, Any]) -> Any:
    """Return the world that `describe_environment` described.

    Raises:
        ValueError: if the environment or one of its options cannot be made again.
    """
    name = description[NAME]
    if MADE_BY in description:
        raise ValueError(
            f"{name} was made by {description[MADE_BY]} and has no id: give the world, as in "
            "hierax.load(run, world=...)"
        )
    known = {LIMIT: description[LIMIT]} if LIMIT in description else {}
    rest = {key: value for key, value in description.items() if key not in (NAME, LIMIT)}
    if isinstance(rest.get(OPTIONS), dict) and len(rest) == 1:
        rest = rest[OPTIONS]
    return make(name, **known, **{key: decoded(key, value) for key, value in rest.items()})


def describe_reward(function: Any) -> Any:
    """Return ``"module:name"`` of a reward function; of a dataclass, its fields as well."""
    if not dataclasses.is_dataclass(function) or isinstance(function, type):
        return named(function)
    fields = {field.name: getattr(function, field.name) for field in dataclasses.fields(function)}
    shown = {name: encoded(value) for name, value in fields.items()}
    return {FUNCTION: named(type(function)), OPTIONS: shown}


def rewarded(world: Any, described: Any) -> Any:
    """Return ``world`` with a reward function from `describe_reward`.

    If the function cannot be imported, return the world as it is, with a warning.
    """
    path = described[FUNCTION] if isinstance(described, dict) else described
    module, _, attribute = path.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        warnings.warn(
            f"the reward {path} of {world.spec.name} cannot be imported: returns are those of the "
            "world itself; give the world, as in hierax.load(run, world=...)",
            stacklevel=2,
        )
        return world
    if isinstance(described, dict):
        fields = described[OPTIONS].items()
        function = function(**{name: decoded(name, value) for name, value in fields})
    return Rewarded(world, function)


def _is_importable(function: Any) -> bool:
    return "<" not in function.__qualname__ and function.__module__ != "__main__"
