"""SVG(0): an actor-critic with Retrace from replay, the agent `KL` without a hierarchy.

Heess et al. (2015), "Learning continuous control policies by stochastic value gradients", with the
Retrace of Munos et al. (2016): one policy and its Q, updated by `hierax.agents.kl.retrace`.
"""

import dataclasses
from typing import ClassVar

from hierax.agents.kl.flat import FlatModular
from hierax.agents.kl.retrace import Retrace


@dataclasses.dataclass(frozen=True, kw_only=True)
class SVG0(FlatModular):
    """A policy and its value Q, updated by Retrace; the fields are those of `KL` without levels.

    Attributes:
        spec: the world that the agent acts in, with continuous actions.
        learner: how policy and value are updated.
    """

    learners: ClassVar[tuple[type[Retrace], ...]] = (Retrace,)

    learner: Retrace = dataclasses.field(default_factory=Retrace)

    def __post_init__(self) -> None:
        self._require_continuous()
        super().__post_init__()
