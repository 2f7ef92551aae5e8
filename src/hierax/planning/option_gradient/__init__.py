"""The option gradient: options learned by differentiating through planners.

`reward_gradient` is the first part, one policy and its intrinsic reward. `intrinsic` makes options
of intrinsic rewards (perhaps on smooth `features`), `objectives` says what good options are,
`training` climbs there, and `baselines` are the options to compare with.
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
