"""KL-regularised hierarchies and IMPALA: modules, default policies, and the V-trace learner."""

from hierax.agents.kl.agent import KL
from hierax.agents.kl.impala import IMPALA
from hierax.agents.kl.vtrace import VTrace

__all__ = ["IMPALA", "KL", "VTrace"]
