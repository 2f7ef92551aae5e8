"""Figures and films of plans, episodes and results."""

from hierax.plotting.canvas import Canvas
from hierax.plotting.episode import draw_frames
from hierax.plotting.learning import draw_learning
from hierax.plotting.option_gradient import OptionTables, draw_options
from hierax.plotting.plan import (
    PlanTables,
    decision_ranks,
    draw_plan,
    likely_successor,
    model_canvas,
    world_canvas,
)

__all__ = [
    "Canvas",
    "OptionTables",
    "PlanTables",
    "decision_ranks",
    "draw_frames",
    "draw_learning",
    "draw_options",
    "draw_plan",
    "likely_successor",
    "model_canvas",
    "world_canvas",
]
