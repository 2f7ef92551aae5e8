"""KL-regularised hierarchies, IMPALA and SVG(0): modules, default policies and learners."""

from hierax.agents.kl.agent import KL
from hierax.agents.kl.distral import Distral
from hierax.agents.kl.impala import IMPALA
from hierax.agents.kl.retrace import Retrace
from hierax.agents.kl.svg0 import SVG0
from hierax.agents.kl.vtrace import VTrace

__all__ = ["IMPALA", "KL", "SVG0", "Distral", "Retrace", "VTrace"]
