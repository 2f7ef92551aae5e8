"""Hierarchical reinforcement learning in JAX.

`import hierax` loads nothing but this file. Each part is imported when it is first named:

- `hierax.planning`: exact planners for worlds whose model is known.
- `hierax.worlds`: the worlds themselves.
- `hierax.plotting`: pictures from results.
- `hierax.experiments`: one experiment for each claim of a paper.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hierax import experiments, planning, plotting, worlds

__version__ = "0.1.0.dev0"
__all__ = ["__version__", "experiments", "planning", "plotting", "worlds"]

_PARTS = frozenset({"experiments", "planning", "plotting", "worlds"})


def __getattr__(name: str) -> ModuleType:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
