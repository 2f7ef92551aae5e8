"""IMPALA: an actor-critic with V-trace, the agent `KL` without a hierarchy.

Espeholt et al. (2018), "IMPALA: Scalable distributed deep-RL with importance weighted
actor-learner architectures": one policy and its value, updated by `hierax.agents.kl.vtrace` from
the last T steps of N environments.
"""

import dataclasses
from typing import ClassVar

from hierax.agents.kl.flat import FlatModular
from hierax.agents.kl.vtrace import VTrace


@dataclasses.dataclass(frozen=True, kw_only=True)
class IMPALA(FlatModular):
    """A policy and its value V, updated by V-trace; the fields are those of `KL` without levels.

    Attributes:
        spec: the world that the agent acts in.
        learner: how policy and value are updated.
    """

    learners: ClassVar[tuple[type[VTrace], ...]] = (VTrace,)

    learner: VTrace = dataclasses.field(default_factory=VTrace)
