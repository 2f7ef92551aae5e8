"""A functional world with another reward function."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from hierax.spec import WorldSpec
from hierax.worlds.host import stepped_from_host
from hierax.worlds.world import Key, State, Timestep, World

Reward: TypeAlias = Callable[
    [Mapping[str, jax.Array], jax.Array, Mapping[str, jax.Array], jax.Array], jax.Array
]
"""(observation, action, next observation, reward of the world) → reward ``()``."""


class RewardedState(NamedTuple):
    """The state of a `Rewarded` world.

    Attributes:
        state: of the wrapped world.
        observation: the last observation.
    """

    state: State
    observation: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Rewarded:
    """A functional world with another reward function; all else is that of the wrapped world.

    Use it to train a lower level with a reward of its own:
    ``Rewarded(world, lambda before, action, after, reward: after["velocity"][0])``.

    Attributes:
        world: any functional world.
        reward: reward of one step of one environment, in JAX operations. A run remembers it by its
            module and name; an evaluation of a run whose function cannot be imported has the
            rewards of the world.

    Raises:
        ValueError: if the world is stepped from the host.
    """

    world: World
    reward: Reward

    def __post_init__(self) -> None:
        if stepped_from_host(self.world):
            raise ValueError(
                f"world must be a functional world, got {self.world.spec.name}, which is stepped "
                "from the host: wrap an environment of Gymnasium in "
                "gymnasium.wrappers.TransformReward"
            )

    @property
    def spec(self) -> WorldSpec:
        """Description of the wrapped world; the reward of its goal is not known."""
        spec = self.world.spec
        goal = None if spec.goal is None else dataclasses.replace(spec.goal, reward=None)
        return dataclasses.replace(spec, goal=goal)

    def reset(self, key: Key) -> tuple[RewardedState, Timestep]:
        """Begin an episode."""
        state, timestep = self.world.reset(key)
        return RewardedState(state, timestep.observation), timestep

    def step(
        self, state: RewardedState, action: jax.Array, key: Key
    ) -> tuple[RewardedState, Timestep]:
        """Step the wrapped world and replace its reward."""
        following, timestep = self.world.step(state.state, action, key)
        reward = self.reward(state.observation, action, timestep.observation, timestep.reward)
        timestep = timestep._replace(reward=jnp.asarray(reward, jnp.float32))
        return RewardedState(following, timestep.observation), timestep
