"""A world of MuJoCo: a compiled model, and functions of what its sensors say.

A world is a frozen dataclass that says what is in it (`MujocoWorld.compose`), how an episode
begins, what is seen, and what a step was worth. The last two are functions of arrays with a leading
axis N, in the operations that NumPy and `jax.numpy` share, so that the same text serves the batch
that is stepped from the host and one that lives on an accelerator.
"""

import abc
import dataclasses
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.mujoco.vision import Mark, Outlook

Array: TypeAlias = Any
"""Of NumPy or JAX."""
Memory: TypeAlias = Mapping[str, Array]
"""What an episode remembers beside the state of physics: an array with a leading axis N a name."""
_AXES = ("x", "y", "z")


class Readings(NamedTuple):
    """What is known of N environments.

    Attributes:
        qpos: ``(N, nq)`` generalised positions.
        qvel: ``(N, nv)`` generalised velocities.
        sensors: ``(N, nsensordata)``; `Columns` finds a sensor by its name.
        action: ``(N, d)`` in [-1, 1], of the step that led here; 0 where an episode begins. What
            `MujocoWorld.judge` gets is that of the step that is judged, before and now.
        steps: ``(N,)`` of the episode so far.
        memory: of the episode.
    """

    qpos: Array
    qvel: Array
    sensors: Array
    action: Array
    steps: Array
    memory: Memory


class Beginning(NamedTuple):
    """How one episode begins.

    Attributes:
        qpos: ``(nq,)``.
        qvel: ``(nv,)``.
        memory: an array without a leading axis for each name.
        mocap: position and quaternion by the name of the body; others stay where the model has
            them.
    """

    qpos: np.ndarray
    qvel: np.ndarray
    memory: Mapping[str, np.ndarray] = {}
    mocap: Mapping[str, tuple[np.ndarray, np.ndarray]] = {}


class Verdict(NamedTuple):
    """What a step was worth; arrays ``(N,)``.

    Attributes:
        reward: of the step.
        terminated: whether the episode is over for good.
        success: whether the task is fulfilled here.
        memory: of the episode from here on.
    """

    reward: Array
    terminated: Array
    success: Array
    memory: Memory


@dataclasses.dataclass(frozen=True)
class MujocoWorld(abc.ABC):
    """What worlds of MuJoCo share.

    The first two attributes are fields; the others are set by a class for all its worlds.

    Attributes:
        name: that of the registry, with its version.
        episode_limit: most steps of an episode.
        timestep: of the physics (s), whatever the model says that `compose` gives.
        substeps: of the physics in a step of the world, all with the same action.
        has_success: whether `judge` can tell success.
        outlook: from where people see a world; one that looks at no place follows the sensor
            ``torso``.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    name: str
    episode_limit: int

    timestep = 0.005
    substeps = 10
    has_success = True
    outlook = Outlook(distance=5.0)

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)

    @abc.abstractmethod
    def compose(self) -> mujoco.MjSpec:
        """All that there is, ready to be compiled."""

    @property
    @abc.abstractmethod
    def views(self) -> tuple[View, ...]:
        """The parts of an observation."""

    @abc.abstractmethod
    def begin(self, random: np.random.Generator) -> Beginning:
        """How an episode begins."""

    @abc.abstractmethod
    def observe(self, now: Readings) -> Mapping[str, Array]:
        """An array ``(N, ...)`` for each view."""

    @abc.abstractmethod
    def judge(self, before: Readings, now: Readings) -> Verdict:
        """What the step from ``before`` to ``now`` was worth."""

    def marks(self, memory: Memory) -> Sequence[Mark]:
        """What is drawn beside the model: nothing that can be touched.

        Args:
            memory: of one environment, without the leading axis.
        """
        return ()

    @cached_property
    def model(self) -> mujoco.MjModel:
        """The compiled model."""
        spec = self.compose()
        spec.option.timestep = self.timestep
        model = spec.compile()
        for number in np.flatnonzero(model.actuator_ctrllimited == 0).tolist():
            raise ValueError(
                f"actuator {number} ({model.actuator(number).name!r}) of {self.name} has no "
                "ctrlrange: give it one, onto which actions from -1 to 1 are mapped"
            )
        return model

    @cached_property
    def columns(self) -> "Columns":
        """Where sensors are."""
        return Columns(self.model)

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        return self._spec

    @cached_property
    def _spec(self) -> WorldSpec:
        action = Continuous(self.model.nu)
        return WorldSpec(
            self.name, self.views, action, self.episode_limit, self.has_success, stepped="host"
        )

    def batch(self, count: int, threads: int | None = None) -> Any:
        """``count`` environments, stepped from the host by so many threads.

        Results do not depend on ``threads``; None takes one for each eight environments, but no
        more than there are cores.
        """
        from hierax.worlds.mujoco.batch import MujocoBatch

        checks.count("count", count, 1)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        enough = max(1, min(cores, count // 8))
        return MujocoBatch(self, count, enough if threads is None else threads)


class Columns:
    """Columns of a model's sensors, by name.

    ``sensors[:, columns("gyro", "torso.z")]`` is the gyroscope's three numbers and one of those of
    ``torso``: of a sensor with three numbers, a dot asks for x, y or z alone.
    """

    def __init__(self, model: mujoco.MjModel):
        self._at = {
            model.sensor(number).name: (
                int(model.sensor_adr[number]),
                int(model.sensor_adr[number] + model.sensor_dim[number]),
            )
            for number in range(model.nsensor)
        }

    def __call__(self, *names: str) -> np.ndarray:
        """The columns of several sensors, one after the other."""
        return np.concatenate([np.arange(0), *(self._of(name) for name in names)])

    def _of(self, name: str) -> np.ndarray:
        if name in self._at:
            return np.arange(*self._at[name])
        sensor, _, part = name.partition(".")
        if sensor not in self._at:
            known = ", ".join(self._at) or "none"
            raise ValueError(f"sensor is {sensor!r}, but those of the model are {known}")
        columns = np.arange(*self._at[sensor])
        if len(columns) != len(_AXES) or part not in _AXES:
            raise ValueError(
                f"part of sensor {name!r} is {part!r}, but must be x, y or z of a sensor with "
                f"three numbers, and {sensor!r} has {len(columns)}"
            )
        return columns[[_AXES.index(part)]]
