"""The tasks of the humanoid: walking in given directions, and going to a target."""

import numpy as np
import pytest

from hierax.worlds.mujoco.tasks.humanoid_tasks import HumanoidGoTo, HumanoidWalk
from hierax.worlds.mujoco.tasks.speed import COM_VELOCITY
from worlds.mujoco.acted import data_of, moved, observed, positions, rotated, teleport, wait

WALK, GO = HumanoidWalk("Walk"), HumanoidGoTo("Go")
DIRECTIONS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])


def begun(world, count=1, seed=0):
    batch = world.batch(count, 1)
    batch.reset(seed)
    return batch


def paid(velocity, first, second, steps):
    """Return the reward of step number ``steps`` with this velocity after it."""
    batch = begun(WALK)
    now = data_of(batch, steps + 1)
    sensors = now.sensordata.copy()
    sensors[:, WALK.sensor_columns(COM_VELOCITY)] = [*velocity, 0.3]
    memory = {"first": np.eye(4)[[first]], "second": np.eye(4)[[second]]}
    now = now._replace(sensordata=sensors, task_state=memory)
    return WALK.reward_and_termination(now._replace(steps=np.array([steps])), now).reward[0]


@pytest.mark.parametrize("direction", range(4))
def test_the_reward_is_1_at_the_required_velocity_and_less_elsewhere(direction):
    wanted, other = DIRECTIONS[direction], (direction + 1) % 4
    assert paid(wanted, direction, other, 0) == pytest.approx(1.0)
    assert paid([0, 0], direction, other, 0) == pytest.approx(np.exp(-2))
    assert paid(-wanted, direction, other, 0) == pytest.approx(np.exp(-8))
    assert paid(2 * wanted, direction, other, 0) == pytest.approx(np.exp(-2))


def test_the_direction_changes_after_half_of_the_episode():
    for steps, followed in ((0, 2), (499, 2), (500, 1), (999, 1)):
        assert paid(DIRECTIONS[followed], 2, 1, steps) == pytest.approx(1.0)
        now = data_of(begun(WALK), steps)
        memory = {"first": np.eye(4)[[2]], "second": np.eye(4)[[1]]}
        told = WALK.observe(now._replace(task_state=memory))["task"]
        np.testing.assert_array_equal(told, np.eye(4)[[followed]])


def test_the_two_directions_differ_and_all_pairs_are_drawn():
    random = np.random.default_rng(0)
    drawn = [WALK.initial_state(random).task_state for _ in range(300)]
    pairs = {(int(m["first"].argmax()), int(m["second"].argmax())) for m in drawn}
    assert pairs == {(a, b) for a in range(4) for b in range(4) if a != b}


def test_the_velocity_is_that_of_the_centre_of_mass():
    batch = begun(WALK)
    speeds = np.zeros(WALK.model.nv)
    speeds[:2] = 0.6, -0.8
    teleport(batch, positions(batch), speeds)
    np.testing.assert_allclose(
        batch.state.sensordata[0, WALK.sensor_columns(COM_VELOCITY)], [0.6, -0.8, 0]
    )


def test_the_direction_is_in_the_torsos_frame():
    batch = begun(WALK)
    wanted = DIRECTIONS[batch.state.task_state["first"][0].argmax()]
    for yaw in (0.0, 0.8, -2.0):
        pose = WALK.walker.standing_qpos(3.0, 1.0, yaw)
        teleport(batch, pose)
        turn = np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])
        np.testing.assert_allclose(
            observed(WALK, batch)["direction"][0], [*(turn @ wanted), 0], atol=1e-9
        )


def test_proprioception_does_not_change_under_rotation():
    batch, random = begun(WALK), np.random.default_rng(2)
    pose, speeds = positions(batch), random.normal(size=WALK.model.nv)
    pose[2] += 1.0
    teleport(batch, pose, speeds)
    here = observed(WALK, batch)["proprioception"]
    teleport(batch, *rotated(WALK.model, pose, speeds, 1.1))
    np.testing.assert_allclose(observed(WALK, batch)["proprioception"], here, atol=1e-6)


@pytest.mark.parametrize("world", [WALK, GO], ids=lambda world: world.name)
def test_an_episode_ends_if_the_humanoid_lies(world):
    batch = begun(world)
    pose = positions(batch)
    assert not wait(batch).terminated[0]
    pose[2], pose[3:7] = 0.15, [np.sqrt(0.5), 0, np.sqrt(0.5), 0]
    teleport(batch, pose)
    lying = wait(batch)
    assert lying.terminated[0]
    assert not lying.success[0]


def test_the_return_on_the_target_is_60():
    batch = begun(GO)
    assert GO.spec.view_names == ("proprioception", "targets")
    teleport(batch, moved(positions(batch), batch.state.task_state["targets"][0, 0]))
    assert [wait(batch).reward[0] for _ in range(2)] == [10, 50]
    last = batch.timestep
    assert (last.terminated[0], last.success[0], last.episode_return[0]) == (True, True, 60)


def test_durations_of_episodes():
    seconds = {w.name: w.episode_limit * w.substeps * w.timestep for w in (WALK, GO)}
    assert seconds == pytest.approx({"Walk": 25.0, "Go": 20.0})
    assert not WALK.spec.has_success
