"""Worlds by name: those of `hierax.registry`, and Gymnasium environments by their ids.

Names are CamelCase with a version. A world under a name is never changed; it gets a new version.
"""

import contextlib
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from hierax.registry import (
    BODIES,
    LEARNING,
    MUJOCO,
    PLANNING,
    REGISTERED,
    WORLDS,
    Entry,
    load_plugins,
    nearest,
    register_class,
    unknown,
    worlds_of,
)
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.hanoi import tower_of_hanoi
from hierax.worlds.host import HostWorld
from hierax.worlds.mujoco import load
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.world import World

_HANOI = re.compile(r"Hanoi([1-9][0-9]*)-v0")
_LIMIT = "episode_limit"


def world_names() -> tuple[str, ...]:
    """Return the names of all worlds to act in, those of `tabular_names` last."""
    return (*worlds_of(LEARNING, BODIES, MUJOCO, REGISTERED), *tabular_names())


def make(name: Any, /, **options: Any) -> World | HostWorld:
    """Return the world to act in that is called ``name``, or that of a Gymnasium environment.

    Args:
        name: one of `world_names`, ``Hanoi{n}-v0`` for n discs, the id of a Gymnasium environment,
            such as ``"HalfCheetah-v5"`` or ``"my_module:Mine-v0"``, or ``"my_module:Mine"`` for the
            class of an environment or the dataclass of a world. Also an environment of Gymnasium,
            its spec, or a function or class that makes one.
        **options: fields of the world. A tabular world takes those of `make_tabular` and
            ``episode_limit``; a Gymnasium environment what ``gymnasium.make`` passes on and
            ``episode_limit``.

    Raises:
        ValueError: if there is no such world, it has no such option, or an option is not allowed.
    """
    entry = _entry(name)
    if entry is None:
        return _gymnasium(name, options)
    if entry.group == PLANNING:
        limit = {key: options.pop(key) for key in (_LIMIT,) if key in options}
        tabular = _constructed(entry, options, known=(_LIMIT,))
        return ActingWorld(tabular, **limit, made=(name, tuple(sorted(options.items()))))
    kind = _load(entry)
    known = [field.name for field in dataclasses.fields(kind) if field.name != "name"]
    _refuse_unknown(name, options, known)
    named = {"name": name} if entry.group == MUJOCO else {}
    world = kind(**named, **{**entry.fields, **options})
    if world.spec.name != name and ":" not in name:
        raise ValueError(f"spec.name of world {name!r} must be that name, got {world.spec.name!r}")
    return world


def world_class(name: str) -> type | None:
    """Return the dataclass of a world; None for tabular worlds and environments of Gymnasium."""
    entry = _entry(name)
    return None if entry is None or entry.group == PLANNING else _load(entry)


def is_tabular(name: str) -> bool:
    """Return whether ``name`` is that of a tabular world."""
    entry = _entry(name)
    return entry is not None and entry.group == PLANNING


def tabular_names() -> tuple[str, ...]:
    """Return the names of all tabular worlds; of the towers of Hanoi, those with 3 to 5 discs."""
    return tuple(worlds_of(PLANNING))


def make_tabular(name: str, **options: Any) -> TabularWorld:
    """Return the tabular world called ``name``.

    Args:
        name: one of `tabular_names`, or ``Hanoi{n}-v0`` for n discs.
        **options: arguments of the world's constructor (`tower_of_hanoi` without its ``discs``,
            `four_rooms`, `wormhole_rooms`).

    Raises:
        ValueError: if there is no such world, it has no such option, or an option is not allowed.
    """
    entry = _entry(name)
    if entry is None or entry.group != PLANNING:
        raise ValueError(unknown("world to plan in", name, (*tabular_names(), "Hanoi{n}-v0")))
    return _constructed(entry, options)


def _entry(name: Any) -> Entry | None:
    """Return the entry of a world, also of towers of Hanoi that are not listed."""
    if not isinstance(name, str):
        return None
    if name not in WORLDS:
        load_plugins()
        with contextlib.suppress(ValueError):  # Gymnasium says below why it cannot import it
            register_class(WORLDS, name, REGISTERED)
    hanoi = _HANOI.fullmatch(name)
    if hanoi and name not in WORLDS:
        return Entry(name, tower_of_hanoi, "", {"discs": int(hanoi[1])}, PLANNING)
    return WORLDS.get(name)


def _load(entry: Entry) -> Any:
    if entry.group == MUJOCO:  # which has to be imported with care
        load(entry.target.partition(":")[0])
    return entry.load()


def _constructed(
    entry: Entry, options: Mapping[str, Any], known: tuple[str, ...] = ()
) -> TabularWorld:
    """Return a tabular world; ``known`` are options that are not its constructor's."""
    constructor: Callable[..., TabularWorld] = entry.load()
    free = [name for name in inspect.signature(constructor).parameters if name not in entry.fields]
    _refuse_unknown(entry.name, options, (*free, *known))
    return constructor(**entry.fields, **options)


def _gymnasium(name: Any, options: dict[str, Any]) -> HostWorld:
    """Return the Gymnasium environment with an id as a world."""
    is_environment = hasattr(name, "observation_space") or hasattr(name, "entry_point")
    if name == "" or not (isinstance(name, str) or is_environment or callable(name)):
        raise ValueError(unknown("world", name, world_names()))
    import gymnasium

    from hierax.worlds.gymnasium import GymnasiumWorld

    limit = options.pop(_LIMIT, None)
    if not isinstance(name, str):
        world: Any = GymnasiumWorld(name, tuple(sorted(options.items())), limit)
        world.spec  # noqa: B018 (makes an environment)
        return world
    _register_environment(name)
    world = GymnasiumWorld(name, tuple(sorted(options.items())), limit)
    try:
        world.spec  # noqa: B018 (makes an environment)
    except gymnasium.error.DependencyNotInstalled as error:
        raise ValueError(f"{name} needs a package that is not installed: {error}") from None
    except (gymnasium.error.NameNotFound, gymnasium.error.NamespaceNotFound):
        near = nearest(name, (*world_names(), *gymnasium.registry))
        raise ValueError(unknown("world", name, (near,) if near else world_names())) from None
    except (gymnasium.error.Error, ImportError, TypeError) as error:
        raise ValueError(f"{name} cannot be made: {' '.join(str(error).split())}") from None
    return cast(HostWorld, world)  # a cached property is no property to a type checker


def _register_environment(name: str) -> None:
    """Register the Gymnasium class that ``"module:Class"`` names, if ``name`` names one."""
    import gymnasium

    module, _, attribute = name.partition(":")
    kind = getattr(sys.modules.get(module), attribute, None) if attribute else None
    is_class = isinstance(kind, type) and issubclass(kind, gymnasium.Env)
    if is_class and attribute not in gymnasium.registry:
        gymnasium.register(attribute, entry_point=name)


def _refuse_unknown(name: str, options: Iterable[str], known: Iterable[str]) -> None:
    for option in options:
        if option not in known:
            raise ValueError(unknown(f"option of {name}", option, known))
