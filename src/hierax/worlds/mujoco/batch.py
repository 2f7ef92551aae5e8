"""N environments of a MuJoCo world as a `hierax.worlds.host.HostBatch`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeAlias

import mujoco
import numpy as np

from hierax import checks
from hierax.worlds.actions import checked_actions
from hierax.worlds.host import Saved, where
from hierax.worlds.mujoco.draws import generator
from hierax.worlds.mujoco.mujoco_world import (
    Data,
    InitialState,
    MujocoState,
    MujocoWorld,
    StepResult,
    TaskState,
)
from hierax.worlds.mujoco.opengl import render_thread
from hierax.worlds.mujoco.physics import Physics
from hierax.worlds.mujoco.random_state import pack_generator, unpack_generator
from hierax.worlds.mujoco.vision import VISION, Image, Marker, Renderer
from hierax.worlds.named_arrays import from_named_arrays, to_named_arrays
from hierax.worlds.world import Timestep

Generators: TypeAlias = Sequence[np.random.Generator]

_NEVER = np.iinfo(np.int32).max  # steps
_ONE = np.array(1, np.int32)  # NumPy takes twice as long for a number of Python
_IMAGE_SIZE = (480, 360)
"""Width and height of images from outside."""
_RENDERERS = ("_outside_renderer", "_egocentric_renderer")


class MujocoBatch:
    """A batch of ``count`` environments of ``world``, stepped by ``threads`` threads.

    The trajectory of an environment depends on the seed, its number and its actions. It does not
    depend on the number of environments, on threads, or on the process.

    Args:
        world: the world.
        count: N, the number of environments.
        threads: number of threads that step the physics, at most N.
        truncates: whether episodes are truncated at ``world.episode_limit``.

    Raises:
        ValueError: if a number is not an integer of at least 1, or ``world`` is not a
            `MujocoWorld`.
    """

    def __init__(self, world: MujocoWorld, count: int, threads: int = 1, *, truncates: bool = True):
        checks.instance("world", world, MujocoWorld)
        checks.count("count", count, 1)
        checks.count("threads", threads, 1)
        self.count, self.spec = count, world.spec
        limit = self.spec.episode_limit if truncates else _NEVER
        self._limit = np.array(min(limit, _NEVER), np.int32)
        self._world = world
        self.physics = Physics(world.model, world.substeps, min(threads, count))
        low, high = world.model.actuator_ctrlrange.T
        # For each environment, because NumPy takes three times as long for other shapes.
        self._middle, self._half = (
            np.tile(each, (count, 1)) for each in ((high + low) / 2.0, (high - low) / 2.0)
        )
        self._has_vision = VISION in self.spec.views
        self._views = tuple(
            (view.name, (count, *view.shape), np.dtype(view.dtype)) for view in self.spec.views
        )
        self._current: tuple[MujocoState, Timestep, Generators] | None = None

    @property
    def state(self) -> MujocoState:
        """State of the environments; raises RuntimeError before the first `reset`."""
        return self._require_current()[0]

    @property
    def timestep(self) -> Timestep:
        """Last timestep; raises RuntimeError before the first `reset`."""
        return self._require_current()[1]

    def reset(self, seed: int) -> Timestep:
        """Begin an episode in every environment; the same seed gives the same episodes."""
        checks.count("seed", seed, 0)
        return self.begin_episodes(self._generators(seed))

    def reset_where(self, mask: np.ndarray, seed: int) -> Timestep:
        """Begin episodes where ``mask``, the same as those of ``reset(seed)`` there."""
        checks.count("seed", seed, 0)
        old, last, random = self._require_current()
        each = zip(self._generators(seed), random, mask, strict=True)
        random = [fresh if begins else held for fresh, held, begins in each]
        copied = old._replace(mjstate=old.mjstate.copy(), sensordata=old.sensordata.copy())
        state, random = self._begin_where(mask, copied, random)
        action = np.zeros((self.count, *self.spec.action.shape))
        first = _first_timestep(self._observe(self._world.data(state, action), state))
        timestep = where(mask, first, last)
        self._current = state, timestep, random
        return timestep

    def begin_episodes(self, random: Generators) -> Timestep:
        """Begin an episode in every environment, each with a random generator of its own."""
        state = _stack([self._initial_state(each) for each in random])
        action = np.zeros((self.count, *self.spec.action.shape))
        first = _first_timestep(self._observe(self._world.data(state, action), state))
        self._current = state, first, random
        return first

    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment, or begin a new episode where the last one ended.

        Raises:
            ValueError: if the action has another shape or is not finite.
            UnstableError: if a state is not finite or too large. The batch keeps its last state.
        """
        old, last, random = self._require_current()
        ended = last.ended
        chosen = checked_actions(self.spec.action, action, ended)
        active = ~ended
        state = self._move(old, chosen, active)
        previous, data = self._world.data(old, chosen), self._world.data(state, chosen)
        result = self._world.reward_and_termination(previous, data)
        _require_names(result.task_state, old.task_state)
        state = MujocoState(state.mjstate, state.sensordata, state.steps, result.task_state)
        if np.count_nonzero(ended):
            state, random = self._begin_where(ended, state, random)
        # The arrays of the physics are views of `state`, so they have the episodes that began.
        qpos, qvel, sensordata, *_ = data
        data = Data(qpos, qvel, sensordata, chosen, state.steps, state.task_state)
        observation = self._observe(data, state)
        timestep = self._timestep(observation, result, last, state.steps, active)
        self._current = state, timestep, random
        return timestep

    def save(self) -> dict[str, np.ndarray]:
        """Return the state, the last timestep and the random generators as arrays by name."""
        state, timestep, random = self._require_current()
        return to_named_arrays(_by_name(state, timestep, random))

    def restore(self, saved: Saved) -> None:
        """Continue from the state that `save` returned.

        Raises:
            ValueError: if it was saved by another world or with another number of environments.
        """
        generators = [np.random.default_rng(0)] * self.count
        state = _stack([self._initial_state(generators[0])] * self.count)
        views = {
            view.name: np.zeros((self.count, *view.shape), view.dtype) for view in self.spec.views
        }
        found = from_named_arrays(saved, _by_name(state, _first_timestep(views), generators))
        random = [unpack_generator(packed) for packed in found["random"]]
        self._current = found["state"], found["timestep"], random

    def set_state(self, state: MujocoState, timestep: Timestep | None = None) -> None:
        """Continue from ``state``, of as many environments of this world; shapes are not checked.

        Args:
            state: the state.
            timestep: its timestep; None keeps the last one.
        """
        _, last, random = self._require_current()
        self._current = state, last if timestep is None else timestep, random

    def __getstate__(self) -> dict[str, Any]:
        """All attributes except renderers, which a copy makes for itself."""
        return {name: held for name, held in vars(self).items() if name not in _RENDERERS}

    def picture(self, number: int = 0) -> Image:
        """Return an image of an environment from outside.

        Raises:
            RenderError: if there is no OpenGL library.
            ValueError: if there is no such environment.
        """
        checks.index("number", number, self.count)
        return render_thread(self._render_outside, self.state, number)

    def close(self) -> None:
        """Close the renderers; rendering opens them again."""
        for name in _RENDERERS:
            if name in vars(self):
                vars(self).pop(name).close()

    def _generators(self, seed: int) -> Generators:
        return [generator(seed, number) for number in range(self.count)]

    def _require_current(self) -> tuple[MujocoState, Timestep, Generators]:
        # One tuple, so that an interrupt changes all of it or nothing.
        if self._current is None:
            raise RuntimeError("no episode has begun: call reset or restore first")
        return self._current

    @cached_property
    def _outside_renderer(self) -> Renderer:
        return Renderer(self._world.model, *_IMAGE_SIZE, high_quality=True)

    @cached_property
    def _egocentric_renderer(self) -> Renderer:
        height, width, _ = VISION.shape
        return Renderer(self._world.model, width, height, high_quality=False)

    def _render_outside(self, state: MujocoState, number: int) -> Image:
        data = self.physics.to_mjdata(state.mjstate[number])
        markers = self._markers(state.task_state, number)
        return self._outside_renderer.render(data, self._world.camera, markers)

    def _render_egocentric(self, state: MujocoState) -> np.ndarray:
        """Return the images ``(N, 64, 64, 3)`` of the bodies' cameras."""
        render, to_mjdata = self._egocentric_renderer.render_egocentric, self.physics.to_mjdata
        return np.stack(
            [
                render(to_mjdata(each), self._markers(state.task_state, number))
                for number, each in enumerate(state.mjstate)
            ]
        )

    def _markers(self, task_state: TaskState, number: int) -> Sequence[Marker]:
        return self._world.markers({name: values[number] for name, values in task_state.items()})

    def _initial_state(self, random: np.random.Generator) -> MujocoState:
        """Draw the initial state of one environment, without a leading axis."""
        initial = self._world.initial_state(random)
        change = partial(_set_data, initial=initial, mocap_numbers=self._world.mocap_numbers)
        mjstate, sensordata = self.physics.initial_state(change)
        task_state = {name: np.asarray(value) for name, value in initial.task_state.items()}
        return MujocoState(mjstate, sensordata, np.zeros((), np.int32), task_state)

    def _move(self, state: MujocoState, action: np.ndarray, active: np.ndarray) -> MujocoState:
        """Return the states after a step of physics in the ``active`` environments."""
        control = self._middle + self._half * action
        moved = self.physics.step(state.mjstate, state.sensordata, control, active)
        return MujocoState(*moved, state.steps + _ONE, state.task_state)

    def _begin_where(
        self, ended: np.ndarray, state: MujocoState, random: Generators
    ) -> tuple[MujocoState, Generators]:
        """Begin an episode where ``ended``; writes to ``mjstate`` and ``sensordata``."""
        task_state = {name: np.array(values) for name, values in state.task_state.items()}
        random = list(random)
        for number in ended.nonzero()[0].tolist():
            random[number] = unpack_generator(pack_generator(random[number]))  # a copy
            begun = self._initial_state(random[number])
            state.mjstate[number], state.sensordata[number] = begun.mjstate, begun.sensordata
            for name, value in begun.task_state.items():
                task_state[name][number] = value
        return state._replace(steps=np.where(ended, 0, state.steps), task_state=task_state), random

    def _timestep(
        self,
        observation: Mapping[str, np.ndarray],
        result: StepResult,
        last: Timestep,
        steps: np.ndarray,
        active: np.ndarray,
    ) -> Timestep:
        """Return the timestep of a step; its result does not count where it is not ``active``."""
        terminated = result.terminated & active
        if np.count_nonzero(active) == self.count:  # a selection takes several microseconds
            reward = np.asarray(result.reward, np.float32)
            total = last.episode_return + reward
        else:
            reward = np.where(active, result.reward, 0.0).astype(np.float32)
            total = np.where(active, last.episode_return + reward, np.float32(0.0))
        success, truncated = result.success & active, (steps >= self._limit) & ~terminated
        return Timestep(observation, reward, terminated, success, truncated, active, total, steps)

    def _observe(self, data: Data, state: MujocoState) -> dict[str, np.ndarray]:
        """Return the arrays of all views, with their shapes checked."""
        found = self._world.observe(data)
        if self._has_vision:
            found = {**found, VISION.name: render_thread(self._render_egocentric, state)}
        observation = {}
        for name, shape, dtype in self._views:
            if name not in found:
                raise ValueError(f"observe must return the view {name!r}, got {_listed(found)}")
            observation[name] = array = np.asarray(found[name], dtype)
            if array.shape != shape:
                checks.require_shape(f"view {name!r}", array, shape)
        return observation


def _first_timestep(observation: Mapping[str, np.ndarray]) -> Timestep:
    """Return the timestep of N environments that all begin an episode."""
    count = len(next(iter(observation.values())))
    no, zero = np.zeros(count, bool), np.zeros(count, np.float32)
    return Timestep(observation, zero, no, no, no, no, zero, np.zeros(count, np.int32))


def _by_name(state: MujocoState, timestep: Timestep, random: Generators) -> dict[str, Any]:
    packed = np.stack([pack_generator(each) for each in random])
    return {"state": state, "timestep": timestep, "random": packed}


def _stack(states: Sequence[MujocoState]) -> MujocoState:
    if len(states) == 1:  # `numpy.stack` takes ten times as long
        mjstate, sensordata, steps, task_state = states[0]
        alone = {name: value[None] for name, value in task_state.items()}
        return MujocoState(mjstate[None], sensordata[None], steps[None], alone)
    *arrays, task_states = zip(*states, strict=True)
    task_state = {name: np.stack([each[name] for each in task_states]) for name in task_states[0]}
    mjstate, sensordata, steps = map(np.stack, arrays)
    return MujocoState(mjstate, sensordata, steps, task_state)


def _require_names(found: TaskState, expected: TaskState) -> None:
    if found.keys() != expected.keys():
        raise ValueError(
            "task_state of reward_and_termination must have the names of initial_state, "
            f"{_listed(expected)}; got {_listed(found)}"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"


def _set_data(data: mujoco.MjData, initial: InitialState, mocap_numbers: Mapping[str, int]) -> None:
    checks.require_shape("qpos of initial_state", initial.qpos, data.qpos.shape)
    checks.require_shape("qvel of initial_state", initial.qvel, data.qvel.shape)
    data.qpos[:], data.qvel[:] = initial.qpos, initial.qvel
    positions, quaternions = data.mocap_pos, data.mocap_quat
    for name, pose in initial.mocap.items():
        if name not in mocap_numbers:
            known = _listed(mocap_numbers)
            raise ValueError(
                f"mocap of initial_state must name mocap bodies ({known}), got {name!r}"
            )
        number = mocap_numbers[name]
        positions[number], quaternions[number] = pose
