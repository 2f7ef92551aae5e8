"""Physics of the mazes of HIRO and NORL: blocks, chasms and stability."""

import mujoco
import numpy as np
import pytest

from worlds.mujoco.acted import qpos_of, qvel_of
from worlds.mujoco.mazes.made import BLIND, WORLDS, driven, put


def pushed(world, place, force, steps=300, **joints):
    """Return the positions of body and block after a constant force (N) on the body."""
    data = mujoco.MjData(world.model)
    data.qpos[:2], data.qpos[2] = place, data.qpos[2] + world.layout.ground
    for name, value in joints.items():
        data.joint(name.replace("_", " ")).qpos[:] = value
    data.body("torso_body").xfrc_applied[:3] = force
    mujoco.mj_step(world.model, data, steps * world.substeps)
    mujoco.mj_kinematics(world.model, data)
    return data.body("torso_body").xpos, data.body("block").xpos


def test_an_ant_pushes_the_block_of_push_aside_and_not_ahead():
    world = WORLDS["AntPush-v0"]
    _, aside = pushed(world, (-7.0, 8.0), (10.0, 0.0, 0.0))
    np.testing.assert_allclose(aside, [8.0, 8.0, 2.0], atol=0.1)
    ant, ahead = pushed(world, (0.0, 0.0), (0.0, 10.0, 0.0))
    np.testing.assert_allclose(ahead[0], 0.0, atol=0.1)
    assert ahead[1] > 9.0
    assert ant[1] < ahead[1] - 3.5
    ant, _ = pushed(world, (0.0, 0.0), (0.0, 10.0, 0.0), block_x=8.0)
    assert ant[1] > 15.0


def test_the_block_of_fall_falls_into_the_chasm_only():
    world = WORLDS["AntFall-v0"]
    none = (0.0, 0.0, 0.0)
    for along, height in ((0.0, 6.0), (4.0, 6.0), (8.0, 2.0)):
        _, block = pushed(world, (0.0, 0.0), none, steps=50, block_y=along)
        np.testing.assert_allclose(block, [8.0, 8.0 + along, height], atol=0.1)
    _, block = pushed(world, (8.0, 0.0), (0.0, 10.0, 0.0), steps=100)
    assert block[1] > 10.0


def test_an_ant_over_the_chasm_falls_to_the_floor():
    ant, _ = pushed(WORLDS["AntFall-v0"], (0.0, 16.0), (0.0, 0.0, 0.0), steps=40)
    assert 0.2 < ant[2] < 0.8
    ant, _ = pushed(WORLDS["AntFall-v0"], (0.0, 0.0), (0.0, 0.0, 0.0), steps=40)
    assert 4.2 < ant[2] < 4.8


def test_an_ant_pushes_the_small_block():
    _, block = pushed(WORLDS["AntBlock-v0"], (0.0, 0.0), (3.0, 0.0, 0.0), steps=60)
    assert block[0] > 2.5
    np.testing.assert_allclose(block[2], 0.2, atol=0.01)


def steered(world, waypoints, steps=300):
    """Return the last timestep of a point that is steered along waypoints."""
    batch = world.batch(1)
    timestep, left = batch.reset(0), list(waypoints)
    for _ in range(steps):
        away = np.array(left[0]) - timestep.observation["position"][0]
        if np.hypot(*away) < 0.4 and len(left) > 1:
            del left[0]
            continue
        cos, sin = timestep.observation["proprioception"][0, :2]
        turn = np.angle(complex(*away) * complex(cos, -sin))
        near = np.hypot(*away) < 0.4
        timestep = batch.step(np.array([[0.0 if near else float(abs(turn) < 1), 4 * turn]]))
    return timestep


def test_a_point_reaches_the_goal_of_push_round_the_block_alone():
    world = WORLDS["PointPush-v0"]
    assert steered(world, [(-4, 0), (-4, 4), (1.2, 4), (0, 4), (0, 9)]).success
    stuck = steered(world, [(0, 9)])
    assert not stuck.success
    np.testing.assert_allclose(stuck.observation["position"][0], [0.0, 5.5], atol=0.1)


def test_the_block_of_fall_hangs_while_it_is_pressed_and_falls_after_that():
    model = WORLDS["AntFall-v0"].model
    data, block = mujoco.MjData(model), model.body("block").id

    def heights(force, seconds):
        data.xfrc_applied[block, 1] = force  # N, against the far side of the chasm
        mujoco.mj_step(model, data, round(seconds / model.opt.timestep))
        return data.xpos[block, 2]

    np.testing.assert_allclose(heights(0.5, 60.0), 6.0, atol=0.1)
    np.testing.assert_allclose(heights(0.0, 2.0), 2.0, atol=0.1)
    mujoco.mj_resetData(model, data)
    np.testing.assert_allclose([heights(10.0, 20.0), heights(0.0, 5.0)], 6.0, atol=0.1)


def test_a_point_crosses_the_chasm_of_fall_on_the_block_alone():
    world = WORLDS["PointFall-v0"]
    across = steered(world, [(4, 0), (4, 13), (0, 13)])
    assert across.success
    np.testing.assert_allclose(across.observation["height"], 2.5, atol=0.02)
    fallen = steered(world, [(0, 13)])
    assert not fallen.success
    np.testing.assert_allclose(fallen.observation["height"], 0.5, atol=0.02)


def test_speeds_of_the_point_are_those_of_the_release():
    batch = WORLDS["PointBlock-v0"].batch(1)
    batch.reset(0)
    put(batch, x=0.0, y=4.0)
    seen = [batch.step(np.array([[1.0, 0.0]])).observation for _ in range(10)]
    np.testing.assert_allclose(seen[9]["position"] - seen[8]["position"], [[0.2, 0.0]], atol=1e-3)
    turned = [batch.step(np.array([[0.0, 1.0]])).observation for _ in range(5)]
    angles = [np.arctan2(*each["proprioception"][0, [1, 0]]) for each in turned]
    np.testing.assert_allclose(np.diff(angles)[2:], 0.25, atol=1e-3)


@pytest.mark.parametrize("name", BLIND)
def test_eight_hundred_random_steps_stay_finite(name):
    batch, timestep = driven(WORLDS[name], 100, count=8)
    assert all(np.isfinite(part).all() for part in timestep.observation.values())
    assert np.abs(qpos_of(batch)).max() < 100


@pytest.mark.slow
@pytest.mark.parametrize("name", BLIND)
def test_a_hundred_thousand_random_steps_stay_finite(name):
    batch, timestep = driven(WORLDS[name], 3125, count=32)
    assert all(np.isfinite(part).all() for part in timestep.observation.values())
    assert np.abs(qvel_of(batch)).max() < 1000


@pytest.mark.parametrize("name", ["AntPush-v0", "AntFallImages-v0", "PointBlock-v0"])
def test_an_episode_does_not_depend_on_the_number_of_environments(name):
    world = WORLDS[name]
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (30, 3, world.model.nu))
    alone, three, again = world.batch(1), world.batch(3), world.batch(3)
    alone.reset(5), three.reset(5), again.reset(5)
    for action in actions:
        one, all_three, same = alone.step(action[:1]), three.step(action), again.step(action)
    for view, seen in all_three.observation.items():
        np.testing.assert_array_equal(seen, same.observation[view])
        np.testing.assert_array_equal(seen[:1], one.observation[view])
    assert np.ptp(all_three.observation["position"], axis=0).max() > 1e-3
