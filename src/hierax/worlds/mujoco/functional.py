"""MuJoCo worlds as functional worlds, for code that supports only these.

The physics is a function of arrays, so it can be called from inside `jit` by a callback to the
host. The callback costs time in each step; a driver that steps from the host is faster.
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
from hierax.worlds.mujoco.batch import MujocoBatch
from hierax.worlds.mujoco.mujoco_world import MujocoState, MujocoWorld
from hierax.worlds.world import Key, State, Timestep

_LOCK = threading.Lock()  # callbacks of programs that run at once share batches


@dataclasses.dataclass(frozen=True)
class FunctionalMujoco:
    """A MuJoCo world as a functional world; its steps equal those of its batches bit for bit.

    For example, ``Rewarded(FunctionalMujoco(make("AntCross-v0")), reward)`` is the same world with
    another reward. A state is an array of 32-bit words that hold the physics in 64 bits, because
    JAX has no 64-bit numbers by default.

    Attributes:
        world: made by `hierax.worlds.make`.
        threads: number of threads that step the physics.

    Raises:
        ValueError: if ``threads`` is not an integer of at least 1.
    """

    world: MujocoWorld
    threads: int = 1

    def __post_init__(self) -> None:
        checks.instance("world", self.world, MujocoWorld)
        checks.count("threads", self.threads, 1)

    @property
    def spec(self) -> WorldSpec:
        """Description of the world for agents, as a functional one."""
        return dataclasses.replace(self.world.spec, stepped="jit")

    def reset(self, key: Key) -> tuple[State, Timestep]:
        """Begin an episode."""
        return self._on_host(self._reset, jax.random.key_data(key))

    def step(self, state: State, action: jax.Array, key: Key) -> tuple[State, Timestep]:
        """Take one step; ``key`` is not used."""
        return self._on_host(self._step, state, action)

    def _on_host(self, function: Callable[..., Any], *rows: jax.Array) -> tuple[State, Timestep]:
        """Call ``function`` of arrays ``(N, ...)``, for any number of vmapped axes."""

        def call(*given: Any) -> tuple[State, Timestep]:
            arrays = [np.asarray(array) for array in given]
            axes = arrays[0].shape[:-1]
            with _LOCK:
                found = function(*(array.reshape(-1, array.shape[-1]) for array in arrays))
            return jax.tree.map(lambda leaf: leaf.reshape((*axes, *leaf.shape[1:])), found)

        return jax.pure_callback(call, self._shapes, *rows, vmap_method="broadcast_all")

    def _reset(self, words: np.ndarray) -> tuple[State, Timestep]:
        """Begin an episode in each of N environments, with the words of a key each as seed."""
        batch, _, _ = self._batch(len(words))
        return _result(batch, batch.begin_episodes([np.random.default_rng(each) for each in words]))

    def _step(self, words: np.ndarray, action: np.ndarray) -> tuple[State, Timestep]:
        batch, like, first = self._batch(len(words))
        batch.set_state(_unpacked(words, like), first)
        return _result(batch, batch.step(action))

    def _batch(self, count: int) -> tuple[MujocoBatch, MujocoState, Timestep]:
        """Return a batch of ``count`` environments, and its first state and timestep."""
        if count not in self._batches:
            batch = MujocoBatch(self.world, count, self.threads)
            batch.reset(0)
            self._batches[count] = batch, batch.state, batch.timestep
        return self._batches[count]

    @cached_property
    def _batches(self) -> dict[int, tuple[MujocoBatch, MujocoState, Timestep]]:
        return {}

    @cached_property
    def _shapes(self) -> tuple[State, Timestep]:
        batch, _, first = self._batch(1)
        found = _result(batch, first)
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), found)


def _result(batch: MujocoBatch, timestep: Timestep) -> tuple[State, Timestep]:
    """Return state and timestep as a functional world does."""
    observation, reward, terminated, success, *_ = timestep
    return _packed(batch.state), Timestep(dict(observation), reward, terminated, success)


def _packed(state: MujocoState) -> np.ndarray:
    """Return states as 32-bit words ``(N, ...)``."""
    parts = [part.reshape(len(part), -1) for part in jax.tree.leaves(state)]
    return np.concatenate(parts, axis=1, dtype=np.float64).view(np.uint32)


def _unpacked(words: np.ndarray, like: MujocoState) -> MujocoState:
    """Return the states that `_packed` was given, with the shapes and dtypes of ``like``."""
    leaves, structure = jax.tree.flatten(like)
    ends = np.cumsum([leaf[0].size for leaf in leaves])[:-1]
    parts = np.split(words.view(np.float64), ends.tolist(), axis=1)
    return jax.tree.unflatten(
        structure,
        [
            part.reshape(leaf.shape).astype(leaf.dtype)
            for part, leaf in zip(parts, leaves, strict=True)
        ],
    )
