"""Sides of `worlds.py` (see `contest_worker`); a unit of work is `STEPS` environment steps."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

os.environ.setdefault("MUJOCO_GL", "egl")

import gymnasium
import jax
import mujoco
import numpy as np

from hierax.worlds import FunctionalBatch, make
from hierax.worlds.mujoco import MjxWorld
from hierax.worlds.mujoco.mujoco_world import MujocoWorld
from hierax.worlds.mujoco.physics import SIGNATURE
from worlds_ant_v5 import AntV5

Work: TypeAlias = Callable[[], int]

STEPS = 10
"""Steps of each environment in a unit of work."""
CALLS = 1_000
"""Calls of a single environment in a unit of work; to ask for the CPU time takes 100 us."""
ENGINE = (
    "mj_step", "mj_forward", "mj_fwdKinematics", "mj_comVel", "mj_sensorPos", "mj_sensorVel",
    "mj_rnePostConstraint",
)  # fmt: skip
"""MuJoCo's functions of physics and sensors that hierax and Gymnasium call."""


def steps(world: str, count: int, threads: int) -> Work:
    """Return the work of stepping a world of hierax."""
    batch = _made(world).batch(count, threads)
    batch.reset(0)
    action = _actions(count, batch.spec.action.shape)

    def work() -> int:
        for chosen in action:
            batch.step(chosen)
        return STEPS * count

    return work


def mjx(world: str, count: int) -> Work:
    """Return the work of stepping a world of hierax with MJX, on JAX's default device."""
    batch = FunctionalBatch(MjxWorld(make(world)), count)

    def step(state, key):
        act_key, step_key = jax.random.split(key)
        action = jax.random.uniform(act_key, (count, *batch.world.spec.action.shape), minval=-1.0)
        return batch.step(state, action, step_key), None

    @jax.jit
    def steps_from(state, key):
        return jax.lax.scan(step, state, jax.random.split(key, STEPS))[0]

    state = jax.jit(batch.reset)(jax.random.key(0))

    def work() -> int:
        nonlocal state
        state = jax.block_until_ready(steps_from(state, jax.random.key(0)))
        return STEPS * count

    return work


def raw(world: str, count: int, threads: int) -> Work:
    """Return the work of the physics alone, for the same episodes."""
    made = _made(world)
    model, substeps = made.model, made.substeps
    batch = made.batch(count, threads)
    batch.reset(0)
    begun = batch.state.mjstate
    low, high = model.actuator_ctrlrange.T
    control = (low + high) / 2.0 + (high - low) / 2.0 * _actions(count, batch.spec.action.shape)
    datas = [mujoco.MjData(model) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    rows, done = begun.copy(), 0

    def share(first: int) -> None:
        data = datas[first]
        for number in range(first, count, threads):
            mujoco.mj_setState(model, data, rows[number], SIGNATURE)
            for given in control[:, number]:
                data.ctrl[:] = given
                mujoco.mj_step(model, data, substeps)
            mujoco.mj_getState(model, data, rows[number], SIGNATURE)

    def work() -> int:
        nonlocal done
        if done >= made.episode_limit:
            rows[:], done = begun, 0
        if pool is None:
            share(0)
        else:
            list(pool.map(share, range(threads)))
        done += STEPS
        return STEPS * count

    return work


def resets(world: str, count: int) -> Work:
    """Return the work of resetting all environments, counted as one."""
    batch = make(world).batch(count, 1)

    def work() -> int:
        batch.reset(0)
        return 1

    return work


def alone(environment: str, verb: str) -> Work:
    """Return the work of a single Gymnasium environment without its physics."""
    made = gymnasium.make(f"hierax.worlds.gymnasium:{environment}", max_episode_steps=-1)
    made.reset(seed=0)
    action = np.zeros(made.action_space.shape, np.float32)
    for engine in ENGINE:  # the state stays as it is
        setattr(mujoco, engine, lambda *_, **__: None)
    call = partial(made.step, action) if verb == "step" else made.reset

    def work() -> int:
        for _ in range(CALLS):
            call()
        return CALLS

    return work


def gymnasium_ant(count: int, kind: str) -> Work:
    """Return the work of stepping Gymnasium's Ant-v5 without contact forces."""
    environments = gymnasium.make_vec(
        "Ant-v5", num_envs=count, vectorization_mode=kind,
        include_cfrc_ext_in_observation=False, contact_cost_weight=0.0,
    )  # fmt: skip
    environments.reset(seed=0)
    action = _actions(count, (8,))

    def work() -> int:
        for chosen in action:
            environments.step(chosen)
        return STEPS * count

    return work


def _made(world: str) -> MujocoWorld:
    return AntV5() if world == AntV5.name else make(world)


def _actions(count: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the actions of a unit of work, the same for all sides."""
    return np.random.default_rng(0).uniform(-1.0, 1.0, (STEPS, count, *shape)).astype(np.float32)
