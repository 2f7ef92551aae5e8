"""Agents, worlds, planners, experiments and presets by name, each registered once.

The command line, its help, `hierax list`, the tables of the documentation and `hierax.load` read
from here. Names and summaries are known without importing what they stand for.
"""

from typing import TypeVar

from hierax.registry.entry import Entry, Experiment, nearest, unknown
from hierax.registry.plugins import (
    import_plugin,
    load_plugins,
    register_agent,
    register_class,
    register_world,
)
from hierax.registry.presets import PRESETS, Preset, Stage
from hierax.registry.tables import (
    AGENTS,
    BODIES,
    EXPERIMENTS,
    LEARNING,
    MUJOCO,
    PLANNERS,
    PLANNING,
    REGISTERED,
    WORLDS,
)

__all__ = [
    "AGENTS",
    "BODIES",
    "EXPERIMENTS",
    "LEARNING",
    "MUJOCO",
    "PLANNERS",
    "PLANNING",
    "PRESETS",
    "REGISTERED",
    "WORLDS",
    "Entry",
    "Experiment",
    "Preset",
    "Stage",
    "find",
    "import_plugin",
    "listing",
    "load_plugins",
    "nearest",
    "register_agent",
    "register_class",
    "register_world",
    "unknown",
    "worlds_of",
]

E = TypeVar("E", bound=Entry)


def find(kind: str, table: dict[str, E], name: str) -> E:
    """Return the entry of a table called ``name``, after loading plugins if it is not there.

    Raises:
        ValueError: if there is none; the message has the nearest name.
    """
    if name not in table:
        load_plugins()
        if kind == "agent":
            register_class(table, name)
    if name not in table:
        raise ValueError(unknown(kind, name, table))
    return table[name]


def worlds_of(*groups: str) -> dict[str, Entry]:
    """Return the worlds of some groups by name."""
    return {name: entry for name, entry in WORLDS.items() if entry.group in groups}


def listing(entries: dict[str, E], indent: str = "  ") -> str:
    """Return one line for each entry: its name, and its summary in a column."""
    width = max(map(len, entries), default=0) + 2
    return "\n".join(f"{indent}{name:{width}}{entry.summary}" for name, entry in entries.items())
