"""Latent space policies: levels, the agent that stacks them, flows, and replay transfer."""

from hierax.agents.latent_space.agent import LatentSpacePolicy
from hierax.agents.latent_space.level import Level
from hierax.agents.latent_space.transfer import transfer_replay

__all__ = ["LatentSpacePolicy", "Level", "transfer_replay"]
