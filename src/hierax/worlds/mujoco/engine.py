"""Physics of N environments as a function of arrays, computed by MuJoCo's C engine.

All environments share one compiled model. What is theirs is a row of numbers: time, positions,
velocities, activations, what the solver begins its next step from, and where mocap bodies stand.
So beginning an episode writes a row, saving one copies it, and nothing is ever compiled anew.

Each thread keeps one ``MjData`` as scratch and works its share of rows through it, which leaves the
engine's working set in the cache: 32 rows cost less than 32 ``MjData`` of their own.
"""

import copy
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from hierax import checks

Rows: TypeAlias = Float[np.ndarray, "N size"]
Values: TypeAlias = Float[np.ndarray, "N sensed"]

_PARTS = mujoco.mjtState
ROW = int(
    _PARTS.mjSTATE_FULLPHYSICS
    | _PARTS.mjSTATE_WARMSTART
    | _PARTS.mjSTATE_MOCAP_POS
    | _PARTS.mjSTATE_MOCAP_QUAT
)
"""What a row holds, in the order of `mj_getState`."""
_MADE_ANEW = ("_crew", "_shown", "_process")
_HUGE = 1e10  # what MuJoCo itself takes for a simulation out of hand

if mujoco.get_mju_user_warning() is None:  # else MuJoCo writes a file into the working folder
    mujoco.set_mju_user_warning(logging.getLogger("mujoco").warning)


class Physics(NamedTuple):
    """N environments between two steps; nothing writes to the arrays.

    Attributes:
        rows: the whole state of each.
        sensors: the model's sensors: those of positions and velocities tell of the state itself,
            those of forces and accelerations of the last substep that led to it.
    """

    rows: Rows
    sensors: Values


class UnstableError(FloatingPointError):
    """The state of an environment is no number any more, or beyond all measure."""

    def __init__(self, environments: Sequence[int]):
        self.environments = environments
        numbers = ", ".join(map(str, environments))
        super().__init__(
            f"physics of environment {numbers} came to positions or velocities that are not "
            f"finite or above {_HUGE:g}: take a smaller timestep, or weaker actuators"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.environments,)


class _Scratch:
    """An ``MjData``, and whether a thread works in it: one that nobody waits for may still do."""

    def __init__(self, model: mujoco.MjModel):
        self.data, self.busy = mujoco.MjData(model), threading.Lock()


class Engine:
    """Steps the rows of one model.

    Args:
        model: compiled, and not to be changed any more. Its automatic resets are switched off,
            which would hide what goes wrong, and so is the search for islands where there is but
            one tree of bodies.
        substeps: steps of physics in one step.
        threads: how many work side by side, that of the caller among them; results do not depend
            on it, to the bit.

    Raises:
        ValueError: where a number is no whole number above 0.
    """

    def __init__(self, model: mujoco.MjModel, substeps: int, threads: int = 1):
        checks.count("substeps", substeps, 1)
        checks.count("threads", threads, 1)
        self._threads = threads
        model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        if model.ntree == 1:  # the search costs 4 % of a step
            model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
        self.model, self.substeps = model, substeps
        self._unfeeling = copy.copy(model)  # sensors of a substep that nobody reads cost 5 %
        self._unfeeling.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_SENSOR
        self._size = mujoco.mj_stateSize(model, ROW)
        self._start()

    def begin(self, place: Callable[[mujoco.MjData], None]) -> Physics:
        """One environment: the model's first state, changed by ``place``, without control."""
        (scratch, *_), _ = self._workers()
        with scratch.busy:
            data = scratch.data
            mujoco.mj_resetData(self.model, data)
            place(data)
            mujoco.mj_forward(self.model, data)
            row = np.empty(self._size)
            mujoco.mj_getState(self.model, data, row, ROW)
            return Physics(row[None], data.sensordata[None].copy())

    def step(
        self, physics: Physics, control: Float[np.ndarray, "N nu"], which: Bool[np.ndarray, " N"]
    ) -> Physics:
        """Moves those environments that ``which`` names, and leaves the others.

        Args:
            physics: from `begin` or the last step.
            control: in the model's own units, held for all substeps.
            which: those that move.

        Raises:
            UnstableError: where a state came out of hand.
        """
        scratch, pool = self._workers()
        rows, sensors = physics.rows.copy(), physics.sensors.copy()
        chosen = which.nonzero()[0].tolist()
        work = [
            (own, rows, sensors, control, chosen[first :: self._threads])
            for first, own in enumerate(scratch)
        ]
        elsewhere = [pool.submit(self._work, *share) for share in work[1:]]
        self._work(*work[0])
        for done in elsewhere:
            done.result()
        sound = np.abs(rows) < _HUGE  # false for what is not a number, too
        if not sound.all():
            raise UnstableError(np.flatnonzero(~sound.all(axis=1)).tolist())
        return Physics(rows, sensors)

    def positions(self, physics: Physics) -> Float[np.ndarray, "N nq"]:
        """The generalised positions of all environments."""
        return physics.rows[:, 1 : 1 + self.model.nq]

    def velocities(self, physics: Physics) -> Float[np.ndarray, "N nv"]:
        """The generalised velocities of all environments."""
        return physics.rows[:, 1 + self.model.nq : 1 + self.model.nq + self.model.nv]

    def show(self, row: Float[np.ndarray, " size"]) -> mujoco.MjData:
        """One environment, to be drawn from; the next call writes over it."""
        mujoco.mj_setState(self.model, self._shown, row, ROW)
        mujoco.mj_forward(self.model, self._shown)
        return self._shown

    def __getstate__(self) -> dict[str, Any]:
        """All but what works here, of which a copy has its own."""
        return {name: held for name, held in vars(self).items() if name not in _MADE_ANEW}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    def _start(self) -> None:
        """Makes what threads work in, and the threads beside the one that calls."""
        pool = ThreadPoolExecutor(max(1, self._threads - 1))  # which are made when they are needed
        self._crew = [_Scratch(self.model) for _ in range(self._threads)], pool
        self._shown = mujoco.MjData(self.model)
        self._process = os.getpid()  # last: who finds it finds all

    def _workers(self) -> tuple[list[_Scratch], ThreadPoolExecutor]:
        """What threads work in, and the threads beside the one that calls."""
        if os.getpid() != self._process:  # forked, with no threads, and locks as they were
            self._start()
        return self._crew

    def _work(
        self,
        scratch: _Scratch,
        rows: Rows,
        sensors: Values,
        control: np.ndarray,
        chosen: Sequence[int],
    ) -> None:
        """Moves the environments ``chosen``, in place."""
        # Per row this loop costs a few microseconds of Python beside 60 to 400 of physics.
        data, model, unfeeling = scratch.data, self.model, self._unfeeling
        set_state, get_state, step = mujoco.mj_setState, mujoco.mj_getState, mujoco.mj_step
        given, told, before_last = data.ctrl, data.sensordata, self.substeps - 1
        with scratch.busy:
            for number in chosen:
                row = rows[number]
                set_state(model, data, row, ROW)
                given[:] = control[number]
                step(unfeeling, data, before_last)
                step(model, data)
                if model.nsensor:
                    _sense(model, data)
                get_state(model, data, row, ROW)
                sensors[number] = told


def _sense(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Brings sensors to where a step led: they tell of where its last substep began."""
    mujoco.mj_fwdKinematics(model, data)
    mujoco.mj_comVel(model, data)
    data.flg_subtreevel = False  # else velocities of centres of mass stay those of the substep
    mujoco.mj_sensorPos(model, data)
    mujoco.mj_sensorVel(model, data)
