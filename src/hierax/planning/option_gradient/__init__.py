"""The option gradient: options trained by differentiation through planners.

- `reward_gradient`: the gradient for one policy and its intrinsic reward.
- `intrinsic`: options from intrinsic rewards, optionally on smooth `features`.
- `objectives`: the objectives of training.
- `training`: gradient ascent from several random starts.
- `baselines`: options without training, for comparison.
"""

from hierax.planning.option_gradient.baselines import eigenoptions, subgoal_options
from hierax.planning.option_gradient.features import laplacian_features
from hierax.planning.option_gradient.intrinsic import IntrinsicOptions, random_options
from hierax.planning.option_gradient.objectives import PlanningObjective
from hierax.planning.option_gradient.reward_gradient import (
    RewardGradient,
    intrinsic_reward_gradient,
)
from hierax.planning.option_gradient.training import TrainedOptions, train_options

__all__ = [
    "IntrinsicOptions",
    "PlanningObjective",
    "RewardGradient",
    "TrainedOptions",
    "eigenoptions",
    "intrinsic_reward_gradient",
    "laplacian_features",
    "random_options",
    "subgoal_options",
    "train_options",
]
