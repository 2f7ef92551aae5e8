"""The corridor with a gap: observations, rewards, terminations."""

import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.mujoco.tasks.gap import LENGTH, MARGIN, WIDTH, Gap
from refusals import refuses
from worlds.mujoco.acted import observed, positions, qpos_of, qvel_of, teleport, wait

WORLD = Gap("Gap")


def begun(world, count=1, seed=0):
    batch = world.batch(count, 1)
    batch.reset(seed)
    return batch


def test_gaps_have_the_lengths_of_the_paper_and_are_in_the_middle():
    random = np.random.default_rng(0)
    first, length = np.array(
        [WORLD.initial_state(random).task_state["gap"] for _ in range(2_000)]
    ).T
    assert 0.3 <= length.min() < 0.31
    assert 2.49 < length.max() <= 2.5
    np.testing.assert_allclose(length.mean(), 1.4, atol=0.06)
    np.testing.assert_allclose(first + length / 2, LENGTH / 2)


def test_a_ball_at_top_speed_crosses_the_longest_gap_of_its_second_version():
    world = make("BallGap-v1")
    seeds = [np.random.default_rng(seed) for seed in range(200)]
    lengths = [world.initial_state(random).task_state["gap"][1] for random in seeds]
    assert 0.3 <= min(lengths) < 0.31
    assert 0.79 < max(lengths) <= world.longest == 0.8
    batch = world.batch(1)
    shown = batch.begin_episodes([np.random.default_rng(int(np.argmax(lengths)))])
    while not shown.ended[0]:
        shown = batch.step(np.array([[-1.0, 0.0]]))
    assert shown.success[0]
    for length in (0.2, 2.6, True):
        refuses(lambda length=length: Gap("Gap", longest=length), "longest", str(length))


def test_platforms_cover_everything_except_the_gap():
    batch = begun(WORLD, 8)
    before = WORLD.model.geom_pos.copy(), WORLD.model.geom_size.copy()
    for number, (first, length) in enumerate(batch.state.task_state["gap"]):
        data = batch.physics.to_mjdata(batch.state.mjstate[number])
        half = WORLD.model.geom("near").size
        tops = [data.geom(name).xpos + half for name in ("near", "far")]
        np.testing.assert_allclose([top[2] for top in tops], 0.0, atol=1e-12)
        np.testing.assert_allclose(tops[0][0], first)
        np.testing.assert_allclose(tops[1][0] - 2 * half[0], first + length)
        assert tops[0][0] - 2 * half[0] < 0.0
        assert tops[1][0] > LENGTH
    np.testing.assert_array_equal(before[0], WORLD.model.geom_pos)
    np.testing.assert_array_equal(before[1], WORLD.model.geom_size)


def test_the_gap_is_observed_relative_to_the_body():
    batch = begun(WORLD)
    first, length = batch.state.task_state["gap"][0]
    np.testing.assert_allclose(observed(WORLD, batch)["gap"][0], [first - MARGIN, length])
    teleport(batch, np.array([first + 1.0, 0.5, 0.0, 0.3, 0.0]))
    np.testing.assert_allclose(observed(WORLD, batch)["gap"][0], [-1.0, length], atol=1e-9)


def test_the_reward_is_the_forward_motion():
    batch = begun(WORLD)
    places, rewards = [positions(batch)[0]], []
    for action in (-1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0):
        rewards.append(batch.step(np.array([[action, 0.0]])).reward[0])
        places.append(positions(batch)[0])
    np.testing.assert_allclose(rewards, np.diff(places), rtol=1e-5)
    assert max(rewards) > 0.05
    speed = qvel_of(batch)[0, 0]
    np.testing.assert_allclose(rewards[-1], 0.05 * speed, atol=0.1)


def test_an_episode_ends_if_the_ball_falls_into_the_gap():
    batch = begun(WORLD, seed=3)
    first, length = batch.state.task_state["gap"][0]
    assert length > 0.8  # longer than the ball is wide
    teleport(batch, np.array([first - 0.3, 0.0, 0.0, 0.0, 0.0]), [1.0, 0.0, 0.0, 0.0, 0.0])
    seen_falling = [wait(batch) for _ in range(40)]
    last = next(timestep for timestep in seen_falling if timestep.terminated[0])
    assert not last.success[0]
    assert not last.truncated[0]
    assert abs(last.reward[0]) < 1.0


def test_a_fast_ball_crosses_a_short_gap():
    for seed in range(100):
        batch = begun(WORLD, seed=seed)
        first, length = batch.state.task_state["gap"][0]
        if length < 0.4:
            break
    teleport(batch, np.array([first - 1.0, 0.0, 0.0, 0.0, 0.0]), [6.0, 0, 0, 0, -30.0])
    ends = [batch.step(np.array([[-1.0, 0.0]])).terminated[0] for _ in range(10)]
    assert positions(batch)[0] > first + length
    assert not any(ends)


def test_the_end_of_the_corridor_is_success():
    batch = begun(WORLD)
    teleport(batch, np.array([LENGTH - MARGIN - 0.1, 0, 0, 0, 0.0]), [4.0, 0, 0, 0, -20.0])
    arrived = wait(batch)
    assert arrived.terminated[0]
    assert arrived.success[0]
    assert positions(batch)[0] >= LENGTH - MARGIN


def test_walls_hold_at_both_sides():
    batch = begun(WORLD, 2)
    for number, side in enumerate((1, -1)):
        pose = np.array([5.0, 0.0, 0.0, -side * np.pi / 2, 0.0])
        teleport(batch, pose, number=number)
    for _ in range(40):
        batch.step(np.tile([-1.0, 0.0], (2, 1)))
    y = qpos_of(batch)[:, 1]
    np.testing.assert_allclose(y, [WIDTH / 2 - 0.2, 0.2 - WIDTH / 2], atol=0.1)


def test_an_ant_upside_down_has_fallen():
    batch = begun(Gap("Gap", body="ant"))
    pose = positions(batch)
    pose[2], pose[3:7] = 1.0, [0.0, 1.0, 0.0, 0.0]
    teleport(batch, pose)
    fallen = wait(batch)
    assert fallen.terminated[0]
    assert not fallen.success[0]


@pytest.mark.parametrize("body", ["ball", "ant", "quadruped"])
def test_a_body_stands_on_the_platform(body):
    batch = begun(Gap("Gap", body=body))
    before = positions(batch)
    for _ in range(20):
        timestep = wait(batch)
    assert not timestep.terminated[0]
    np.testing.assert_allclose(positions(batch)[:3], before[:3], atol=0.1)


def test_an_unknown_body_is_refused():
    refuses(lambda: Gap("Gap", body="bird"), "body", "one of", "'bird'")
