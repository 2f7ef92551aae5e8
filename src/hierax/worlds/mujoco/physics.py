"""Physics of N environments as a function of arrays, computed by MuJoCo's C engine.

All environments share one compiled model. The state of an environment is one vector: time,
positions, velocities, activations, the warm start of the solver, and the poses of mocap bodies. To
begin an episode is to write a vector; nothing is compiled again.

Each thread has one ``MjData`` and steps its share of the states in it. The working set of the
engine then stays in the cache: 32 states are faster than 32 ``MjData``.
"""

import copy
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from hierax import checks

States: TypeAlias = Float[np.ndarray, "N size"]
SensorData: TypeAlias = Float[np.ndarray, "N nsensordata"]

_PARTS = mujoco.mjtState
SIGNATURE = int(
    _PARTS.mjSTATE_FULLPHYSICS
    | _PARTS.mjSTATE_WARMSTART
    | _PARTS.mjSTATE_MOCAP_POS
    | _PARTS.mjSTATE_MOCAP_QUAT
)
"""Parts of a state vector, in the order of ``mj_getState``."""
_NOT_COPIED = ("_workspace", "_shown", "_process")
_HUGE = 1e10  # MuJoCo's own limit for an unstable simulation

if mujoco.get_mju_user_warning() is None:  # otherwise MuJoCo writes a file to the working folder
    mujoco.set_mju_user_warning(logging.getLogger("mujoco").warning)


class _Forks:
    """Number of forks between the process that imported this module and this one."""

    count = 0

    @classmethod
    def add(cls) -> None:
        cls.count += 1


if hasattr(os, "register_at_fork"):  # asking for the process at each step takes longer
    os.register_at_fork(after_in_child=_Forks.add)


class UnstableError(FloatingPointError):
    """A state that is not finite, or too large for MuJoCo.

    Attributes:
        environments: their numbers in the batch.
    """

    def __init__(self, environments: Sequence[int]):
        self.environments = environments
        numbers = ", ".join(map(str, environments))
        super().__init__(
            f"unstable physics in environment {numbers}: positions and velocities must be finite "
            f"and below {_HUGE:g}; use a smaller timestep or weaker actuators"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.environments,)


class _Scratch:
    """An ``MjData`` of one thread.

    After an interrupt a thread may still work in it; the lock makes the next call wait.
    """

    def __init__(self, model: mujoco.MjModel):
        self.data, self.busy = mujoco.MjData(model), threading.Lock()


class Physics:
    """The physics of one model, for state vectors of any number of environments.

    Args:
        model: compiled model, which must not be changed any more. Its automatic resets are switched
            off, because they would hide unstable states. So is the search for islands if the
            model has only one tree of bodies.
        substeps: physics steps in one step.
        threads: number of threads, the calling one included. Results do not depend on it, bit for
            bit.

    Raises:
        ValueError: if a number is not an integer of at least 1.
    """

    def __init__(self, model: mujoco.MjModel, substeps: int, threads: int = 1):
        checks.count("substeps", substeps, 1)
        checks.count("threads", threads, 1)
        self._threads = threads
        model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        if model.ntree == 1:  # the search costs 4 % of a step
            model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
        self.model, self.substeps = model, substeps
        self._without_sensors = copy.copy(model)  # sensors of unread substeps cost 5 %
        self._without_sensors.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_SENSOR
        self._size = mujoco.mj_stateSize(model, SIGNATURE)
        self._start()

    def initial_state(
        self, change: Callable[[mujoco.MjData], None]
    ) -> tuple[Float[np.ndarray, " size"], Float[np.ndarray, " nsensordata"]]:
        """Return state vector and sensor data of the model's default state after ``change``."""
        (scratch, *_), _ = self._workers()
        with scratch.busy:
            data = scratch.data
            mujoco.mj_resetData(self.model, data)
            change(data)
            mujoco.mj_forward(self.model, data)
            state = np.empty(self._size)
            mujoco.mj_getState(self.model, data, state, SIGNATURE)
            return state, data.sensordata.copy()

    def step(
        self,
        states: States,
        sensordata: SensorData,
        control: Float[np.ndarray, "N nu"],
        active: Bool[np.ndarray, " N"],
    ) -> tuple[States, SensorData]:
        """Return states and sensor data after one step, in new arrays.

        Sensors of positions and velocities measure the new state; sensors of forces and
        accelerations measure the last substep.

        Args:
            states: state vectors.
            sensordata: sensor data of these states.
            control: in the model's units, constant during all substeps.
            active: the environments to step; the others keep state and sensor data.

        Raises:
            UnstableError: if a new state is not finite or too large.
        """
        scratch, pool = self._workers()
        states, sensordata = states.copy(), sensordata.copy()
        chosen = active.nonzero()[0].tolist()
        elsewhere = [
            pool.submit(
                self._work, own, states, sensordata, control, chosen[first :: self._threads]
            )
            for first, own in enumerate(scratch[1:], 1)
        ]
        self._work(scratch[0], states, sensordata, control, chosen[:: self._threads])
        for done in elsewhere:
            done.result()
        if not np.vdot(states, states) < _HUGE**2:  # fast; also for NaN
            stable = (np.abs(states) < _HUGE).all(axis=1)
            if not stable.all():
                raise UnstableError(np.flatnonzero(~stable).tolist())
        return states, sensordata

    def to_mjdata(self, state: Float[np.ndarray, " size"]) -> mujoco.MjData:
        """Return an ``MjData`` in this state, for rendering. The next call overwrites it."""
        mujoco.mj_setState(self.model, self._shown, state, SIGNATURE)
        mujoco.mj_forward(self.model, self._shown)
        return self._shown

    def __getstate__(self) -> dict[str, Any]:
        """All attributes except threads and their ``MjData``, which a copy makes for itself."""
        return {name: held for name, held in vars(self).items() if name not in _NOT_COPIED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    def _start(self) -> None:
        pool = ThreadPoolExecutor(max(1, self._threads - 1))  # starts threads on first use
        self._workspace = [_Scratch(self.model) for _ in range(self._threads)], pool
        self._shown = mujoco.MjData(self.model)
        self._process = _Forks.count  # last: a thread that reads it finds the rest as well

    def _workers(self) -> tuple[list[_Scratch], ThreadPoolExecutor]:
        """Return the ``MjData`` of each thread, and the threads other than the calling one."""
        if self._process != _Forks.count:  # after a fork: no threads, and locks in any state
            self._start()
        return self._workspace

    def _work(
        self,
        scratch: _Scratch,
        states: States,
        sensordata: SensorData,
        control: np.ndarray,
        chosen: Sequence[int],
    ) -> None:
        """Step the environments ``chosen`` in place."""
        # A row costs a few microseconds of Python in addition to 60 to 400 of physics.
        data, model, without_sensors = scratch.data, self.model, self._without_sensors
        set_state, get_state, step = mujoco.mj_setState, mujoco.mj_getState, mujoco.mj_step
        ctrl, measured, before_last = data.ctrl, data.sensordata, self.substeps - 1
        with scratch.busy:
            for number in chosen:
                state = states[number]
                set_state(model, data, state, SIGNATURE)
                ctrl[:] = control[number]
                step(without_sensors, data, before_last)
                step(model, data)
                if model.nsensor:
                    _update_sensors(model, data)
                get_state(model, data, state, SIGNATURE)
                sensordata[number] = measured


def _update_sensors(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Compute sensors at the new state; ``mj_step`` leaves those of the substep's beginning."""
    mujoco.mj_fwdKinematics(model, data)
    mujoco.mj_comVel(model, data)
    data.flg_subtreevel = False  # otherwise the velocities of subtrees are not computed again
    mujoco.mj_sensorPos(model, data)
    mujoco.mj_sensorVel(model, data)
