"""Agents without levels: what they do depends on what they see and on nothing else.

Until ``learning_starts`` steps are observed, actions are uniform. A subclass builds a learner (`build`),
says how it acts (`explore`, `exploit`) and how a batch of transitions changes it (`update`).
"""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.agent import Carry, Key, Observation, TrainState
from hierax.agents.off_policy import OffPolicy


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatOffPolicy(OffPolicy):
    """An agent with continuous actions and no levels that learns from replayed transitions."""

    @abc.abstractmethod
    def explore(self, learner: Any, observation: jax.Array, key: Key) -> jax.Array:
        """Actions ``(N, A)`` while learning, for observations ``(N, D)``."""

    @abc.abstractmethod
    def exploit(self, learner: Any, observation: jax.Array) -> jax.Array:
        """The best actions ``(N, A)`` that it knows, for observations ``(N, D)``."""

    def begin(self, count: int) -> Carry:
        """See `Agent`; nothing is carried."""
        del count
        return ()

    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, jax.Array, Mapping[str, jax.Array]]:
        """See `Agent`."""
        seen = self.see(state, observation)
        if not explore:
            return carry, self.exploit(state.learner, seen), {}
        explore_key, uniform_key = jax.random.split(key)
        action = self.explore(state.learner, seen, explore_key)
        uniform = jax.random.uniform(uniform_key, action.shape, minval=-1.0, maxval=1.0)
        return carry, jnp.where(state.steps < self.learning_starts, uniform, action), {}
