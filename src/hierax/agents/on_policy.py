"""Agents that learn from the last steps alone."""

import dataclasses

from hierax import checks
from hierax.agents.agent import Key, TrainState, Transition
from hierax.agents.base import LearningAgent
from hierax.agents.rollout import FromRollouts


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnPolicy(FromRollouts, LearningAgent[Transition]):
    """An agent that makes one update after every T steps of N environments, from exactly these.

    Attributes:
        spec: the world that the agent acts in.
        rollout_length: T, steps of each environment between two updates.

    Raises:
        ValueError: if a number is not allowed.
    """

    rollout_length: int = 32

    def __post_init__(self) -> None:
        checks.count("rollout_length", self.rollout_length, 1)

    def sample(self, state: TrainState, key: Key) -> Transition:
        """Return the rollout: a `Transition` of ``(T, N, ...)`` arrays, the oldest step first."""
        del key
        return self.store.read(state.replay)
