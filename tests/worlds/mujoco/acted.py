"""Helpers for tests: set and read states, and take steps."""

import mujoco
import numpy as np

from hierax.worlds.mujoco.mujoco_world import Data


def teleport(batch, qpos, qvel=None, number=0):
    """Set positions and velocities of an environment; targets and task state stay."""
    state = batch.state
    shown = batch.physics.to_mjdata(state.mjstate[number])
    mocap = shown.mocap_pos.copy(), shown.mocap_quat.copy()

    def place(data):
        data.qpos[:], data.qvel[:] = qpos, 0.0 if qvel is None else qvel
        data.mocap_pos[:], data.mocap_quat[:] = mocap

    mjstate, sensordata = state.mjstate.copy(), state.sensordata.copy()
    mjstate[number], sensordata[number] = batch.physics.initial_state(place)
    batch.set_state(state._replace(mjstate=mjstate, sensordata=sensordata))


def data_of(batch, steps=0, action=None):
    """Return the data of a batch, as after so many steps."""
    state, count = batch.state, batch.count
    return Data(
        qpos_of(batch),
        qvel_of(batch),
        state.sensordata,
        np.zeros((count, *batch.spec.action.shape)) if action is None else action,
        np.full(count, steps),
        state.task_state,
    )


def qpos_of(batch):
    """Return the generalised positions ``(N, nq)``."""
    return batch.state.mjstate[:, 1 : 1 + batch.physics.model.nq]


def qvel_of(batch):
    """Return the generalised velocities ``(N, nv)``."""
    model = batch.physics.model
    return batch.state.mjstate[:, 1 + model.nq : 1 + model.nq + model.nv]


def observed(world, batch):
    """Return the observation of a batch."""
    return world.observe(data_of(batch))


def wait(batch):
    """Take a step with actions of 0."""
    return batch.step(np.zeros((batch.count, *batch.spec.action.shape)))


def positions(batch, number=0):
    """Return a copy of the positions of one environment."""
    return qpos_of(batch)[number].copy()


def moved(qpos, place):
    """Return the positions of a body with its torso at another x and y."""
    return np.concatenate([place[:2], qpos[2:]])


def timesteps(world, steps, count=4, seed=0):
    """Yield the timesteps of random actions."""
    batch, random = world.batch(count, 1), np.random.default_rng(seed)
    yield batch.reset(seed)
    for _ in range(steps):
        yield batch.step(random.uniform(-1.0, 1.0, (count, *batch.spec.action.shape)))


def rotated(model, qpos, qvel, yaw):
    """Return a state whose free bodies are rotated about the vertical through the origin.

    Bodies with slide joints along x and y and a hinge about -z are rotated as well.
    """
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
    qpos, qvel = qpos.copy(), qvel.copy()
    for joint in range(model.njnt):
        at, speed = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            half = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
            mujoco.mju_mulQuat(qpos[at + 3 : at + 7], half, qpos[at + 3 : at + 7].copy())
        elif model.joint(joint).name == "steer":
            qpos[at] -= yaw
        if (
            model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE
            or model.joint(joint).name == "root_x"
        ):
            qpos[at : at + 2] = turn @ qpos[at : at + 2]
            qvel[speed : speed + 2] = turn @ qvel[speed : speed + 2]
    return qpos, qvel
