"""Updates of actor-critics as pure functions, each used by several agents."""

from hierax.agents.updates.soft import SoftLearner, SoftUpdate
from hierax.agents.updates.td3 import TD3Learner, TD3Update

__all__ = ["SoftLearner", "SoftUpdate", "TD3Learner", "TD3Update"]
