"""Worlds with a reward for speed, compared with rewards computed from `mj_step`."""

import mujoco
import numpy as np
import pytest

from hierax.worlds.mujoco.tasks.speed import AntSpeed, HumanoidSpeed, SwimmerSpeed
from worlds.mujoco.acted import data_of, observed, positions, qpos_of, qvel_of, teleport, wait

ANT, SWIMMER, HUMANOID = AntSpeed("A"), SwimmerSpeed("S"), HumanoidSpeed("H")
WORLDS = {"ant": ANT, "swimmer": SWIMMER, "humanoid": HUMANOID}


def begun(world, count=1, seed=0):
    batch = world.batch(count, 1)
    batch.reset(seed)
    return batch


def beside(world, batch, action):
    """Return the data of the first environment one step later, by `mj_step`."""
    shown = batch.physics.to_mjdata(batch.state.mjstate[0])
    data = mujoco.MjData(world.model)
    data.qpos[:], data.qvel[:], data.act[:] = shown.qpos, shown.qvel, shown.act
    data.qacc_warmstart[:] = shown.qacc_warmstart
    low, high = world.model.actuator_ctrlrange.T
    data.ctrl[:] = (low + high) / 2 + (high - low) / 2 * action
    mujoco.mj_step(world.model, data, world.substeps)
    return data


def pace(model, data):
    """Return the velocity of the centre of mass: total momentum divided by total mass."""
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_comVel(model, data)
    momentum, velocity = np.zeros(3), np.zeros(6)
    for body in range(1, model.nbody):
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, body, velocity, 0)
        momentum += model.body_mass[body] * velocity[3:]
    return momentum / model.body_mass.sum()


def contact(data):
    """Return the sum of squared contact forces on bodies, each clipped to [-1, 1]."""
    return (np.clip(data.cfrc_ext[1:, 3:], -1, 1) ** 2).sum()


def by_hand(name, velocity, action, contacts):
    """Return the reward by the formulas of the release."""
    level, effort = np.hypot(*velocity[:2]), (action**2).sum()
    if name == "swimmer":
        return level * np.sign(velocity[0]) - 0.5 * 1e-2 * effort
    if name == "ant":
        return level + 0.05 - 0.5 * 1e-2 * effort - 0.5 * 1e-3 * contacts
    return level + 0.2 - 0.5 * 1e-3 * effort - 0.5 * 1e-5 * contacts - 0.5 * 1e-2 * velocity[2] ** 2


@pytest.mark.parametrize("name", WORLDS)
def test_rewards_are_those_of_the_release(name):
    world, random = WORLDS[name], np.random.default_rng(0)
    batch, touched = begun(world), []
    for step in range(15):
        action = random.uniform(-1, 1, world.model.nu)
        data = beside(world, batch, action)
        contacts = contact(data)
        velocity = pace(world.model, data)
        timestep = batch.step(action[None])
        expected = by_hand(name, velocity, action, contacts)
        np.testing.assert_allclose(timestep.reward[0], expected, atol=1e-5, err_msg=f"step {step}")
        touched.append(contacts)
    assert name == "swimmer" or max(touched) > 1.0  # the ground was felt


@pytest.mark.parametrize(
    ("name", "height", "ends"),
    [
        ("ant", 0.15, True), ("ant", 0.25, False), ("ant", 0.95, False), ("ant", 1.1, True),
        ("humanoid", 0.75, True), ("humanoid", 0.85, False), ("humanoid", 1.95, False),
        ("humanoid", 2.1, True),
    ],
)  # fmt: skip
def test_episodes_end_where_the_torso_is_too_low_or_too_high(name, height, ends):
    world = WORLDS[name]
    batch = begun(world)
    teleport(batch, positions(batch))
    sensors = batch.state.sensordata.copy()
    sensors[:, world.sensor_columns("torso.z")] = height
    verdict = world.reward_and_termination(
        data_of(batch), data_of(batch)._replace(sensordata=sensors)
    )
    assert verdict.terminated[0] == ends
    assert not verdict.success[0]


def test_an_episode_ends_if_the_ant_is_too_high():
    batch = begun(ANT)
    pose = positions(batch)
    pose[2] += 1.0
    teleport(batch, pose)
    thrown = wait(batch)
    assert thrown.terminated[0]
    assert not thrown.truncated[0]


def test_the_reward_of_swimming_backward_is_negative():
    batch = begun(SWIMMER)
    for speed in (1.0, -1.0):
        teleport(batch, np.zeros(5), [speed, 0.0, 0.0, 0.0, 0.0])
        assert np.sign(wait(batch).reward[0]) == speed


@pytest.mark.parametrize("name", WORLDS)
def test_observations_do_not_depend_on_the_position(name):
    world = WORLDS[name]
    batch, random = begun(world), np.random.default_rng(1)
    pose, speeds = positions(batch), 0.1 * random.normal(size=world.model.nv)
    teleport(batch, pose, speeds)
    here = observed(world, batch)["proprioception"]
    pose[:2] += 5.0, -3.0
    teleport(batch, pose, speeds)
    np.testing.assert_allclose(observed(world, batch)["proprioception"], here, atol=1e-8)
    assert world.spec.view_names == ("proprioception",)


@pytest.mark.parametrize("name", WORLDS)
def test_episodes_begin_at_the_origin_with_random_velocities(name):
    world = WORLDS[name]
    batch = begun(world, count=200)
    qpos = qpos_of(batch)
    np.testing.assert_array_equal(
        qpos, np.tile(world.walker.standing_qpos(0.0, 0.0, 0.0), (200, 1))
    )
    qvel = qvel_of(batch)
    np.testing.assert_allclose(qvel.std(), 0.1, rtol=0.1)
    np.testing.assert_allclose(qvel.mean(), 0.0, atol=0.01)


def test_durations_of_steps():
    seconds = {name: world.timestep * world.substeps for name, world in WORLDS.items()}
    assert seconds == pytest.approx({"ant": 0.05, "swimmer": 0.05, "humanoid": 0.025})
    assert {world.episode_limit for world in WORLDS.values()} == {1_000}
    assert not any(world.spec.has_success for world in WORLDS.values())


def test_truncation_is_not_termination():
    batch = begun(SwimmerSpeed("S", episode_limit=2))
    wait(batch)
    last = wait(batch)
    assert last.truncated[0]
    assert not last.terminated[0]
