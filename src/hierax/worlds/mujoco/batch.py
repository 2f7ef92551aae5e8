"""N environments of a world of MuJoCo as a `hierax.worlds.host.HostBatch`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import mujoco
import numpy as np

from hierax.planning import checks
from hierax.worlds.actions import checked_actions
from hierax.worlds.batch import Outcome
from hierax.worlds.mujoco.engine import Engine, Physics
from hierax.worlds.mujoco.random_state import numbers_of, with_numbers
from hierax.worlds.mujoco.vision import VISION, Image, Mark, Painter, drawing
from hierax.worlds.mujoco.world import Beginning, MujocoWorld, Readings

_PICTURE = (480, 360)
"""Width and height of pictures from outside."""


class Now(NamedTuple):
    """All of a batch between two steps but its random numbers.

    Attributes:
        physics: of all environments.
        memory: of their episodes.
        outcome: what was shown last.
    """

    physics: Physics
    memory: Mapping[str, np.ndarray]
    outcome: Outcome


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
        self._random: list[np.random.Generator] = []
        self._now: Now | None = None

    @property
    def now(self) -> Now:
        """Where the environments are; raises RuntimeError before the first `reset`."""
        if self._now is None:
            raise RuntimeError("no episode has begun: call reset or restore first")
        return self._now

    def reset(self, seed: int) -> Outcome:
        """See `hierax.worlds.host.HostBatch.reset`."""
        checks.count("seed", seed, 0)
        self._random = [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
            for number in range(self.count)
        ]
        begun = [self._begin(random) for random in self._random]
        physics = Physics(*map(np.concatenate, zip(*(each for each, _ in begun), strict=True)))
        memory = {name: np.stack([each[name] for _, each in begun]) for name in begun[0][1]}
        action = np.zeros((self.count, *self.spec.action.shape))
        return self._show(physics, memory, action, _nothing_yet(self.count))

    def step(self, action: np.ndarray) -> Outcome:
        """See `hierax.worlds.host.HostBatch.step`; raises ValueError for what is no action."""
        last = self.now
        ended, length = last.outcome.ended, last.outcome.episode_length
        chosen = checked_actions(self.spec.action, action, ended)
        physics = self.engine.step(last.physics, self._middle + self._half * chosen, ~ended)
        before = self._readings(last.physics, last.memory, chosen, length)
        now = self._readings(physics, last.memory, chosen, length + 1)
        reward, terminated, success, memory = self._world.judge(before, now)
        _require_names("memory that judge returns", memory, last.memory)
        if ended.any():
            memory = _copied(memory)
            for number in ended.nonzero()[0].tolist():
                self._renew(number, physics, memory)
        length = np.where(ended, 0, length + 1)
        reward = np.where(ended, 0.0, reward).astype(np.float32)
        terminated = terminated & ~ended
        earned = _Earned(
            reward,
            terminated,
            (length >= self.spec.episode_limit) & ~terminated,
            success & ~ended,
            ~ended,
            np.where(ended, np.float32(0.0), last.outcome.episode_return + reward),
            length,
        )
        return self._show(physics, memory, chosen, earned)

    def save(self) -> dict[str, Any]:
        """The physics and memory of all environments, what they showed last, and what is random."""
        return {"now": self.now, "random": np.stack([numbers_of(each) for each in self._random])}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `hierax.worlds.host.HostBatch.restore`.

        Random numbers may be none where no episode is to begin.

        Raises:
            ValueError: for what is no state of so many environments of this world.
        """
        if not isinstance(saved, dict) or saved.keys() != {"now", "random"}:
            raise ValueError(f"saved is {str(saved)[:60]}, but must be what save returned")
        now, random = saved["now"], saved["random"]
        found, expected = _shapes(now.physics, now.memory), _shapes(*self._example)
        expected = {name: (self.count, *shape[1:]) for name, shape in expected.items()}
        if found != expected or len(random) not in (0, self.count):
            raise ValueError(
                f"saved is the state of another world or of another number of environments, with "
                f"{found}, but must have {expected}"
            )
        self._now = now
        self._random = [with_numbers(numbers) for numbers in random]

    def picture(self, number: int = 0) -> Image:
        """An environment from outside, as it is now.

        Raises:
            DrawingError: where there is no OpenGL to draw with.
            ValueError: where there is no such environment.
        """
        checks.count("number", number, 0)
        if number >= self.count:
            raise ValueError(f"number is {number}, but must be below {self.count}")
        return drawing(self._from_outside, self.now, number)

    def close(self) -> None:
        """Lets go of what pictures were drawn with."""
        for name in ("_camera", "_eye"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

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
        return self.engine.begin(lambda data: _place(data, beginning)), beginning.memory

    @cached_property
    def _example(self) -> tuple[Physics, Mapping[str, np.ndarray]]:
        """One environment at a beginning, for its shapes."""
        physics, memory = self._begin(np.random.default_rng(0))
        return physics, {name: value[None] for name, value in memory.items()}

    def _renew(self, number: int, physics: Physics, memory: dict[str, np.ndarray]) -> None:
        """Begins an episode in one environment, in arrays that nobody has seen yet."""
        begun, remembered = self._begin(self._random[number])
        physics.rows[number], physics.sensors[number] = begun.rows[0], begun.sensors[0]
        for name, value in remembered.items():
            memory[name][number] = value

    def _readings(
        self, physics: Physics, memory: Mapping[str, Any], action: np.ndarray, steps: np.ndarray
    ) -> Readings:
        qpos, qvel = self.engine.positions(physics), self.engine.velocities(physics)
        return Readings(qpos, qvel, physics.sensors, action, steps, memory)

    def _show(
        self, physics: Physics, memory: Mapping[str, Any], action: np.ndarray, earned: "_Earned"
    ) -> Outcome:
        readings = self._readings(physics, memory, action, earned.episode_length)
        seen = {**self._world.observe(readings)}
        if VISION in self.spec.views:
            seen[VISION.name] = drawing(self._seen, physics, memory)
        _require_names("what observe returns", seen, self.spec.view_names)
        observation = {}
        for view in self.spec.views:
            shown = np.asarray(seen[view.name], view.dtype)
            checks.require_shape(f"view {view.name!r}", shown, (self.count, *view.shape))
            observation[view.name] = shown
        self._now = Now(physics, memory, Outcome(observation, *earned))
        return self._now.outcome


class _Earned(NamedTuple):
    """An `Outcome` without its observation."""

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


def _shapes(physics: Physics, memory: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    arrays = {**physics._asdict(), **memory}
    return {name: np.shape(array) for name, array in arrays.items()}


def _require_names(name: str, found: Iterable[str], expected: Iterable[str]) -> None:
    missing = [each for each in expected if each not in found]
    if missing:
        raise ValueError(f"{name} has {', '.join(found)}, but must also have {', '.join(missing)}")


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
