"""Options and their exact models: expected reward, state at the end, duration.

- `option`: the option itself.
- `multistep`: models of a policy that runs until control returns.
- `model`: option models as choices of a planner.
- `goals`: option models for many goals from one inverse.
- `curve`: planning curves, the speed of planning with options.
"""

from hierax.planning.options.curve import PlanningCurve, greedy_return, planning_curve
from hierax.planning.options.goals import GoalOptionModels, condition_on_goals
from hierax.planning.options.model import OptionModel, concatenate, option_model, primitive_model
from hierax.planning.options.multistep import (
    MultistepModel,
    execution_occupancy,
    multistep_model,
)
from hierax.planning.options.option import Option

__all__ = [
    "GoalOptionModels",
    "MultistepModel",
    "Option",
    "OptionModel",
    "PlanningCurve",
    "concatenate",
    "condition_on_goals",
    "execution_occupancy",
    "greedy_return",
    "multistep_model",
    "option_model",
    "planning_curve",
    "primitive_model",
]
