"""Hierarchical reinforcement learning in JAX.

`import hierax` loads nothing but this file. Each part is imported when it is first named:

- `hierax.planning`: exact planners for worlds whose model is known.
- `hierax.worlds`: the worlds; `hierax.check_world` checks one of your own.
- `hierax.agents`: deep agents for worlds whose model is not known.
- `hierax.training`: drivers, checkpoints and logs; `hierax.train`, `hierax.train_levels`,
  `hierax.preset`, `hierax.transfer`, `hierax.load` and `hierax.evaluate` are its functions.
- `hierax.film`: films of trained agents.
- `hierax.registry`: agents, worlds, planners, experiments and presets by name;
  `hierax.register_agent` and `hierax.register_world` add those of users.
- `hierax.plotting`: pictures of results.
- `hierax.experiments`: one experiment for each claim of a paper.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hierax import agents, experiments, planning, plotting, registry, training, worlds
    from hierax.commands.filming import film
    from hierax.registry import register_agent, register_world
    from hierax.training import Stage, evaluate, load, preset, train, train_levels, transfer
    from hierax.worlds import check_world

__version__ = "0.1.0.dev0"
__all__ = [
    "Stage",
    "__version__",
    "agents",
    "check_world",
    "evaluate",
    "experiments",
    "film",
    "load",
    "planning",
    "plotting",
    "preset",
    "register_agent",
    "register_world",
    "registry",
    "train",
    "train_levels",
    "training",
    "transfer",
    "worlds",
]

_PARTS = frozenset(
    {"agents", "experiments", "planning", "plotting", "registry", "training", "worlds"}
)
_HOMES = {
    **dict.fromkeys(("Stage", "register_agent", "register_world"), "registry"),
    **dict.fromkeys(
        ("evaluate", "load", "preset", "train", "train_levels", "transfer"), "training"
    ),
    "check_world": "worlds",
    "film": "commands.filming",
}


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
