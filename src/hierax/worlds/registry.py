"""Worlds by name.

Names are CamelCase with a version; a world under a name is never changed, only given a new version.
"""

import dataclasses
import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.hanoi import tower_of_hanoi
from hierax.worlds.host import HostWorld
from hierax.worlds.mujoco import load
from hierax.worlds.mujoco.catalogue import ENTRIES as MUJOCO
from hierax.worlds.rooms import four_rooms, wormhole_rooms
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.world import World

_ROOMS: dict[str, Callable[..., TabularWorld]] = {
    "FourRooms-v0": four_rooms,
    "WormholeRooms-v0": wormhole_rooms,
}
_HANOI = re.compile(r"Hanoi([1-9][0-9]*)-v0")
_LISTED_DISCS = (3, 4, 5)

# Module and class of each world that is none of tables; imported when the world is asked for.
_ACTING: dict[str, tuple[str, str]] = {
    "PointCross-v0": ("hierax.worlds.cross", "PointCross"),
    "SpinCross-v0": ("hierax.worlds.cross", "SpinCross"),
    "PointSpeed-v0": ("hierax.worlds.speed", "PointSpeed"),
    "SpinSpeed-v0": ("hierax.worlds.speed", "SpinSpeed"),
    "PointMaze-v0": ("hierax.worlds.point_maze", "PointMaze"),
}


def world_names() -> tuple[str, ...]:
    """Returns the names of all worlds to act in, those of `tabular_names` last."""
    return (*_ACTING, *MUJOCO, *tabular_names())


def make(name: str, **options: Any) -> World | HostWorld:
    """Builds the world to act in that is called ``name``.

    A world of MuJoCo is stepped from the host; all others are functional.

    Args:
        name: one of `world_names`, or ``Hanoi{n}-v0`` for n discs.
        **options: fields of the world. A tabular world takes what `make_tabular` takes, and
            ``episode_limit``, see `ActingWorld`.

    Raises:
        ValueError: if there is no such world, or it has no such option or does not allow its value.
    """
    if _is_tabular(name):
        constructor, fixed = _constructor(name)
        limit = {key: options.pop(key) for key in ("episode_limit",) if key in options}
        _refuse_unknown(name, options, (*_free_options(constructor, fixed), "episode_limit"))
        made = name, tuple(sorted(options.items()))
        return ActingWorld(constructor(**fixed, **options), **limit, made=made)
    if isinstance(name, str) and name in MUJOCO:
        return _make_mujoco(name, options)
    if not isinstance(name, str) or name not in _ACTING:
        raise ValueError(_no_world(name))
    module, attribute = _ACTING[name]
    world = getattr(importlib.import_module(module), attribute)
    _refuse_unknown(name, options, [field.name for field in dataclasses.fields(world)])
    return world(**options)


def tabular_names() -> tuple[str, ...]:
    """Returns the names of all tabular worlds; of the towers of Hanoi, those with 3 to 5 discs."""
    return (*(f"Hanoi{discs}-v0" for discs in _LISTED_DISCS), *_ROOMS)


def make_tabular(name: str, **options: Any) -> TabularWorld:
    """Builds the world called ``name``.

    Args:
        name: one of `tabular_names`, or ``Hanoi{n}-v0`` for n discs.
        **options: what the world's constructor takes (`tower_of_hanoi` without its ``discs``,
            `four_rooms`, `wormhole_rooms`).

    Raises:
        ValueError: if there is no such world, or it has no such option or does not allow its value.
    """
    constructor, fixed = _constructor(name)
    _refuse_unknown(name, options, _free_options(constructor, fixed))
    return constructor(**fixed, **options)


def _make_mujoco(name: str, options: Mapping[str, Any]) -> HostWorld:
    """A world of MuJoCo, with ``options`` in place of the fields that its name sets."""
    entry = MUJOCO[name]
    world = getattr(load(entry.module), entry.world)
    known = [field.name for field in dataclasses.fields(world) if field.name != "name"]
    _refuse_unknown(name, options, known)
    return world(name=name, **{**entry.fields, **options})


def _is_tabular(name: Any) -> bool:
    return isinstance(name, str) and (name in _ROOMS or _HANOI.fullmatch(name) is not None)


def _free_options(constructor: Callable[..., Any], fixed: Mapping[str, Any]) -> list[str]:
    """Options of a constructor that the name of the world leaves open."""
    return [option for option in inspect.signature(constructor).parameters if option not in fixed]


def _refuse_unknown(name: str, options: Iterable[str], known: Iterable[str]) -> None:
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}; it has {', '.join(known)}")


def _no_world(name: Any) -> str:
    """The sentence that refuses a name: the nearest names, or all where none is near."""
    near = difflib.get_close_matches(str(name), world_names(), cutoff=0.5)
    shown = f"the nearest are {', '.join(near)}" if near else f"but {', '.join(world_names())}"
    return f"there is no world {name!r}, {shown}, and Hanoi{{n}}-v0 for any number of discs n"


def _constructor(name: str) -> tuple[Callable[..., TabularWorld], dict[str, Any]]:
    """Returns the constructor of a world, and the arguments that its name sets."""
    if name in _ROOMS:
        return _ROOMS[name], {}
    hanoi = _HANOI.fullmatch(name) if isinstance(name, str) else None
    if hanoi:
        return tower_of_hanoi, {"discs": int(hanoi[1])}
    raise ValueError(
        f"there is no world {name!r}, but {', '.join(tabular_names())}, "
        "and Hanoi{n}-v0 for any number of discs n"
    )
