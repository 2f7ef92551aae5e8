"""Deep agents: pure functions over pytrees.

An agent is a frozen dataclass of hyper-parameters with four pure methods (`hierax.agents.agent`);
all that changes is in its `TrainState`. Agents know a world by its `hierax.spec.WorldSpec` alone.
"""

from hierax.agents.agent import Agent, TrainState, Transition
from hierax.agents.flat import FlatOffPolicy
from hierax.agents.latent_space import LatentSpacePolicy
from hierax.agents.level import Level
from hierax.agents.off_policy import Batch, OffPolicy
from hierax.agents.replay import Replay
from hierax.agents.sac import SAC
from hierax.agents.td3 import TD3

AGENTS: dict[str, type[OffPolicy]] = {"sac": SAC, "td3": TD3, "lsp": LatentSpacePolicy}
"""The agents by the names that the command line and configurations have for them."""

__all__ = [
    "AGENTS",
    "SAC",
    "TD3",
    "Agent",
    "Batch",
    "FlatOffPolicy",
    "LatentSpacePolicy",
    "Level",
    "OffPolicy",
    "Replay",
    "TrainState",
    "Transition",
]
