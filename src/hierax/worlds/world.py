"""Worlds as pure functions, to be acted in inside `jit`.

A world describes itself by a `WorldSpec` and is two functions of arrays. One world is one
environment: `hierax.worlds.batch.Batch` runs many side by side, cuts episodes off at the limit of
the spec and begins new ones.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax

from hierax.spec import WorldSpec

Key: TypeAlias = jax.Array
State: TypeAlias = Any


class Timestep(NamedTuple):
    """What a step, or the beginning of an episode, shows.

    Attributes:
        observation: an array for each view of the spec.
        reward: () float32, of the step that led here; 0 at the beginning.
        terminated: () bool, the episode is over for good.
        success: () bool, whether the task is fulfilled here. An episode succeeds if it is at its
            last step; always False in a world whose spec has no success.
    """

    observation: Mapping[str, jax.Array]
    reward: jax.Array
    terminated: jax.Array
    success: jax.Array


class World(Protocol):
    """Two pure functions and a description; every implementation is a frozen dataclass.

    Its fields are its options, such as ``goal`` or ``episode_limit``.
    """

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of it."""
        ...

    def reset(self, key: Key) -> tuple[State, Timestep]:
        """Begins an episode: a pytree of arrays that is all of the world, and what it shows."""
        ...

    def step(self, state: State, action: jax.Array, key: Key) -> tuple[State, Timestep]:
        """Takes one step; ``action`` is in [-1, 1]^d or a whole number, as the spec says."""
        ...
