"""Somebody who has learned nothing: every action is as likely as any other."""

import dataclasses
from typing import Any, cast

import jax

from hierax.agents.agent import Agent, TrainState
from hierax.spec import Continuous, WorldSpec
from hierax.training import Player
from hierax.training.config import AnyWorld


@dataclasses.dataclass(frozen=True)
class RandomAgent:
    """Acts as agents do, uniformly at random.

    Attributes:
        spec: of the world.
    """

    spec: WorldSpec

    def initial_carry(self, count: int) -> tuple[()]:
        """Carries nothing."""
        return ()

    def act(
        self, state: None, carry: tuple[()], observation: Any, key: jax.Array, *, explore: bool
    ) -> tuple[tuple[()], jax.Array, tuple[()]]:
        """See `hierax.agents.agent.Agent.act`; whether to explore makes no difference."""
        kind, count = self.spec.action, jax.tree.leaves(observation)[0].shape[0]
        shape = (count, *kind.shape)
        if isinstance(kind, Continuous):
            return carry, jax.random.uniform(key, shape, minval=-1.0, maxval=1.0), ()
        return carry, jax.random.randint(key, shape, 0, kind.count), ()


def random_player(world: AnyWorld) -> Player:
    """Somebody who acts at random in a world."""
    return Player(cast(Agent, RandomAgent(world.spec)), cast(TrainState, None), world, 0)
