"""MuJoCo worlds: bodies, tasks and mazes, stepped in batches on the host.

`hierax.worlds.make` builds them by name. MuJoCo is imported with the first class of this package;
modules that only list names, such as `hierax.registry`, do not import it.
"""

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hierax.worlds.mujoco.batch import MujocoBatch
    from hierax.worlds.mujoco.functional import FunctionalMujoco
    from hierax.worlds.mujoco.mjx import MjxWorld
    from hierax.worlds.mujoco.mujoco_world import MujocoWorld
    from hierax.worlds.mujoco.opengl import RenderError
    from hierax.worlds.mujoco.physics import Physics, UnstableError
    from hierax.worlds.mujoco.tasks.arrangement import Arrangement

__all__ = [
    "Arrangement",
    "FunctionalMujoco",
    "MjxWorld",
    "MujocoBatch",
    "MujocoWorld",
    "Physics",
    "RenderError",
    "UnstableError",
]

_MODULES = {
    "Arrangement": "tasks.arrangement",
    "FunctionalMujoco": "functional",
    "MjxWorld": "mjx",
    "MujocoBatch": "batch",
    "MujocoWorld": "mujoco_world",
    "Physics": "physics",
    "RenderError": "opengl",
    "UnstableError": "physics",
}


def load(module: str) -> ModuleType:
    """Import and return a module by its full name, after importing MuJoCo.

    MuJoCo cannot be imported if ``MUJOCO_GL`` names an OpenGL library that is missing. Then it is
    imported without this variable, and only rendering fails.
    """
    try:
        import_module("mujoco")
    except Exception:  # the OpenGL libraries raise many types
        requested = os.environ.pop("MUJOCO_GL", None)
        if requested is None:
            raise
        os.environ.pop("PYOPENGL_PLATFORM", None)  # set by the failed import
        try:
            import_module("mujoco")
        finally:
            os.environ["MUJOCO_GL"] = requested
    return import_module(module)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(load(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
