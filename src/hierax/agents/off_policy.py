"""Agents that learn from a replay of past steps."""

import dataclasses
import math
from collections.abc import Mapping

import jax

from hierax import checks
from hierax.agents.agent import TrainState
from hierax.agents.base import Batch, LearningAgent
from hierax.agents.replay import Index, Replay
from hierax.agents.replay.replay import TRANSITIONS

LEAST_SHARE = 0.25
"""Share of a batch that is stored before the first update."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OffPolicy(LearningAgent[Batch]):
    """An agent that learns from a replay; generic over the batch that it samples.

    Attributes:
        spec: the world that the agent acts in.
        discount: γ in [0, 1).
        learning_rate: of Adam, for all networks.
        batch_size: B, samples of an update.
        buffer_size: steps that the replay keeps, of all environments together.
        learning_starts: environment steps before the first update. Updates also wait until
            ``batch_size`` / 4 sequences of each kind in `indices` are stored.
        updates_per_step: gradient updates for each environment step after that.

    Raises:
        ValueError: if a number is not allowed.
    """

    discount: float = 0.99
    learning_rate: float = 3e-4
    batch_size: int = 256
    buffer_size: int = 1_000_000
    learning_starts: int = 1_000
    updates_per_step: float = 1.0

    def __post_init__(self) -> None:
        for name in ("batch_size", "buffer_size"):
            checks.count(name, getattr(self, name), 1)
        checks.count("learning_starts", self.learning_starts, 0)
        for name in ("learning_rate", "updates_per_step"):
            checks.positive(name, getattr(self, name))
        checks.discount("discount", self.discount)

    @property
    def action_size(self) -> int:
        """A, numbers of a continuous action."""
        return self.spec.action.shape[0]

    @property
    def rollout_length(self) -> None:
        """None: batches come from a replay."""
        return

    @property
    def indices(self) -> Mapping[str, Index]:
        """Kinds of sequences that are drawn from the replay, by name."""
        return {TRANSITIONS: Index()}

    @property
    def store(self) -> Replay:
        """The replay."""
        return Replay(self.buffer_size, self.indices)

    def ready(self, state: TrainState) -> jax.Array:
        """Return () bool: whether a quarter of a batch is stored of each kind of sequence."""
        return self.store.holds(state.replay, math.ceil(LEAST_SHARE * self.batch_size))
