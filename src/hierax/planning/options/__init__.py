"""Options and their exact models: what a behaviour earns, where it ends, how long it takes.

`option` says what an option is, `multistep` how a policy that returns control is modelled, `model`
makes choices of options, `goals` serves many goals with one model, `curve` measures how fast
planning with them is.
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
