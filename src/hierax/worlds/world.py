"""Functional worlds: pure functions that are stepped inside ``jax.jit``.

A `World` is one environment. `hierax.worlds.FunctionalBatch` runs N of them side by side,
truncates episodes at the limit of the spec and begins new ones.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax

from hierax.spec import WorldSpec

Key: TypeAlias = jax.Array
State: TypeAlias = Any


class Timestep(NamedTuple):
    """The result of a reset or a step, of one environment or of N side by side.

    A functional world fills the first four fields, without a leading axis. A batch of N
    environments fills all of them, each with a leading axis N.

    Attributes:
        observation: an array for each view of the spec.
        reward: float32, of the step that led here; 0 after a reset.
        terminated: bool, True in a terminal state: nothing is bootstrapped from it.
        success: bool, whether the task is solved here. An episode succeeds if its last step
            does. Always False in a world whose spec has ``has_success=False``.
        truncated: bool, True where the limit ends the episode.
        is_step: bool, False where an episode begins.
        episode_return: float32, sum of the episode's rewards so far.
        episode_length: int32, number of the episode's steps so far.
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
        """True where the episode is over: terminated or truncated."""
        return self.terminated | self.truncated


class World(Protocol):
    """A functional world: a spec and two pure functions.

    Implementations are frozen dataclasses. Their fields are the options of the world, such as
    ``goal`` or ``episode_limit``.
    """

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        ...

    def reset(self, key: Key) -> tuple[State, Timestep]:
        """Return the initial state, a pytree of arrays, and the first timestep of an episode."""
        ...

    def step(self, state: State, action: jax.Array, key: Key) -> tuple[State, Timestep]:
        """Return the next state and its timestep.

        Args:
            state: from `reset` or the last step.
            action: ``(d,)`` in [-1, 1], or an integer ``()``, according to ``spec.action``.
            key: random key of this step.
        """
        ...
