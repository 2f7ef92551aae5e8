"""Base class of MuJoCo worlds: a compiled model, and functions of its data.

A world is a frozen dataclass. It composes a model (`MujocoWorld.compose`), draws initial states,
and computes observations, rewards and terminations. The last three are functions of arrays with a
leading axis N. They use only operations that NumPy and `jax.numpy` share, so the same code runs on
the host and on an accelerator.
"""

import abc
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter, methodcaller
from typing import Any, NamedTuple, TypeAlias

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.mujoco.vision import Camera, Marker

Array: TypeAlias = Any
"""An array of NumPy or JAX."""
TaskState: TypeAlias = Mapping[str, Array]
"""Quantities of an episode that are not part of the physics, by name, such as its goal."""
_AXES = ("x", "y", "z")


class MujocoState(NamedTuple):
    """The complete state of N environments; no array of it is ever written to.

    Attributes:
        mjstate: ``(N, size)`` state vectors of `hierax.worlds.mujoco.physics.SIGNATURE`.
        sensordata: ``(N, nsensordata)``.
        steps: ``(N,)`` int32 steps of the episode so far.
        task_state: arrays with a leading axis N.
    """

    mjstate: Array
    sensordata: Array
    steps: Array
    task_state: TaskState


class Data(NamedTuple):
    """The data of N environments from which observations and rewards are computed.

    Names are those of ``mujoco.MjData`` where it has them.

    Attributes:
        qpos: ``(N, nq)`` generalised positions.
        qvel: ``(N, nv)`` generalised velocities.
        sensordata: ``(N, nsensordata)``; `SensorColumns` gives the columns of a sensor.
        action: ``(N, d)`` in [-1, 1], the action of the last step; 0 at the start of an episode.
            `MujocoWorld.reward_and_termination` gets the action of the step in both arguments.
        steps: ``(N,)`` steps of the episode so far.
        task_state: arrays with a leading axis N.
    """

    qpos: Array
    qvel: Array
    sensordata: Array
    action: Array
    steps: Array
    task_state: TaskState


class InitialState(NamedTuple):
    """The initial state of one episode.

    Attributes:
        qpos: ``(nq,)`` generalised positions.
        qvel: ``(nv,)`` generalised velocities.
        task_state: arrays without a leading axis, by name.
        mocap: position ``(3,)`` and quaternion ``(4,)`` of mocap bodies, by name. Other mocap
            bodies keep the pose of the model.
    """

    qpos: np.ndarray
    qvel: np.ndarray
    task_state: Mapping[str, np.ndarray] = {}
    mocap: Mapping[str, tuple[np.ndarray, np.ndarray]] = {}


class StepResult(NamedTuple):
    """The result of a step for the task; arrays ``(N,)``.

    Attributes:
        reward: of the step.
        terminated: whether the episode ends in a terminal state.
        success: whether the task is fulfilled.
        task_state: of the next state, with the names that `MujocoWorld.initial_state` returns.
    """

    reward: Array
    terminated: Array
    success: Array
    task_state: TaskState


@dataclasses.dataclass(frozen=True)
class MujocoWorld(abc.ABC):
    """The base class of MuJoCo worlds.

    ``name`` and ``episode_limit`` are fields; the other attributes are set by subclasses.

    Attributes:
        name: name in the registry, with its version.
        episode_limit: steps after which an episode is truncated.
        timestep: of the physics (s); replaces the timestep of the model from `compose`.
        substeps: physics steps in one step of the world, all with the same action.
        has_success: whether `reward_and_termination` reports success.
        camera: free camera for images from outside. Without ``lookat`` it follows the sensor
            ``torso``.

    Raises:
        ValueError: if the limit is not an integer of at least 1.
    """

    name: str
    episode_limit: int

    timestep = 0.005
    substeps = 10
    has_success = True
    camera = Camera(distance=5.0)

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)

    @abc.abstractmethod
    def compose(self) -> mujoco.MjSpec:
        """Return the model's specification, ready to be compiled."""

    @property
    @abc.abstractmethod
    def views(self) -> tuple[View, ...]:
        """Views of an observation."""

    @abc.abstractmethod
    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw the initial state of an episode."""

    @abc.abstractmethod
    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return an array ``(N, ...)`` for each view."""

    @abc.abstractmethod
    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return reward, termination, success and the next task state of a step.

        Args:
            previous: before the step.
            data: after the step, with the task state from before it.
        """

    @property
    def goal_spec(self) -> GoalSpec | None:
        """The goal, if the views have what is compared with it; else None."""
        return None

    def markers(self, task_state: TaskState) -> Sequence[Marker]:
        """Return shapes that are rendered in addition to the model, such as targets.

        Args:
            task_state: of one environment, without the leading axis.
        """
        return ()

    @cached_property
    def model(self) -> mujoco.MjModel:
        """Compiled model."""
        spec = self.compose()
        spec.option.timestep = self.timestep
        model = spec.compile()
        for number in np.flatnonzero(model.actuator_ctrllimited == 0).tolist():
            raise ValueError(
                f"actuator {number} ({model.actuator(number).name!r}) of {self.name} must have a "
                "ctrlrange, to which actions in [-1, 1] are scaled; got none"
            )
        return model

    @cached_property
    def sensor_columns(self) -> "SensorColumns":
        """Columns of sensors in ``sensordata``."""
        return SensorColumns(self.model)

    @cached_property
    def mocap_numbers(self) -> Mapping[str, int]:
        """Numbers of the model's mocap bodies among themselves, by name."""
        model = self.model
        bodies = np.flatnonzero(model.body_mocapid >= 0).tolist()
        return {model.body(body).name: int(model.body_mocapid[body]) for body in bodies}

    @property
    def spec(self) -> WorldSpec:
        """Description of the world for agents."""
        return self._spec

    @cached_property
    def _spec(self) -> WorldSpec:
        action = Continuous(self.model.nu)
        return WorldSpec(
            self.name,
            self.views,
            action,
            self.episode_limit,
            self.has_success,
            stepped="host",
            goal=self.goal_spec,
        )

    def data(self, state: MujocoState, action: Array) -> Data:
        """Return the data of a state and of the action ``(N, d)`` that led to it."""
        mjstate, sensordata, steps, task_state = state
        qpos, qvel = self._columns_of_mjstate
        return Data(mjstate[:, qpos], mjstate[:, qvel], sensordata, action, steps, task_state)

    @cached_property
    def _columns_of_mjstate(self) -> tuple[slice, slice]:
        """Columns of positions and of velocities in ``mjstate``."""
        first, middle = 1, 1 + self.model.nq  # entry 0 is the time
        return slice(first, middle), slice(middle, middle + self.model.nv)

    def batch(self, count: int, threads: int | None = None, *, truncates: bool = True) -> Any:
        """Return a batch of ``count`` environments.

        Args:
            count: N.
            threads: number of threads that step the physics. Results do not depend on it. None
                takes one for each eight environments, at most the number of cores.
            truncates: whether episodes are truncated at ``episode_limit``.
        """
        from hierax.worlds.mujoco.batch import MujocoBatch

        checks.count("count", count, 1)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        enough = max(1, min(cores, count // 8))
        chosen = enough if threads is None else threads
        return MujocoBatch(self, count, chosen, truncates=truncates)


class SensorColumns:
    """The columns of ``sensordata`` that belong to a sensor, by its name.

    ``data.sensordata[:, columns("gyro", "torso.z")]`` has the three entries of the sensor ``gyro``
    and the z entry of ``torso``. The suffixes .x, .y and .z select one entry of a sensor with three
    entries.

    Args:
        model: compiled model.
    """

    def __init__(self, model: mujoco.MjModel):
        self._ranges = {
            model.sensor(number).name: (
                int(model.sensor_adr[number]),
                int(model.sensor_adr[number] + model.sensor_dim[number]),
            )
            for number in range(model.nsensor)
        }

    def __call__(self, *names: str) -> np.ndarray:
        """Return the columns of the sensors in ``names``, in this order.

        Raises:
            ValueError: for an unknown sensor, or a suffix that the sensor does not have.
        """
        return np.concatenate([np.arange(0), *(self._columns(name) for name in names)])

    def reader(self, *names: str) -> Callable[[Array], Array]:
        """Return the function from ``sensordata`` to the columns of the sensors in ``names``.

        It takes half the time of an index, and a tenth of it where the columns are consecutive.

        Raises:
            ValueError: as for the columns.
        """
        columns = self(*names)
        if len(columns) and np.array_equal(columns, columns[0] + np.arange(len(columns))):
            return itemgetter(np.s_[:, int(columns[0]) : int(columns[-1]) + 1])
        return methodcaller("take", columns, 1)

    def _columns(self, name: str) -> np.ndarray:
        if name in self._ranges:
            return np.arange(*self._ranges[name])
        sensor, _, entry = name.partition(".")
        if sensor not in self._ranges:
            known = ", ".join(map(repr, self._ranges)) or "none"
            raise ValueError(f"unknown sensor {sensor!r}; the sensors of the model are {known}")
        columns = np.arange(*self._ranges[sensor])
        if len(columns) != len(_AXES) or entry not in _AXES:
            raise ValueError(
                f"the suffix of sensor {name!r} must be x, y or z, for a sensor with 3 entries; "
                f"got {entry!r} for a sensor with {len(columns)}"
            )
        return columns[[_AXES.index(entry)]]
