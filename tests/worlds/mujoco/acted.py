"""Putting environments where a test wants them, and acting at random."""

import mujoco
import numpy as np

from hierax.worlds.mujoco.world import Readings


def teleport(batch, qpos, qvel=None, number=0):
    """Puts an environment into another state; targets and memory stay."""
    physics = batch.now.physics
    shown = batch.engine.show(physics.rows[number])
    mocap = shown.mocap_pos.copy(), shown.mocap_quat.copy()

    def place(data):
        data.qpos[:], data.qvel[:] = qpos, 0.0 if qvel is None else qvel
        data.mocap_pos[:], data.mocap_quat[:] = mocap

    begun = batch.engine.begin(place)
    rows, sensors = physics.rows.copy(), physics.sensors.copy()
    rows[number], sensors[number] = begun.rows[0], begun.sensors[0]
    physics = physics._replace(rows=rows, sensors=sensors)
    batch.set_state(batch.now._replace(physics=physics))


def readings(batch, steps=0, action=None):
    """What its world is told of a batch now."""
    physics, count = batch.now.physics, batch.count
    still = np.zeros((count, *batch.spec.action.shape))
    return Readings(
        batch.engine.positions(physics),
        batch.engine.velocities(physics),
        physics.sensors,
        still if action is None else action,
        np.full(count, steps),
        batch.now.memory,
    )


def seen(world, batch):
    """The observation of a batch now."""
    return world.observe(readings(batch))


def wait(batch):
    """A step without control."""
    return batch.step(np.zeros((batch.count, *batch.spec.action.shape)))


def positions(batch, number=0):
    """A copy of an environment's."""
    return batch.engine.positions(batch.now.physics)[number].copy()


def moved(qpos, place):
    """Positions of a body with its torso at another x and y."""
    return np.concatenate([place[:2], qpos[2:]])


def timesteps(world, steps, count=4, seed=0):
    """Of steps at random."""
    batch, random = world.batch(count, 1), np.random.default_rng(seed)
    yield batch.reset(seed)
    for _ in range(steps):
        yield batch.step(random.uniform(-1.0, 1.0, (count, *batch.spec.action.shape)))


def one_turned(model, qpos, qvel, yaw):
    """A state in which all that is free is turned about the vertical through the origin.

    Bodies that slide along x and y and turn about -z are turned too.
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
