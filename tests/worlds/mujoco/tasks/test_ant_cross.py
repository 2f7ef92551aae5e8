"""The cross for an ant: walls, goals and rewards."""

import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds.cross import is_free
from hierax.worlds.mujoco.tasks.ant_cross import GOALS, WALLS, AntCross
from hierax.worlds.mujoco.tasks.speed import AntSpeed
from refusals import refuses
from worlds.mujoco.acted import data_of, moved, observed, positions, qpos_of, teleport, wait

WORLD = AntCross("AntCross")


def begun(world=WORLD, count=1):
    batch = world.batch(count, 1)
    batch.reset(0)
    return batch


def free(x, y):
    return np.asarray(is_free(jnp.asarray(x), jnp.asarray(y)))


def test_walls_surround_the_free_region():
    x, y = np.meshgrid(np.arange(-2.45, 14, 0.1), np.arange(-7.95, 8, 0.1))
    walled = np.zeros(x.shape, bool)
    for west, east, south, north in WALLS:
        walled |= (west < x) & (x < east) & (south < y) & (y < north)
    assert not (walled & free(x, y)).any()
    # From free space, no way of less than the walls' thickness leads to anything but walls.
    for dx in np.linspace(-0.9, 0.9, 7):
        for dy in np.linspace(-0.9, 0.9, 7):
            near = free(x + dx, y + dy)
            assert (walled | free(x, y))[near].all()


def test_the_model_has_these_walls():
    for number, (west, east, south, north) in enumerate(WALLS):
        wall = WORLD.model.geom(f"wall {number}")
        np.testing.assert_allclose(wall.pos - wall.size, [west, south, 0.0])
        np.testing.assert_allclose(wall.pos + wall.size, [east, north, 2.0])


def test_a_fast_ant_does_not_pass_through_walls():
    pushes = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    starts = [(x, y) for x, y in [(0.5, 0), (6, 5), (6, -5), (11, 0), (6, 0)] for _ in pushes]
    batch = begun(count=len(starts))
    reached = np.zeros(len(starts))
    for number, (place, push) in enumerate(zip(starts, pushes * 5, strict=True)):
        speeds = np.zeros(WORLD.model.nv)
        speeds[:2] = 8.0 * np.array(push)
        teleport(batch, moved(positions(batch, number), place), speeds, number)
    ended = np.zeros(len(starts), bool)
    for _ in range(20):
        timestep = wait(batch)
        ended |= timestep.terminated
        place = qpos_of(batch)[:, :2]
        assert (free(*place.T) | ended).all()
        reached = np.maximum(reached, np.linalg.norm(place - np.array(starts), axis=1))
    assert (reached[~ended] > 0.5).all()


def test_there_is_a_goal_at_the_end_of_each_arm():
    assert GOALS == ((6.0, -6.0), (6.0, 6.0), (12.0, 0.0))


@pytest.mark.parametrize("goal", GOALS)
def test_the_goal_gives_a_reward_once_and_ends_the_episode(goal):
    batch = begun(AntCross("AntCross", goal=goal))
    toward = np.array(goal) / np.linalg.norm(goal)
    teleport(batch, moved(positions(batch), np.array(goal) - 2.1 * toward))
    outside = wait(batch)
    assert (outside.reward[0], outside.terminated[0]) == (0, False)
    teleport(batch, moved(positions(batch), np.array(goal) - 1.9 * toward))
    there = wait(batch)
    assert (there.reward[0], there.terminated[0], there.success[0]) == (1, True, True)
    renewed = wait(batch)
    assert (renewed.reward[0], renewed.terminated[0], renewed.episode_return[0]) == (0, False, 0)


@pytest.mark.parametrize("height", [0.15, 1.05])
def test_no_reward_at_the_goal_outside_the_allowed_heights(height):
    batch = begun()
    teleport(batch, moved(positions(batch), WORLD.goal))
    sensors = batch.state.sensordata.copy()
    paid = WORLD.reward_and_termination(data_of(batch), data_of(batch))
    assert (paid.reward[0], paid.success[0]) == (1, True)
    sensors[:, WORLD.sensor_columns("torso.z")] = height
    verdict = WORLD.reward_and_termination(
        data_of(batch), data_of(batch)._replace(sensordata=sensors)
    )
    assert (verdict.reward[0], verdict.terminated[0], verdict.success[0]) == (0, True, False)


def test_position_and_heading_are_observed_and_the_goal_is_not():
    batch = begun()
    pose = positions(batch)
    pose[:2], pose[3:7] = (6.0, 3.0), [np.cos(0.5), 0.0, 0.0, np.sin(0.5)]  # a turn of 1 rad
    teleport(batch, pose)
    told = observed(WORLD, batch)
    np.testing.assert_allclose(told["position"][0], [1.0, 0.5])
    np.testing.assert_allclose(told["heading"][0], [np.cos(1.0), np.sin(1.0)])
    elsewhere = AntCross("AntCross", goal=(12.0, 0.0))
    for name, value in elsewhere.observe(data_of(batch)).items():
        np.testing.assert_array_equal(value, told[name])


def test_proprioception_equals_that_of_the_speed_world():
    here, there = WORLD.spec.view("proprioception"), AntSpeed("A").spec.view("proprioception")
    assert here == there


def test_the_limit_truncates_episodes():
    assert WORLD.episode_limit == 1_000
    batch = begun(AntCross("AntCross", episode_limit=2))
    wait(batch)
    last = wait(batch)
    assert (last.truncated[0], last.terminated[0], last.reward[0]) == (True, False, 0)


@pytest.mark.parametrize(("goal", "rule"), [((0.0, 3.0), "free"), ((6.0,), "two finite numbers")])
def test_goals_inside_walls_are_refused(goal, rule):
    refuses(lambda: AntCross("AntCross", goal=goal), "goal", rule, str(goal))
