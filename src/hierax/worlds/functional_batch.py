"""N environments of a functional world side by side, with time limits and automatic resets.

Resets follow the *next-step autoreset* of Gymnasium. An environment whose episode has ended
ignores its next action and begins a new episode: `Timestep.is_step` is False in that step. The
final observation of every episode is therefore part of the sequence of observations.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.spec import WorldSpec
from hierax.worlds.world import Key, State, Timestep, World


class BatchState(NamedTuple):
    """The state of N environments.

    Attributes:
        states: the state of each world, with a leading axis N.
        timestep: the last timestep.
    """

    states: State
    timestep: Timestep


@dataclasses.dataclass(frozen=True)
class FunctionalBatch:
    """N environments of a functional world, as two pure functions.

    Attributes:
        world: the functional world.
        count: N, the number of environments.
    """

    world: World
    count: int

    def reset(self, key: Key) -> BatchState:
        """Begin an episode in every environment."""
        states, timestep = self._initial(key)
        timestep, zero = _typed(timestep, self.world.spec), jnp.zeros(self.count, jnp.int32)
        return BatchState(states, _complete(timestep, zero, zero.astype(jnp.float32), None))

    def step(self, batch: BatchState, action: jax.Array, key: Key) -> BatchState:
        """Step every environment, or begin a new episode where the last one ended.

        Args:
            batch: from `reset` or the last step.
            action: ``(N, d)`` or ``(N,)``.
            key: random key of the steps and resets.
        """
        ended = batch.timestep.ended
        step_key, reset_key = jax.random.split(key)
        stepped = jax.vmap(self.world.step)(
            batch.states, action, jax.random.split(step_key, self.count)
        )

        def with_resets() -> tuple[State, Timestep]:
            return jax.tree.map(
                lambda new, old: _where(ended, new, old), self._initial(reset_key), stepped
            )

        # Resets draw random numbers; skip them in the steps, most of all, that need none.
        states, timestep = jax.lax.cond(ended.any(), with_resets, lambda: stepped)
        spec = self.world.spec
        timestep = _typed(timestep, spec)
        length = jnp.where(ended, 0, batch.timestep.episode_length + 1)
        total = jnp.where(ended, 0.0, batch.timestep.episode_return + timestep.reward)
        return BatchState(states, _complete(timestep, length, total, spec.episode_limit))

    def _initial(self, key: Key) -> tuple[State, Timestep]:
        return jax.vmap(self.world.reset)(jax.random.split(key, self.count))


def _typed(timestep: Timestep, spec: WorldSpec) -> Timestep:
    """Return ``timestep`` with the dtypes of the spec, also where JAX computes in 64 bits."""
    observation = {
        name: jnp.asarray(array, spec.view(name).dtype)
        for name, array in timestep.observation.items()
    }
    return timestep._replace(
        observation=observation, reward=jnp.asarray(timestep.reward, jnp.float32)
    )


def _complete(timestep: Timestep, length: Any, total: Any, limit: int | None) -> Timestep:
    """Return the timestep of a world with the fields that a batch fills."""
    at_limit = jnp.zeros(length.shape, bool) if limit is None else length >= limit
    return Timestep(
        observation=timestep.observation,
        reward=timestep.reward,
        terminated=timestep.terminated,
        truncated=at_limit & ~timestep.terminated,
        success=timestep.success,
        is_step=length > 0,
        episode_return=total,
        episode_length=length,
    )


def _where(mask: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    return jnp.where(mask.reshape(mask.shape + (1,) * (new.ndim - 1)), new, old)
