"""Many copies of a world side by side, with time limits, and a new episode after each that ended.

An environment whose episode has ended takes one more step that begins the next, whatever the
action: `Timestep.is_step` is False there. (Gymnasium calls this next-step autoreset.) So the
observations of an environment are one unbroken row with the last ones of every episode in it.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.worlds.world import Key, State, Timestep, World


class BatchState(NamedTuple):
    """N environments between two steps.

    Attributes:
        states: the state of each world.
        timestep: what was shown last.
    """

    states: State
    timestep: Timestep


@dataclasses.dataclass(frozen=True)
class FunctionalBatch:
    """``count`` copies of ``world`` as two pure functions.

    Attributes:
        world: what is copied.
        count: N, how often.
    """

    world: World
    count: int

    def reset(self, key: Key) -> BatchState:
        """Begins an episode in every environment."""
        states, shown = self._begin(key)
        nothing = jnp.zeros(self.count, jnp.int32)
        return BatchState(states, _timestep(shown, nothing, nothing.astype(jnp.float32), None))

    def step(self, batch: BatchState, action: jax.Array, key: Key) -> BatchState:
        """Takes one step in every environment, or begins an episode where the last one ended.

        Args:
            batch: from `reset` or the last step.
            action: ``(N, ...)``.
            key: of the steps and beginnings.
        """
        ended = batch.timestep.ended
        step_key, reset_key = jax.random.split(key)
        moved = jax.vmap(self.world.step)(
            batch.states, action, jax.random.split(step_key, self.count)
        )

        def begin_some() -> tuple[State, Timestep]:
            return jax.tree.map(
                lambda new, old: _where(ended, new, old), self._begin(reset_key), moved
            )

        # Beginning takes random numbers, which most steps can do without.
        states, shown = jax.lax.cond(ended.any(), begin_some, lambda: moved)
        length = jnp.where(ended, 0, batch.timestep.episode_length + 1)
        so_far = jnp.where(ended, 0.0, batch.timestep.episode_return + shown.reward)
        return BatchState(states, _timestep(shown, length, so_far, self.world.spec.episode_limit))

    def _begin(self, key: Key) -> tuple[State, Timestep]:
        return jax.vmap(self.world.reset)(jax.random.split(key, self.count))


def _timestep(shown: Timestep, length: Any, so_far: Any, limit: int | None) -> Timestep:
    cut = jnp.zeros(length.shape, bool) if limit is None else length >= limit
    return Timestep(
        observation=shown.observation,
        reward=shown.reward,
        terminated=shown.terminated,
        truncated=cut & ~shown.terminated,
        success=shown.success,
        is_step=length > 0,
        episode_return=so_far,
        episode_length=length,
    )


def _where(mask: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    return jnp.where(mask.reshape(mask.shape + (1,) * (new.ndim - 1)), new, old)
