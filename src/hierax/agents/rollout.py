"""The last T steps of N environments, for agents that learn on-policy."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Transition
from hierax.agents.replay.ring import write_row


class RolloutState(NamedTuple):
    """The stored steps, T + 1 rows.

    Attributes:
        observation: ``(T + 1, N, ...)`` for each view, before the step of the row.
        step: a `Transition` of ``(T + 1, N, ...)`` arrays without observations.
        cursor: () int32, the next row to write.
    """

    observation: Any
    step: Transition
    cursor: jax.Array


@dataclasses.dataclass(frozen=True)
class Rollout:
    """A store of the last T steps as pure functions over a `RolloutState`.

    Attributes:
        length: T, steps of each environment.

    Raises:
        ValueError: if ``length`` is below 1.
    """

    length: int

    def __post_init__(self) -> None:
        checks.count("length", self.length, 1)

    def init(self, transition: Transition) -> RolloutState:
        """Return an empty store for steps of the shapes of ``transition``, of N environments."""

        def empty(leaf: Any) -> jax.Array:
            return jnp.zeros((self.length + 1, *leaf.shape), leaf.dtype)

        step = jax.tree.map(empty, _without_observations(transition))
        observation = jax.tree.map(empty, transition.observation)
        return RolloutState(observation, step, jnp.zeros((), jnp.int32))

    def add(self, state: RolloutState, transition: Transition) -> RolloutState:
        """Return the store after one step of N environments."""
        row, following = state.cursor, (state.cursor + 1) % (self.length + 1)
        observation = write_row(state.observation, row, transition.observation)
        return RolloutState(
            observation=write_row(observation, following, transition.next_observation),
            step=write_row(state.step, row, _without_observations(transition)),
            cursor=following,
        )

    def read(self, state: RolloutState) -> Transition:
        """Return the last T steps, ``(T, N, ...)`` arrays, the oldest first.

        Ends of episodes lie within. A step with ``is_step`` False began an episode: nothing is to
        be learned from it, and no value flows through it.
        """
        rows = (state.cursor + 1 + jnp.arange(self.length + 1)) % (self.length + 1)
        observation = jax.tree.map(lambda leaf: leaf[rows], state.observation)
        step = jax.tree.map(lambda leaf: leaf[rows[:-1]], state.step)
        return step._replace(
            observation=jax.tree.map(lambda leaf: leaf[:-1], observation),
            next_observation=jax.tree.map(lambda leaf: leaf[1:], observation),
        )


class FromRollouts:
    """The part that is the same for all that learn once from each rollout: agents and learners.

    Attributes:
        rollout_length: T, steps of each environment between two updates.
    """

    rollout_length: int

    @property
    def learning_starts(self) -> int:
        """0: the first rollout is learned from."""
        return 0

    @property
    def updates_per_step(self) -> float:
        """1 / T, for one environment."""
        return 1.0 / self.rollout_length

    @property
    def store(self) -> Rollout:
        """The last T steps."""
        return Rollout(self.rollout_length)


def _without_observations(transition: Transition) -> Transition:
    return transition._replace(observation=None, next_observation=None)
