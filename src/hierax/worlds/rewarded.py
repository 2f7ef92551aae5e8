"""A world that pays for something else."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from hierax.spec import WorldSpec
from hierax.worlds.world import Key, State, Timestep, World

Reward: TypeAlias = Callable[
    [Mapping[str, jax.Array], jax.Array, Mapping[str, jax.Array], jax.Array], jax.Array
]
"""(observation, action, next observation, reward of the world) → () reward."""


class Shown(NamedTuple):
    """A world between two steps.

    Attributes:
        state: of the world itself.
        observation: what it showed last.
    """

    state: State
    observation: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Rewarded:
    """A functional world with another reward; all else, ends and success too, is as it was.

    So a level of a hierarchy can learn one thing where the level above it learns another:
    ``Rewarded(world, lambda before, action, after, reward: after["velocity"][0])``.

    Attributes:
        world: any functional world.
        reward: a function of one step of one environment, made of JAX operations.
    """

    world: World
    reward: Reward

    @property
    def spec(self) -> WorldSpec:
        """That of the world."""
        return self.world.spec

    def reset(self, key: Key) -> tuple[Shown, Timestep]:
        """Begins an episode."""
        state, shown = self.world.reset(key)
        return Shown(state, shown.observation), shown

    def step(self, state: Shown, action: jax.Array, key: Key) -> tuple[Shown, Timestep]:
        """Takes one step of the world, and pays for it."""
        moved, shown = self.world.step(state.state, action, key)
        paid = self.reward(state.observation, action, shown.observation, shown.reward)
        shown = shown._replace(reward=jnp.asarray(paid, jnp.float32))
        return Shown(moved, shown.observation), shown
