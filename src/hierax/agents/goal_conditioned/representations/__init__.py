"""Maps from observations to a goal space: learned ones, and those that they are compared with.

| name | f(s) | is trained to |
|---|---|---|
| ``"norl"`` | network | tell which states follow (`Predictive`) |
| ``"vae"`` | network | tell the observation (`Autoencoder`) |
| ``"e2c"`` | network | tell the observation, with locally linear steps (`Controlled`) |
| ``"slow"`` | network | change little in a step and much in c steps (`Slow`) |
| ``"random"`` | random linear map | nothing (`RandomMap`) |
| ``"observation"`` | the whole observation | nothing (`Whole`) |
| ``"goal"`` | what the goal of the world is about | nothing (`Whole` of those entries) |
"""

from hierax.agents.goal_conditioned.representations.autoencoders import Autoencoder, Controlled
from hierax.agents.goal_conditioned.representations.fixed import RandomMap, Whole
from hierax.agents.goal_conditioned.representations.predictive import Predictive
from hierax.agents.goal_conditioned.representations.representation import (
    Course,
    LearnedSpace,
    Representation,
    SpaceTraining,
    Trajectories,
)
from hierax.agents.goal_conditioned.representations.slow import Slow

__all__ = [
    "Autoencoder",
    "Controlled",
    "Course",
    "LearnedSpace",
    "Predictive",
    "RandomMap",
    "Representation",
    "Slow",
    "SpaceTraining",
    "Trajectories",
    "Whole",
]
