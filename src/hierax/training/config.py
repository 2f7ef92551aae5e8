"""What a run was asked for, in terms of JSON, and back to the agent and the world."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, cast

import jax
import numpy as np

from hierax.agents import AGENTS, Level
from hierax.agents.agent import Agent
from hierax.training.serialisation import tree_digest
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.host import FunctionalHostWorld, HostWorld
from hierax.worlds.registry import make, world_names
from hierax.worlds.world import World

AnyWorld = World | HostWorld
NAME = "name"
LEVELS = "levels"


def make_world(name: str, **options: Any) -> AnyWorld:
    """The world of hierax called ``name``, or else the Gymnasium environment with that id.

    Args:
        name: one of `hierax.worlds.world_names`, or an id such as ``"HalfCheetah-v5"``.
        **options: of the world, or what ``gymnasium.make`` passes on.

    Raises:
        ValueError: where there is none, it cannot be made, or an option is not allowed.
    """
    if name in world_names() or name.startswith("Hanoi"):
        return make(name, **options)
    import gymnasium

    from hierax.worlds.gymnasium import GymnasiumWorld

    limit = options.pop("episode_limit", None)
    world = GymnasiumWorld(name, tuple(sorted(options.items())), limit)
    try:
        world.spec  # noqa: B018 (makes an environment)
    except gymnasium.error.DependencyNotInstalled as error:
        raise ValueError(f"{name} needs a package that is not installed: {error}") from None
    except (gymnasium.error.NameNotFound, gymnasium.error.NamespaceNotFound):
        known = (*world_names(), *gymnasium.registry)
        near = difflib.get_close_matches(name, known, cutoff=0.6) or world_names()
        raise ValueError(
            f"there is no world {name!r}, here or in Gymnasium, but {', '.join(near)}"
        ) from None
    except (gymnasium.error.Error, ImportError, TypeError) as error:
        raise ValueError(f"{name} cannot be made: {' '.join(str(error).split())}") from None
    return cast(HostWorld, world)  # a cached property is no property to a type checker


def describe_world(world: AnyWorld) -> dict[str, Any]:
    """Name and options of a world, as `make_world` takes them."""
    if isinstance(world, FunctionalHostWorld):
        return describe_world(world.world)
    fields = dict(_fields(world))
    if isinstance(world, ActingWorld):
        name, options = world.made or (world.name, (("tables", tree_digest(world.tables)),))
        given = {key: described(value) for key, value in options}
        return {NAME: name, "episode_limit": world.episode_limit, **given}
    if "environment" in fields:  # of Gymnasium
        options = dict(fields["options"])
        limit = fields["episode_limit"]
        limited = {} if limit is None else {"episode_limit": limit}
        return {NAME: fields["environment"], **options, **limited}
    return {NAME: world.spec.name, **{name: described(value) for name, value in fields.items()}}


def describe_agent(agent: Agent) -> dict[str, Any]:
    """Name and hyper-parameters of an agent."""
    names: dict[type, str] = {kind: name for name, kind in AGENTS.items()}
    name = names.get(type(agent), type(agent).__name__)
    fields = {key: described(value) for key, value in _fields(agent) if key not in (LEVELS, "spec")}
    if not hasattr(agent, LEVELS):
        return {NAME: name, **fields}
    levels = {str(number): _options(level) for number, level in enumerate(getattr(agent, LEVELS))}
    return {NAME: name, **fields, LEVELS: levels}


def make_agent(description: Mapping[str, Any], world: AnyWorld) -> Agent:
    """The agent that `describe_agent` described, for a world.

    Raises:
        ValueError: where it is none of hierax's own.
    """
    options = {name: _back(value) for name, value in description.items() if name != NAME}
    if LEVELS in options:
        options[LEVELS] = tuple(
            Level(**{name: _back(value) for name, value in level.items()})
            for level in options[LEVELS].values()
        )
    if description[NAME] not in AGENTS:
        raise ValueError(
            f"agent is {description[NAME]!r}, but of hierax's own there are {', '.join(AGENTS)}: "
            "give the agent itself"
        )
    return AGENTS[description[NAME]](world.spec, **options)


def described(value: Any) -> Any:
    """``value`` in terms of JSON: arrays by their digest, functions by name, the rest by `repr`."""
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {NAME: type(value).__name__, **_options(value)}
    if hasattr(value, "__qualname__"):  # a function, or a class
        return f"{value.__module__}.{value.__qualname__}"
    return tree_digest(value) if isinstance(value, np.ndarray | jax.Array) else repr(value)


def _options(thing: Any) -> dict[str, Any]:
    return {name: described(value) for name, value in _fields(thing)}


def _fields(thing: Any) -> list[tuple[str, Any]]:
    if not dataclasses.is_dataclass(thing):
        return []
    return [(field.name, getattr(thing, field.name)) for field in dataclasses.fields(thing)]


def _back(value: Any) -> Any:
    return tuple(map(_back, value)) if isinstance(value, list) else value
