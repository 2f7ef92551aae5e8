"""Batches of environments that are stepped from the host, one Python call per step.

A world that cannot run inside ``jax.jit`` (MuJoCo physics, a Gymnasium environment) is a
`HostWorld`, which makes batches of type `HostBatch`. `FunctionalHostWorld` wraps a functional
`World` as a `HostWorld`.
"""

import dataclasses
import functools
from typing import Any, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from hierax import checks
from hierax.precision import in_float32
from hierax.spec import WorldSpec
from hierax.worlds.functional_batch import BatchState, FunctionalBatch
from hierax.worlds.named_arrays import from_named_arrays, to_named_arrays
from hierax.worlds.world import Timestep, World

Saved: TypeAlias = dict[str, np.ndarray] | None
"""Arrays by name, or None if the state of a batch cannot be read."""


class HostBatch(Protocol):
    """N environments side by side; episodes end and begin as in `FunctionalBatch`."""

    @property
    def spec(self) -> WorldSpec:
        """Description of each environment."""
        ...

    @property
    def count(self) -> int:
        """N."""
        ...

    def reset(self, seed: int) -> Timestep:
        """Begin an episode in every environment; the same seed gives the same episodes."""
        ...

    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment, or begin a new episode where the last one ended.

        Args:
            action: ``(N, d)`` in [-1, 1], or ``(N,)`` integers.

        Returns:
            A timestep of NumPy arrays. No later call writes to these arrays.
        """
        ...

    def save(self) -> Saved:
        """Return the whole state as arrays by name, or None if it cannot be read.

        A batch that is restored from it continues bit for bit.
        """
        ...

    def restore(self, saved: Saved) -> None:
        """Continue from the state that `save` returned."""
        ...

    def close(self) -> None:
        """Release resources outside of Python, such as windows or processes."""
        ...


class HostWorld(Protocol):
    """A world that makes batches of environments; ``spec.stepped`` is ``"host"``."""

    @property
    def spec(self) -> WorldSpec:
        """Description of each environment."""
        ...

    def batch(self, count: int) -> HostBatch:
        """Return a batch of ``count`` environments."""
        ...


def stepped_from_host(world: Any) -> bool:
    """Return whether ``world`` is stepped from the host: its ``spec.stepped`` is ``"host"``.

    Raises:
        ValueError: if the world lacks a method that its kind needs: ``batch`` for ``"host"``,
            ``reset`` and ``step`` for ``"jit"``.
    """
    spec = world.spec
    needed = ("batch",) if spec.stepped == "host" else ("reset", "step")
    missing = [name for name in needed if not callable(getattr(world, name, None))]
    if missing:
        raise ValueError(
            f"{spec.name} has spec.stepped={spec.stepped!r}, so {type(world).__name__} must have "
            f"the methods {', '.join(needed)}; it lacks {', '.join(missing)}"
        )
    return spec.stepped == "host"


def where(mask: np.ndarray, new: Any, old: Any) -> Any:
    """Return the arrays of ``new`` in the environments of ``mask``, those of ``old`` elsewhere."""

    def chosen(new: Any, old: Any) -> Any:
        if isinstance(new, jax.Array):
            return jnp.where(mask.reshape(mask.shape + (1,) * (new.ndim - 1)), new, old)
        return np.where(mask.reshape(mask.shape + (1,) * (np.ndim(new) - 1)), new, old)

    return jax.tree.map(chosen, new, old)


def tells_success(batch: HostBatch) -> bool:
    """Return whether the environments report success.

    Where their spec leaves it open, whether they have reported it since the batch was made.
    """
    declared = batch.spec.has_success
    return bool(getattr(batch, "tells_success", False)) if declared is None else declared


class FunctionalHostBatch:
    """N environments of a functional world, stepped on the CPU by one compiled function.

    Args:
        world: a functional world.
        count: N, the number of environments.

    Raises:
        ValueError: if ``count`` is not a whole number above 0.
    """

    def __init__(self, world: World, count: int):
        checks.count("count", count, 1)
        self.spec = dataclasses.replace(world.spec, stepped="host")
        self.count = count
        self._batch = FunctionalBatch(world, count)
        self._device = jax.devices("cpu")[0]
        self._now: tuple[BatchState, jax.Array] | None = None

    @in_float32
    def reset(self, seed: int) -> Timestep:
        """Begin an episode in every environment; the same seed gives the same episodes."""
        # The key is committed to the CPU, so everything that is computed from it is as well.
        key = jax.device_put(jax.random.key(seed), self._device)
        return self._continue(_first(self._batch, key))

    @in_float32
    def reset_where(self, mask: np.ndarray, seed: int) -> Timestep:
        """Begin episodes where ``mask``, the same as those of ``reset(seed)`` there."""
        state, key = self._current()
        fresh, _ = _first(self._batch, jax.device_put(jax.random.key(seed), self._device))
        return self._continue((where(mask, fresh, state), key))

    @in_float32
    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment, or begin a new episode where the last one ended."""
        checks.require_shape("action", action, (self.count, *self.spec.action.shape))
        return self._continue(_next(self._batch, *self._current(), action))

    def save(self) -> dict[str, np.ndarray]:
        """Return the states of all environments, the last timestep and the random key by name."""
        return to_named_arrays(_by_name(self._current()))

    @in_float32
    def restore(self, saved: Saved) -> None:
        """Continue from the state that `save` returned.

        Raises:
            ValueError: if it was saved by another world or with another number of environments.
        """
        like = _by_name(jax.eval_shape(lambda: _first(self._batch, jax.random.key(0))))
        placed = jax.device_put(from_named_arrays(saved, like), self._device)
        self._now = placed["batch"], placed["key"]

    def close(self) -> None:
        """Do nothing: the batch holds only arrays."""

    def _current(self) -> tuple[BatchState, jax.Array]:
        if self._now is None:
            raise RuntimeError("no episode has begun: call reset or restore first")
        return self._now

    def _continue(self, now: tuple[BatchState, jax.Array]) -> Timestep:
        # On the CPU, NumPy shares memory with JAX arrays, so these arrays must not be donated.
        self._now = now
        return jax.tree.map(np.asarray, now[0].timestep)


@dataclasses.dataclass(frozen=True)
class FunctionalHostWorld:
    """A functional world whose batches are stepped from the host.

    Attributes:
        world: the functional world.
    """

    world: World

    @property
    def spec(self) -> WorldSpec:
        """Description of the wrapped world, with ``stepped="host"``."""
        return dataclasses.replace(self.world.spec, stepped="host")

    def batch(self, count: int) -> FunctionalHostBatch:
        """Return a batch of ``count`` environments."""
        return FunctionalHostBatch(self.world, count)


def _by_name(now: Any) -> dict[str, Any]:
    state, key = now
    return {"batch": state, "key": key}


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
