"""Hierarchical reinforcement learning in JAX.

`import hierax` loads nothing but this file. Each part is imported when it is first named:

- `hierax.planning`: exact planners for worlds whose model is known.
- `hierax.worlds`: the worlds themselves.
- `hierax.agents`: deep agents for worlds whose model is not known.
- `hierax.training`: drivers, checkpoints and logs; `hierax.train`,
  `hierax.train_levels` and `hierax.load` are its own.
- `hierax.plotting`: pictures from results.
- `hierax.experiments`: one experiment for each claim of a paper.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hierax import agents, experiments, planning, plotting, training, worlds
    from hierax.training import load, train, train_levels

__version__ = "0.1.0.dev0"
__all__ = [
    "__version__",
    "agents",
    "experiments",
    "load",
    "planning",
    "plotting",
    "train",
    "train_levels",
    "training",
    "worlds",
]

_PARTS = frozenset({"agents", "experiments", "planning", "plotting", "training", "worlds"})


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    if name in ("load", "train", "train_levels"):
        return getattr(import_module(f"{__name__}.training"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
