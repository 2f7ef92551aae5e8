"""Render modes of batches for Gymnasium."""

from typing import Any

from hierax.worlds.host import HostBatch, HostWorld

MODE = "rgb_array"
"""The only render mode; it needs a method ``picture`` of the batch."""


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
