"""Actor-critics without levels: the action depends on the present observation alone."""

import abc
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.actor_critic import ActorCritic
from hierax.agents.agent import Carry, Key, Observation, TrainState


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatActorCritic(ActorCritic):
    """An actor-critic without levels.

    A subclass builds a learner (`build`), says how it acts (`explore`, `exploit`) and how a batch
    of transitions changes the learner (`update`). Actions are uniform until ``learning_starts``
    steps are observed.
    """

    @abc.abstractmethod
    def explore(self, learner: Any, observation: jax.Array, key: Key) -> jax.Array:
        """Return actions ``(N, A)`` for training, from observations ``(N, D)``."""

    @abc.abstractmethod
    def exploit(self, learner: Any, observation: jax.Array) -> jax.Array:
        """Return the best actions ``(N, A)`` known, from observations ``(N, D)``."""

    def initial_carry(self, count: int) -> Carry:
        """Return an empty carry."""
        del count
        return ()

    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, jax.Array, dict[str, jax.Array]]:
        """Return actions in [-1, 1]; the carry and the extras are empty."""
        encoded = self.preprocess(state, observation)
        if not explore:
            return carry, self.exploit(state.learner, encoded), {}
        explore_key, uniform_key = jax.random.split(key)
        action = self.explore(state.learner, encoded, explore_key)
        uniform = jax.random.uniform(uniform_key, action.shape, minval=-1.0, maxval=1.0)
        return carry, jnp.where(state.steps < self.learning_starts, uniform, action), {}
