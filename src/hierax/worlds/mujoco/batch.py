"""N environments of a world of MuJoCo as a `hierax.worlds.host.HostBatch`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import mujoco
import numpy as np

from hierax import checks
from hierax.worlds.actions import checked_actions
from hierax.worlds.host import Saved
from hierax.worlds.mujoco.engine import Engine, Physics
from hierax.worlds.mujoco.random_state import numbers_of, with_numbers
from hierax.worlds.mujoco.vision import VISION, Image, Mark, Painter, drawing
from hierax.worlds.mujoco.world import Beginning, MujocoWorld, Readings
from hierax.worlds.named_arrays import from_named_arrays, to_named_arrays
from hierax.worlds.world import Timestep

_PICTURE = (480, 360)
"""Width and height of pictures from outside."""
_DRAWN_WITH = ("_camera", "_eye")


class Now(NamedTuple):
    """All of a batch between two steps but its random numbers.

    Attributes:
        physics: of all environments.
        memory: of their episodes.
        timestep: what was shown last.
    """

    physics: Physics
    memory: Mapping[str, np.ndarray]
    timestep: Timestep


class MujocoBatch:
    """``count`` environments of ``world``, stepped by ``threads`` threads.

    What an environment goes through depends on the seed, its number and its actions alone: not on
    how many others there are, on threads, or on the process. What `save` gives continues to the
    bit.

    Args:
        world: what they are environments of.
        count: N.
        threads: that step the physics; more than environments are of no use.

    Raises:
        ValueError: where a number is no whole number above 0, or ``world`` is none of MuJoCo.
    """

    def __init__(self, world: MujocoWorld, count: int, threads: int = 1):
        checks.instance("world", world, MujocoWorld)
        checks.count("count", count, 1)
        checks.count("threads", threads, 1)
        self.count, self.spec = count, world.spec
        self._world = world
        self.engine = Engine(world.model, world.substeps, min(threads, count))
        low, high = world.model.actuator_ctrlrange.T
        self._middle, self._half = (high + low) / 2.0, (high - low) / 2.0
        self._held: tuple[Now, list[np.random.Generator]] | None = None

    @property
    def now(self) -> Now:
        """Where the environments are; raises RuntimeError before the first `reset`."""
        return self._all[0]

    def reset(self, seed: int) -> Timestep:
        """See `hierax.worlds.host.HostBatch.reset`."""
        checks.count("seed", seed, 0)
        random = [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
            for number in range(self.count)
        ]
        begun = [self._begin(each) for each in random]
        physics = Physics(*map(np.concatenate, zip(*(each for each, _ in begun), strict=True)))
        memory = {name: np.stack([each[name] for _, each in begun]) for name in begun[0][1]}
        action = np.zeros((self.count, *self.spec.action.shape))
        return self._show(physics, memory, action, _nothing_yet(self.count), random)

    def step(self, action: np.ndarray) -> Timestep:
        """See `hierax.worlds.host.HostBatch.step`; raises ValueError for what is no action."""
        last, random = self._all
        ended, length = last.timestep.ended, last.timestep.episode_length
        chosen = checked_actions(self.spec.action, action, ended)
        physics = self.engine.step(last.physics, self._middle + self._half * chosen, ~ended)
        before = self._readings(last.physics, last.memory, chosen, length)
        now = self._readings(physics, last.memory, chosen, length + 1)
        reward, terminated, success, memory = self._world.judge(before, now)
        if memory.keys() != last.memory.keys():
            found, expected = map(_listed, (memory, last.memory))
            raise ValueError(f"memory of judge is {found}, but must be that of begin, {expected}")
        if ended.any():
            memory, random = _copied(memory), list(random)
            for number in ended.nonzero()[0].tolist():
                random[number] = with_numbers(numbers_of(random[number]))
                self._renew(number, physics, memory, random[number])
        length = np.where(ended, 0, length + 1)
        reward = np.where(ended, 0.0, reward).astype(np.float32)
        terminated = terminated & ~ended
        earned = _Earned(
            reward,
            terminated,
            (length >= self.spec.episode_limit) & ~terminated,
            success & ~ended,
            ~ended,
            np.where(ended, np.float32(0.0), last.timestep.episode_return + reward),
            length,
        )
        return self._show(physics, memory, chosen, earned, random)

    def save(self) -> dict[str, np.ndarray]:
        """Return physics, memory, last timestep and random states as arrays by name."""
        now, random = self._all
        numbers = np.stack([numbers_of(each) for each in random])
        return {**to_named_arrays(now), "random": numbers}

    def restore(self, saved: Saved) -> None:
        """Continue from the state that `save` returned.

        Raises:
            ValueError: if it was saved by another world or with another number of environments.
        """
        physics, memory = jax.tree.map(self._repeated, self._example)
        views = {view.name: np.zeros(view.shape, view.dtype)[None] for view in self.spec.views}
        timestep = Timestep(jax.tree.map(self._repeated, views), *_nothing_yet(self.count))
        random = np.zeros((self.count, *numbers_of(np.random.default_rng(0)).shape))
        like = {**Now(physics, memory, timestep)._asdict(), "random": random}
        found = from_named_arrays(saved, like)
        self.set_state(Now(*(found[name] for name in Now._fields)), found["random"])

    def set_state(self, now: Now, random: np.ndarray | None = None) -> None:
        """Continue from ``now``.

        Args:
            now: a state of as many environments of this world; its shapes are not checked.
            random: ``(N, 6)`` states of the random generators as in `save`; None keeps them.
        """
        kept = self._all[1] if random is None else [with_numbers(numbers) for numbers in random]
        self._held = now, kept

    def _repeated(self, array: np.ndarray) -> np.ndarray:
        return np.broadcast_to(array, (self.count, *array.shape[1:]))

    def __getstate__(self) -> dict[str, Any]:
        """All but what pictures are drawn with."""
        return {name: held for name, held in vars(self).items() if name not in _DRAWN_WITH}

    def picture(self, number: int = 0) -> Image:
        """An environment from outside, as it is now.

        Raises:
            DrawingError: where there is no OpenGL to draw with.
            ValueError: where there is no such environment.
        """
        checks.index("number", number, self.count)
        return drawing(self._from_outside, self.now, number)

    def close(self) -> None:
        """Lets go of what pictures were drawn with."""
        for name in _DRAWN_WITH:
            if name in vars(self):
                vars(self).pop(name).close()

    @property
    def _all(self) -> tuple[Now, list[np.random.Generator]]:
        """All that changes, which does so at once or not at all."""
        if self._held is None:
            raise RuntimeError("no episode has begun: call reset or restore first")
        return self._held

    @cached_property
    def _camera(self) -> Painter:
        return Painter(self._world.model, *_PICTURE, fine=True)

    @cached_property
    def _eye(self) -> Painter:
        height, width, _ = VISION.shape
        return Painter(self._world.model, width, height, fine=False)

    def _from_outside(self, now: Now, number: int) -> Image:
        data = self.engine.show(now.physics.rows[number])
        return self._camera.from_outside(data, self._world.outlook, self._marks(now.memory, number))

    def _seen(self, physics: Physics, memory: Mapping[str, Any]) -> np.ndarray:
        """``(N, 64, 64, 3)``: what each body sees by its own eye."""
        return np.stack(
            [
                self._eye.through_eye(self.engine.show(row), self._marks(memory, number))
                for number, row in enumerate(physics.rows)
            ]
        )

    def _marks(self, memory: Mapping[str, Any], number: int) -> Sequence[Mark]:
        return self._world.marks({name: values[number] for name, values in memory.items()})

    def _begin(self, random: np.random.Generator) -> tuple[Physics, Mapping[str, np.ndarray]]:
        """One environment at the beginning of an episode, and its memory."""
        beginning = self._world.begin(random)
        memory = {name: np.asarray(value) for name, value in beginning.memory.items()}
        return self.engine.begin(lambda data: _place(data, beginning)), memory

    @cached_property
    def _example(self) -> tuple[Physics, Mapping[str, np.ndarray]]:
        """One environment at a beginning, for its shapes."""
        physics, memory = self._begin(np.random.default_rng(0))
        return physics, {name: value[None] for name, value in memory.items()}

    def _renew(
        self,
        number: int,
        physics: Physics,
        memory: dict[str, np.ndarray],
        random: np.random.Generator,
    ) -> None:
        """Begins an episode in one environment, in arrays that nobody has seen yet."""
        begun, remembered = self._begin(random)
        physics.rows[number], physics.sensors[number] = begun.rows[0], begun.sensors[0]
        for name, value in remembered.items():
            memory[name][number] = value

    def _readings(
        self, physics: Physics, memory: Mapping[str, Any], action: np.ndarray, steps: np.ndarray
    ) -> Readings:
        qpos, qvel = self.engine.positions(physics), self.engine.velocities(physics)
        return Readings(qpos, qvel, physics.sensors, action, steps, memory)

    def _show(
        self,
        physics: Physics,
        memory: Mapping[str, Any],
        action: np.ndarray,
        earned: "_Earned",
        random: list[np.random.Generator],
    ) -> Timestep:
        readings = self._readings(physics, memory, action, earned.episode_length)
        seen = {**self._world.observe(readings)}
        if VISION in self.spec.views:
            seen[VISION.name] = drawing(self._seen, physics, memory)
        observation = {}
        for view in self.spec.views:
            if view.name not in seen:
                raise ValueError(f"observe shows {_listed(seen)}, but must show {view.name}, too")
            shown = np.asarray(seen[view.name], view.dtype)
            checks.require_shape(f"view {view.name!r}", shown, (self.count, *view.shape))
            observation[view.name] = shown
        timestep = Timestep(observation, *earned)
        self._held = Now(physics, memory, timestep), random
        return timestep


class _Earned(NamedTuple):
    """An `Timestep` without its observation."""

    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    success: np.ndarray
    is_step: np.ndarray
    episode_return: np.ndarray
    episode_length: np.ndarray


def _nothing_yet(count: int) -> _Earned:
    no, none = np.zeros(count, bool), np.zeros(count, np.float32)
    return _Earned(none, no, no, no, no, none, np.zeros(count, np.int32))


def _copied(memory: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in memory.items()}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def _place(data: mujoco.MjData, beginning: Beginning) -> None:
    checks.require_shape("qpos that begin returns", beginning.qpos, data.qpos.shape)
    checks.require_shape("qvel that begin returns", beginning.qvel, data.qvel.shape)
    data.qpos[:], data.qvel[:] = beginning.qpos, beginning.qvel
    for name, (position, quaternion) in beginning.mocap.items():
        number = _mocap(data.model, name)
        data.mocap_pos[number], data.mocap_quat[number] = position, quaternion


def _mocap(model: mujoco.MjModel, name: str) -> int:
    """Where the mocap body called ``name`` is among all of them."""
    body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name)
    if body < 0 or model.body_mocapid[body] < 0:
        movable = [model.body(number).name for number in np.flatnonzero(model.body_mocapid >= 0)]
        raise ValueError(
            f"begin moves the body {name!r}, but mocap bodies are {', '.join(movable) or 'none'}"
        )
    return int(model.body_mocapid[body])
