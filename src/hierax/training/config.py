"""The configuration of a run in terms of JSON, and back to the agent and the world."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from hierax import registry
from hierax.agents.agent import Agent
from hierax.registry import AGENTS, WORLDS
from hierax.training.serialisation import tree_digest
from hierax.training.world_description import (
    REWARDED,
    describe_environment,
    describe_reward,
    remake_environment,
    rewarded,
)
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.host import FunctionalHostWorld, HostWorld
from hierax.worlds.registry import is_tabular, world_class
from hierax.worlds.registry import make as make_world
from hierax.worlds.rewarded import Rewarded
from hierax.worlds.shared import SharedWorld
from hierax.worlds.world import World

__all__ = [
    "AnyWorld",
    "describe_agent",
    "describe_world",
    "described",
    "make_agent",
    "make_world",
    "remake_world",
]

AnyWorld = World | HostWorld
NAME, MODULE = "name", "module"
"""Keys of a description: the name in the registry, and the user's module that registers it."""


def describe_world(world: AnyWorld) -> dict[str, Any]:
    """Return name and options of a world, from which `remake_world` makes it again."""
    if isinstance(world, FunctionalHostWorld | SharedWorld):
        return describe_world(world.world)
    fields = dict(_fields(world))
    if isinstance(world, ActingWorld):
        name, options = world.made or (world.name, (("tables", tree_digest(world.tables)),))
        given = {key: described(value) for key, value in options}
        return {NAME: name, "episode_limit": world.episode_limit, **given}
    if isinstance(world, Rewarded):
        return {**describe_world(world.world), REWARDED: describe_reward(world.reward)}
    if "environment" in fields:  # of Gymnasium
        return describe_environment(world)
    name = _world_name(world)
    return {NAME: name, **_module(WORLDS.get(name)), **_described(fields)}


def describe_agent(agent: Agent) -> dict[str, Any]:
    """Return name and hyper-parameters of an agent, from which `make_agent` makes it again."""
    fields = {key: value for key, value in _fields(agent) if key != "spec"}
    entries = [entry for entry in AGENTS.values() if entry.is_target(type(agent))]
    if not entries:
        return {NAME: type(agent).__name__, **_described(fields)}
    return {NAME: entries[0].name, **_module(entries[0]), **_described(fields)}


def make_agent(description: Mapping[str, Any], world: AnyWorld) -> Agent:
    """Return the agent that `describe_agent` described, for a world.

    Raises:
        ValueError: if it is not registered, or its module cannot be imported.
    """
    name = description[NAME]
    _import(description)
    registry.register_class(AGENTS, name)
    if name not in AGENTS:
        known = registry.unknown("agent", name, AGENTS)
        raise ValueError(f"{known}; register it with hierax.register_agent, or give the agent")
    kind = AGENTS[name].load()
    return kind(world.spec, **_restored_fields(kind, description))


def remake_world(description: Mapping[str, Any]) -> AnyWorld:
    """Return the world that `describe_world` described.

    Raises:
        ValueError: if it is not registered, or its module cannot be imported.
    """
    if REWARDED in description:
        inner = {key: value for key, value in description.items() if key != REWARDED}
        return rewarded(remake_world(inner), description[REWARDED])
    _import(description)
    kind = world_class(description[NAME])
    if kind is None and not is_tabular(description[NAME]):
        return remake_environment(description)
    given = {key: value for key, value in description.items() if key not in (NAME, MODULE)}
    options = _tuples(given) if kind is None else _restored_fields(kind, given)
    return make_world(description[NAME], **options)


def described(value: Any) -> Any:
    """Return ``value`` in terms of JSON.

    Arrays are described by their digest, functions by their name, dataclasses by their fields,
    tuples of dataclasses by the fields of each with its number, and all else by `repr`.
    """
    if isinstance(value, tuple) and value and all(map(_is_instance, value)):
        return {str(number): _described(dict(_fields(item))) for number, item in enumerate(value)}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if _is_instance(value):
        return {NAME: type(value).__name__, **_described(dict(_fields(value)))}
    if hasattr(value, "__qualname__"):  # a function, or a class
        return f"{value.__module__}.{value.__qualname__}"
    return tree_digest(value) if isinstance(value, np.ndarray | jax.Array) else repr(value)


def _described(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: described(value) for name, value in fields.items()}


def _fields(thing: Any) -> list[tuple[str, Any]]:
    if not dataclasses.is_dataclass(thing):
        return []
    return [(field.name, getattr(thing, field.name)) for field in dataclasses.fields(thing)]


def _is_instance(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _world_name(world: AnyWorld) -> str:
    """Return the name in the registry: that of the spec, or ``module:Class``."""
    name = world.spec.name
    paths = [path for path, entry in WORLDS.items() if ":" in path and entry.is_target(type(world))]
    is_named = name in WORLDS and WORLDS[name].is_target(type(world))
    return paths[0] if paths and not is_named else name


def _module(entry: registry.Entry | None) -> dict[str, str]:
    return {} if entry is None or entry.module is None else {MODULE: entry.module}


def _import(description: Mapping[str, Any]) -> None:
    if description.get(MODULE) is not None:
        registry.import_plugin(description[MODULE])
    else:
        registry.load_plugins()


def _restored_fields(kind: Any, described_fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass from their description."""
    hints = typing.get_type_hints(kind)
    return {
        name: _restored(hints.get(name, Any), value)
        for name, value in described_fields.items()
        if name not in (NAME, MODULE)
    }


def _restored(hint: Any, value: Any) -> Any:
    """Return a value of a type from its description; lists become tuples."""
    if not isinstance(value, dict):
        return _tuples(value)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = _chosen(typing.get_args(hint), value.get(NAME))
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(item(**_restored_fields(item, each)) for each in value.values())
    return hint(**_restored_fields(hint, value)) if isinstance(hint, type) else value


def _chosen(hints: tuple[Any, ...], name: str | None) -> Any:
    """Return the class of a description, the first one if it does not name its class."""
    for each in hints:
        if each is not type(None) and name in (None, getattr(each, "__name__", None)):
            return each
    raise ValueError(f"{name} cannot be made by its name: give the agent that has it")


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
