"""An agent that takes uniformly random actions."""

import dataclasses
from typing import Any, cast

import jax
import jax.numpy as jnp

from hierax.agents.agent import Agent, TrainState
from hierax.precision import in_float32
from hierax.spec import Continuous, WorldSpec
from hierax.training import Player
from hierax.training.config import AnyWorld


@dataclasses.dataclass(frozen=True)
class RandomAgent:
    """An agent whose actions are uniform, with or without exploration.

    Attributes:
        spec: of the world.
    """

    spec: WorldSpec

    def initial_carry(self, count: int) -> tuple[()]:
        """Return an empty carry."""
        return ()

    @in_float32
    def acting_state(self, key: jax.Array) -> TrainState:
        """Return a state without parameters."""
        return TrainState((), None, {}, jnp.array(0), jnp.array(0), key)

    def act(
        self,
        state: TrainState,
        carry: tuple[()],
        observation: Any,
        key: jax.Array,
        *,
        explore: bool,
    ) -> tuple[tuple[()], jax.Array, tuple[()]]:
        """Return the carry, uniform actions ``(N, ...)``, and no extras."""
        kind, count = self.spec.action, jax.tree.leaves(observation)[0].shape[0]
        shape = (count, *kind.shape)
        if isinstance(kind, Continuous):
            return carry, jax.random.uniform(key, shape, minval=-1.0, maxval=1.0), ()
        return carry, jax.random.randint(key, shape, 0, kind.count), ()


def random_player(world: AnyWorld) -> Player:
    """Return a player that takes random actions in a world."""
    agent = RandomAgent(world.spec)
    return Player(cast(Agent, agent), agent.acting_state(jax.random.key(0)), world, 0)
