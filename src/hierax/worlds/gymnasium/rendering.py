"""What Gymnasium is told of the pictures of a batch."""

from typing import Any

from hierax.worlds.host import HostBatch, HostWorld

MODE = "rgb_array"
"""The only mode, of worlds whose batches have a method ``picture``."""


def render_metadata(world: HostWorld, batch: HostBatch) -> dict[str, Any]:
    """The modes there are, and how many pictures make a second of physics where that is known."""
    modes = {"render_modes": [MODE] if hasattr(batch, "picture") else []}
    physics: Any = world
    if not (hasattr(physics, "timestep") and hasattr(physics, "substeps")):
        return modes
    return {**modes, "render_fps": max(1, round(1.0 / (physics.timestep * physics.substeps)))}


def check_render_mode(render_mode: str | None, batch: HostBatch) -> None:
    """Raises ValueError unless ``batch`` can be drawn in that mode, or it is None."""
    if render_mode is not None and (render_mode != MODE or not hasattr(batch, "picture")):
        raise ValueError(
            f"render_mode is {render_mode!r}, but must be None, or {MODE!r} in a world that draws "
            "itself"
        )
