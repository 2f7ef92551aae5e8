"""Render modes of batches and of functional worlds for Gymnasium."""

from importlib import import_module
from typing import Any

import numpy as np

from hierax.worlds.host import HostBatch, HostWorld
from hierax.worlds.scene import position_of, scene_of

MODE = "rgb_array"
"""The only render mode; it needs a method ``picture`` of the batch, or a top view of the world."""
_DRAWING = "hierax.plotting.episode"
"""The module that draws top views. It is on a higher floor, and is imported by its name."""
_FRAMES_PER_SECOND = 25


class TopView:
    """Pictures of an episode of a functional world, seen from above.

    Args:
        world: the world.
        state: the initial state of the episode.
    """

    def __init__(self, world: Any, state: Any):
        self._world, self._scene = world, scene_of(world, state)
        self._states = [state]

    def add(self, state: Any) -> None:
        """Note the next state of the episode."""
        self._states.append(state)

    def picture(self) -> np.ndarray:
        """Return the picture ``(432, 432, 3)`` of the path so far."""
        path = np.array([np.asarray(position_of(self._world, each)) for each in self._states])
        title = f"{self._world.spec.name}   step {len(path) - 1}"
        draw = import_module(_DRAWING).draw_picture
        return draw(self._scene, path.astype(np.float64), title)


def top_view_metadata(world: Any) -> dict[str, Any]:
    """Return the render modes of a functional world: one if it has a top view."""
    has_view = scene_of.dispatch(type(world)) is not scene_of.dispatch(object)
    return {"render_modes": [MODE] if has_view else [], "render_fps": _FRAMES_PER_SECOND}


def render_metadata(world: HostWorld, batch: HostBatch) -> dict[str, Any]:
    """Return the render modes, and the images per second of physics if known."""
    modes = {"render_modes": [MODE] if hasattr(batch, "picture") else []}
    physics: Any = world
    if not (hasattr(physics, "timestep") and hasattr(physics, "substeps")):
        return modes
    return {**modes, "render_fps": max(1, round(1.0 / (physics.timestep * physics.substeps)))}


def check_render_mode(render_mode: str | None, batch: HostBatch) -> None:
    """Raise ValueError unless the mode is None or available for ``batch``."""
    if render_mode is not None and (render_mode != MODE or not hasattr(batch, "picture")):
        raise ValueError(
            f"render_mode must be None, or {MODE!r} if batches of the world have a method "
            f"'picture', got {render_mode!r}"
        )
