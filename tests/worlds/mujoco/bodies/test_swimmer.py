"""The swimmer: published numbers, and swimming."""

import math

import mujoco
import numpy as np

from hierax.worlds.mujoco.bodies.swimmer import Swimmer
from hierax.worlds.mujoco.mujoco_world import SensorColumns

BODY = Swimmer()


def compiled(timestep=0.005):
    spec = mujoco.MjSpec()
    BODY.add(spec)
    spec.option.timestep = timestep
    return spec.compile()


MODEL = compiled()


def swum(model, seconds, wave):
    """Return the data of a swimmer after controls that are a function of time."""
    data = mujoco.MjData(model)
    while data.time < seconds - 1e-9:
        data.ctrl[:] = wave(0.05 * math.floor(data.time / 0.05 + 1e-9))
        mujoco.mj_step(model, data)
    return data


def undulating(time):
    return np.sin(4.0 * time + np.array([0.0, -1.5]))


def test_numbers_are_those_of_rllab():
    capsule = 1000 * (math.pi * 0.1**2 * 1.0 + 4 / 3 * math.pi * 0.1**3)
    np.testing.assert_allclose(MODEL.body_mass[1:], capsule, rtol=1e-6)
    assert [MODEL.nq, MODEL.nv, MODEL.nu] == [5, 5, 2]
    np.testing.assert_allclose(np.degrees(MODEL.jnt_range[3:]), [[-100, 100]] * 2)
    assert MODEL.actuator_gear[:, 0].tolist() == [50, 50]
    assert (MODEL.opt.density, MODEL.opt.viscosity) == (4000, 0.1)
    assert len(SensorColumns(MODEL)(*BODY.proprioception)) == 7


def test_a_standing_swimmer_is_straight_and_centred():
    data = mujoco.MjData(MODEL)
    data.qpos[:] = BODY.standing_qpos(2.0, 1.0, math.pi / 2)
    mujoco.mj_forward(MODEL, data)
    places = np.array([data.geom(name).xpos[:2] for name in BODY.geoms])
    np.testing.assert_allclose(places, [[2, 2], [2, 1], [2, 0]], atol=1e-12)


def test_undulation_moves_it_forward_or_backward():
    forward = swum(MODEL, 20.0, undulating).subtree_com[1, :2]
    backward = swum(MODEL, 20.0, lambda time: undulating(time)[::-1]).subtree_com[1, :2]
    assert np.linalg.norm(forward) > 0.5
    assert np.linalg.norm(backward) > 0.5
    assert forward[0] * backward[0] < 0


def test_it_does_not_move_without_control():
    np.testing.assert_allclose(swum(MODEL, 1.0, lambda _: np.zeros(2)).qpos, 0.0, atol=1e-12)


def test_the_timestep_is_fine_enough():
    # Against rllab's own, a thousandth of a second, and until a joint comes to its limit.
    coarse, fine = (swum(compiled(dt), 0.8, undulating) for dt in (0.005, 0.001))
    np.testing.assert_allclose(coarse.qpos, fine.qpos, atol=1e-6)
    assert abs(fine.qpos[3:]).max() > 1.0


def test_proprioception_does_not_depend_on_the_heading():
    felt = []
    for yaw in (0.0, 1.0):
        data = mujoco.MjData(MODEL)
        data.qpos[:] = [*BODY.standing_qpos(3.0 * yaw, 0.0, yaw)[:3], 0.3, -0.2]
        turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        data.qvel[:] = [*(turn @ [0.5, 0.2]), 0.1, 0.2, 0.3]
        mujoco.mj_forward(MODEL, data)
        felt.append(data.sensordata[SensorColumns(MODEL)(*BODY.proprioception)])
    np.testing.assert_allclose(felt[0], felt[1], atol=1e-12)
    np.testing.assert_allclose(felt[0], [0.3, -0.2, 0.2, 0.3, 0.5, 0.2, 0.1], atol=1e-12)
