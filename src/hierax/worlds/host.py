"""Batches of environments that are stepped from the host, one call a step.

Whatever cannot be run inside `jit` (the physics of MuJoCo, a Gymnasium environment) is a
`HostBatch`. `FunctionalHostBatch` makes one of any `World`, for tests and for a driver that knows
host batches alone.
"""

import dataclasses
import functools
from typing import Any, Protocol, TypeAlias

import jax
import numpy as np

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.functional_batch import BatchState, FunctionalBatch
from hierax.worlds.world import Timestep, World

Saved: TypeAlias = Any
"""A pytree of NumPy arrays, or None."""


class HostBatch(Protocol):
    """N environments side by side; episodes end and begin as in `FunctionalBatch`."""

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of each environment."""
        ...

    @property
    def count(self) -> int:
        """N."""
        ...

    def reset(self, seed: int) -> Timestep:
        """Begins an episode in every environment; the same seed gives the same episodes."""
        ...

    def step(self, action: np.ndarray) -> Timestep:
        """Takes a step in each environment, or begins an episode where the last one ended.

        Args:
            action: ``(N, d)`` in [-1, 1], or ``(N,)`` whole numbers.

        Returns:
            An timestep of NumPy arrays, which no later call writes to.
        """
        ...

    def save(self) -> Saved:
        """All that is needed to go on from here to the bit, or None where that cannot be had."""
        ...

    def restore(self, saved: Saved) -> None:
        """Goes back to where `save` gave ``saved``."""
        ...

    def close(self) -> None:
        """Lets go of whatever is held outside of Python."""
        ...


class HostWorld(Protocol):
    """A world of which batches of environments can be made."""

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of it."""
        ...

    def batch(self, count: int) -> HostBatch:
        """``count`` environments, stepped from the host."""
        ...


class FunctionalHostBatch:
    """``count`` copies of a functional world, stepped on the CPU by one compiled function.

    What `save` gives continues to the bit, random numbers included.

    Args:
        world: what is copied.
        count: N, how often.

    Raises:
        ValueError: where the count is no whole number above 0.
    """

    def __init__(self, world: World, count: int):
        checks.count("count", count, 1)
        self.spec = world.spec
        self.count = count
        self._batch = FunctionalBatch(world, count)
        self._device = jax.devices("cpu")[0]
        self._now: tuple[BatchState, jax.Array] | None = None

    def reset(self, seed: int) -> Timestep:
        """See `HostBatch.reset`."""
        # What is put on a device stays there, and so does whatever is computed of it.
        key = jax.device_put(jax.random.key(seed), self._device)
        return self._go_on(_first(self._batch, key))

    def step(self, action: np.ndarray) -> Timestep:
        """See `HostBatch.step`."""
        checks.require_shape("action", action, (self.count, *self.spec.action.shape))
        return self._go_on(_next(self._batch, *self._begun(), action))

    def save(self) -> Saved:
        """The state of all environments, what they showed last, and the key of what comes next."""
        state, key = self._begun()
        return jax.tree.map(np.asarray, {"batch": state, "key": jax.random.key_data(key)})

    def restore(self, saved: Saved) -> None:
        """See `HostBatch.restore`."""
        placed = jax.device_put(saved, self._device)
        self._now = placed["batch"], jax.random.wrap_key_data(placed["key"])

    def close(self) -> None:
        """Does nothing: all that is held is arrays."""

    def _begun(self) -> tuple[BatchState, jax.Array]:
        if self._now is None:
            raise RuntimeError("no episode has begun: call reset or restore first")
        return self._now

    def _go_on(self, now: tuple[BatchState, jax.Array]) -> Timestep:
        # On the CPU NumPy shares the memory of JAX's arrays, which nothing ever writes to: so they
        # must not be donated to the next step either.
        self._now = now
        return jax.tree.map(np.asarray, now[0].timestep)


@dataclasses.dataclass(frozen=True)
class FunctionalHostWorld:
    """A functional world as one of which batches are stepped from the host.

    Attributes:
        world: the world.
    """

    world: World

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of it."""
        return self.world.spec

    def batch(self, count: int) -> FunctionalHostBatch:
        """``count`` environments."""
        return FunctionalHostBatch(self.world, count)


@functools.partial(jax.jit, static_argnums=0)
def _first(batch: FunctionalBatch, key: jax.Array) -> tuple[BatchState, jax.Array]:
    reset_key, key = jax.random.split(key)
    return batch.reset(reset_key), key


@functools.partial(jax.jit, static_argnums=0)
def _next(
    batch: FunctionalBatch, state: BatchState, key: jax.Array, action: jax.Array
) -> tuple[BatchState, jax.Array]:
    step_key, key = jax.random.split(key)
    return batch.step(state, action, step_key), key
