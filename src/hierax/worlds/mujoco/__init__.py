"""Worlds of MuJoCo: bodies, tasks and mazes, stepped in batches from the host.

`hierax.worlds.make` builds them by name. MuJoCo is imported when a class is first named here; what
only names worlds, as `hierax.worlds.mujoco.catalogue` does, goes without it.
"""

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hierax.worlds.mujoco.batch import MujocoBatch
    from hierax.worlds.mujoco.engine import Engine, UnstableError
    from hierax.worlds.mujoco.functional import FunctionalMujoco
    from hierax.worlds.mujoco.mjx import MjxWorld
    from hierax.worlds.mujoco.tasks.arrangement import Arrangement
    from hierax.worlds.mujoco.vision import DrawingError
    from hierax.worlds.mujoco.world import MujocoWorld

__all__ = [
    "Arrangement",
    "DrawingError",
    "Engine",
    "FunctionalMujoco",
    "MjxWorld",
    "MujocoBatch",
    "MujocoWorld",
    "UnstableError",
]

_HOMES = {
    "Arrangement": "tasks.arrangement",
    "DrawingError": "vision",
    "Engine": "engine",
    "FunctionalMujoco": "functional",
    "MjxWorld": "mjx",
    "MujocoBatch": "batch",
    "MujocoWorld": "world",
    "UnstableError": "engine",
}


def load(module: str) -> ModuleType:
    """A module of this package by its full name, and MuJoCo before it.

    MuJoCo cannot be imported where ``MUJOCO_GL`` asks for an OpenGL that is not there. It can when
    it is not told, and pictures will.
    """
    try:
        import_module("mujoco")
    except Exception:  # whatever the libraries beneath raise
        asked = os.environ.pop("MUJOCO_GL", None)
        if asked is None:
            raise
        os.environ.pop("PYOPENGL_PLATFORM", None)  # which the import that failed has set
        try:
            import_module("mujoco")
        finally:
            os.environ["MUJOCO_GL"] = asked
    return import_module(module)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(load(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
