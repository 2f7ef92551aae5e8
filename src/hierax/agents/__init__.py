"""Deep agents: pure functions over pytrees.

An agent is a frozen dataclass of hyper-parameters with four pure methods (`hierax.agents.agent`).
Everything that changes is in its `TrainState`. An agent knows a world only by its
`hierax.spec.WorldSpec`.
"""

from hierax.agents.actor_critic import ActorCritic
from hierax.agents.agent import Agent, TrainState, Transition
from hierax.agents.base import LearningAgent
from hierax.agents.encoder import Encoder
from hierax.agents.flat_actor_critic import FlatActorCritic
from hierax.agents.goal_conditioned import HIRO, NORL, Entries, Goals, TwoLevels
from hierax.agents.kl import IMPALA, KL, SVG0, Distral, Retrace, VTrace
from hierax.agents.latent_space import LatentSpacePolicy, Level, transfer_replay
from hierax.agents.off_policy import OffPolicy
from hierax.agents.on_policy import OnPolicy
from hierax.agents.replay import Drawn, Index, Replay, Sequences
from hierax.agents.rollout import Rollout
from hierax.agents.sac import SAC
from hierax.agents.td3 import TD3
from hierax.agents.transitions import TransitionBatch
from hierax.agents.updates import SoftUpdate, TD3Update

__all__ = [
    "HIRO",
    "IMPALA",
    "KL",
    "NORL",
    "SAC",
    "SVG0",
    "TD3",
    "ActorCritic",
    "Agent",
    "Distral",
    "Drawn",
    "Encoder",
    "Entries",
    "FlatActorCritic",
    "Goals",
    "Index",
    "LatentSpacePolicy",
    "LearningAgent",
    "Level",
    "OffPolicy",
    "OnPolicy",
    "Replay",
    "Retrace",
    "Rollout",
    "Sequences",
    "SoftUpdate",
    "TD3Update",
    "TrainState",
    "Transition",
    "TransitionBatch",
    "TwoLevels",
    "VTrace",
    "transfer_replay",
]
