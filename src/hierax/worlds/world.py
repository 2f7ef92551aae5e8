"""Worlds as pure functions, to be acted in inside `jit`.

A world describes itself by a `WorldSpec` and is two functions of arrays. One world is one
environment: `hierax.worlds.functional_batch.FunctionalBatch` runs many side by
side, cuts episodes off at the limit of the spec and begins new ones.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax

from hierax.spec import WorldSpec

Key: TypeAlias = jax.Array
State: TypeAlias = Any


class Timestep(NamedTuple):
    """One step, or the beginning of an episode, of one environment or of N side by side.

    A functional world fills the first four fields, without a leading axis. A batch of N
    environments fills all of them, each with a leading axis N.

    Attributes:
        observation: an array for each view of the spec.
        reward: float32, of the step that led here; 0 at the beginning of an episode.
        terminated: bool, the episode is over for good.
        success: bool, whether the task is fulfilled here. An episode succeeds if its last step
            does; always False in a world whose spec has no success.
        truncated: bool, the episode is cut off here by its limit.
        is_step: bool, False where an episode began.
        episode_return: float32, sum of the episode's rewards so far.
        episode_length: int32, its steps so far.
    """

    observation: Mapping[str, Any]
    reward: Any
    terminated: Any
    success: Any
    truncated: Any = None
    is_step: Any = None
    episode_return: Any = None
    episode_length: Any = None

    @property
    def ended(self) -> Any:
        """Where the episode is over, terminated or truncated."""
        return self.terminated | self.truncated


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
