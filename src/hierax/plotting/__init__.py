"""Pictures from finished plans and results."""

from hierax.plotting.canvas import Canvas
from hierax.plotting.plan import (
    PlanTables,
    decision_ranks,
    draw_plan,
    model_canvas,
    world_canvas,
)

__all__ = ["Canvas", "PlanTables", "decision_ranks", "draw_plan", "model_canvas", "world_canvas"]
