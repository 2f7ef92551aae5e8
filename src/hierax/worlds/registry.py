"""Tabular worlds by name.

Names are CamelCase with a version; a world under a name is never changed, only given a new version.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

from hierax.worlds.hanoi import tower_of_hanoi
from hierax.worlds.rooms import four_rooms, wormhole_rooms
from hierax.worlds.tabular import TabularWorld

_ROOMS: dict[str, Callable[..., TabularWorld]] = {
    "FourRooms-v0": four_rooms,
    "WormholeRooms-v0": wormhole_rooms,
}
_HANOI = re.compile(r"Hanoi([1-9][0-9]*)-v0")
_LISTED_DISCS = (3, 4, 5)


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
    known = [option for option in inspect.signature(constructor).parameters if option not in fixed]
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}; it has {', '.join(known)}")
    return constructor(**fixed, **options)


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
