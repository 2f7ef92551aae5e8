"""Agents and worlds of a user's own module, by name like those of hierax.

A module is found through an entry point of the group ``hierax.plugins`` of an installed package, or
through ``--import MODULE``. It calls `register_agent` and `register_world` while it is imported.
"""

import dataclasses
import importlib
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from hierax.registry.entry import Entry
from hierax.registry.tables import AGENTS, REGISTERED, WORLDS

GROUP = "hierax.plugins"
"""Group of entry points; the value of each is a module."""
_OWN = frozenset({*AGENTS, *WORLDS})


def register_agent(name: str, agent: Any, summary: str, **fields: Any) -> None:
    """Register an agent by name, for the command line, `hierax.preset` and `hierax.load`.

    Args:
        name: on the command line and in configurations.
        agent: a frozen dataclass whose first field is the ``spec`` of the world, or
            ``"module:Class"``, which is imported when it is needed.
        summary: one line for lists and help.
        **fields: values of its fields that are not those of the class.

    Raises:
        ValueError: if the name is taken by another agent.
    """
    _register(AGENTS, "agent", Entry(name, agent, summary, fields, module=_caller()))


def register_world(name: str, world: Any, summary: str, **fields: Any) -> None:
    """Register a world by name, for the command line, `hierax.worlds.make` and `hierax.load`.

    Args:
        name: on the command line and in configurations; the name in the world's spec.
        world: a frozen dataclass, functional or stepped from the host, or ``"module:Class"``.
        summary: one line for lists and help.
        **fields: values of its fields that are not those of the class.

    Raises:
        ValueError: if the name is taken by another world.
    """
    _register(WORLDS, "world", Entry(name, world, summary, fields, REGISTERED, _caller()))


def register_class(table: dict[str, Any], name: str, group: str = "") -> None:
    """Register the dataclass that ``"module:Class"`` names, if ``name`` names one.

    Args:
        table: `AGENTS` or `WORLDS`.
        name: any name; one without a colon, or of another thing of the module, is left alone.
        group: of the entry.

    Raises:
        ValueError: if the module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    if name in table or not attribute:
        return
    import_plugin(module)
    kind = getattr(sys.modules[module], attribute, None)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        summary, *_ = (kind.__doc__ or "").strip().splitlines() or [""]
        table[name] = Entry(name, name, summary, group=group)


def import_plugin(module: str) -> None:
    """Import a user's module. It may lie in the current folder.

    Raises:
        ValueError: if it cannot be imported.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.import_module(module)
    except Exception as error:  # a user's module may raise anything
        raise ValueError(
            f"cannot import module {module!r}: {type(error).__name__}: {error}"
        ) from error


@cache
def load_plugins() -> None:
    """Import the modules that installed packages name as entry points, once.

    Raises:
        ValueError: if one cannot be imported.
    """
    for point in entry_points(group=GROUP):
        import_plugin(point.value)


def _register(table: dict[str, Entry], kind: str, entry: Entry) -> None:
    before = table.get(entry.name)
    moved = before is not None and before.module != entry.module and before.target != entry.target
    if entry.name in _OWN or moved:
        raise ValueError(f"{kind} {entry.name!r} is registered already: choose another name")
    table[entry.name] = entry


def _caller() -> str | None:
    """Return the module whose import registers; None for a script, which is not imported again."""
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>" and frame.f_back is not None:
        frame = frame.f_back
    name = frame.f_globals["__name__"]
    return None if name == "__main__" else name
