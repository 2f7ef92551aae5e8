"""Worlds of MuJoCo as two pure functions, for whatever knows functional worlds alone.

The engine is a function of rows already, so all that is needed is a way out of `jit` and back. It
costs a call to the host for each step of a `hierax.worlds.FunctionalBatch`; a driver that steps
from the host does without.
"""

import dataclasses
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import numpy as np

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.mujoco.batch import MujocoBatch, Now
from hierax.worlds.mujoco.engine import Physics
from hierax.worlds.mujoco.random_state import numbers_of
from hierax.worlds.mujoco.world import MujocoWorld
from hierax.worlds.world import Key, State, Timestep

_ONE_BY_ONE = threading.Lock()  # callbacks of programs that run at once share batches


@dataclasses.dataclass(frozen=True)
class FunctionalMujoco:
    """A world of MuJoCo as a `hierax.worlds.World`: it steps as its batches do, to the bit.

    So ``Rewarded(FunctionalMujoco(make("AntCross-v0")), reward)`` is a world that pays for
    something else. A state is an array of 32-bit words that hold the physics in 64 bits, which JAX
    by default cannot.

    Attributes:
        world: made by `hierax.worlds.make`.
        threads: that step the physics of all copies.

    Raises:
        ValueError: where ``threads`` is no whole number above 0.
    """

    world: MujocoWorld
    threads: int = 1

    def __post_init__(self) -> None:
        checks.instance("world", self.world, MujocoWorld)
        checks.count("threads", self.threads, 1)

    @property
    def spec(self) -> WorldSpec:
        """That of the world, as a functional one."""
        return dataclasses.replace(self.world.spec, stepped="jit")

    def reset(self, key: Key) -> tuple[State, Timestep]:
        """Begins an episode."""
        return self._on_host(self._begin, jax.random.key_data(key))

    def step(self, state: State, action: jax.Array, key: Key) -> tuple[State, Timestep]:
        """Takes one step; ``key`` is not needed."""
        return self._on_host(self._advance, state, action)

    def _on_host(self, function: Callable[..., Any], *rows: jax.Array) -> tuple[State, Timestep]:
        """Calls ``function`` of arrays ``(N, ...)`` for what may be any number of copies."""

        def call(*given: Any) -> tuple[State, Timestep]:
            arrays = [np.asarray(array) for array in given]
            copies = arrays[0].shape[:-1]
            with _ONE_BY_ONE:
                found = function(*(array.reshape(-1, array.shape[-1]) for array in arrays))
            return jax.tree.map(lambda leaf: leaf.reshape((*copies, *leaf.shape[1:])), found)

        return jax.pure_callback(call, self._shapes, *rows, vmap_method="broadcast_all")

    def _begin(self, words: np.ndarray) -> tuple[State, Timestep]:
        """Begins an episode in each of N environments, with random numbers from these words."""
        batch, any_now = self._batch(len(words))
        over = any_now.timestep._replace(terminated=np.ones(len(words), bool))
        random = [numbers_of(np.random.default_rng(each)) for each in words]
        batch.set_state(any_now._replace(timestep=over), np.stack(random))
        return self._shown(batch, batch.step(np.zeros((len(words), *self.spec.action.shape))))

    def _advance(self, words: np.ndarray, action: np.ndarray) -> tuple[State, Timestep]:
        batch, any_now = self._batch(len(words))
        row, sensors, steps, *memory = np.split(words.view(np.float64), self._cuts, axis=1)
        known = any_now.memory.items()
        batch.set_state(
            Now(
                Physics(row, sensors),
                {
                    name: part.reshape(like.shape).astype(like.dtype)
                    for part, (name, like) in zip(memory, known, strict=True)
                },
                any_now.timestep._replace(episode_length=steps[:, 0].astype(np.int32)),
            )
        )
        return self._shown(batch, batch.step(action))

    def _shown(self, batch: MujocoBatch, timestep: Timestep) -> tuple[State, Timestep]:
        parts = [
            np.asarray(part.reshape(batch.count, -1), np.float64) for part in _parts(batch.now)
        ]
        state = np.concatenate(parts, axis=1).view(np.uint32)
        return state, Timestep(
            dict(timestep.observation), timestep.reward, timestep.terminated, timestep.success
        )

    def _batch(self, count: int) -> tuple[MujocoBatch, Now]:
        """A batch of so many environments, and one of its states."""
        if count not in self._batches:
            batch = MujocoBatch(self.world, count, self.threads)
            batch.reset(0)
            self._batches[count] = batch, batch.now
        return self._batches[count]

    @cached_property
    def _batches(self) -> dict[int, tuple[MujocoBatch, Now]]:
        return {}

    @cached_property
    def _cuts(self) -> list[int]:
        """Where the parts of a state end, but for the last."""
        _, now = self._batch(1)
        return np.cumsum([part.size for part in _parts(now)])[:-1].tolist()

    @cached_property
    def _shapes(self) -> tuple[State, Timestep]:
        batch, now = self._batch(1)
        found = self._shown(batch, now.timestep)
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), found)


def _parts(now: Now) -> list[np.ndarray]:
    """All of N environments that the next step depends on, each an array ``(N, ...)``."""
    return [*now.physics, now.timestep.episode_length, *now.memory.values()]
