"""The mazes of HIRO and NORL compared with numbers of the release."""

import dataclasses

import jax
import mujoco
import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.measures import measures
from hierax.worlds.mujoco.mazes.ant_in_maze import AntInMaze
from hierax.worlds.mujoco.mazes.point_in_maze import PointInMaze
from hierax.worlds.mujoco.mujoco_world import Data
from hierax.worlds.world import Timestep
from refusals import refuses
from worlds.mujoco.acted import qpos_of, qvel_of
from worlds.mujoco.mazes.made import ANTS, BLIND, MAZES, WORLDS, driven, put


def side_by_side(world, observation):
    """Return all views before the goal, concatenated."""
    parts = [observation[view.name] for view in world.spec.views if view.name != "goal"]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


@pytest.mark.parametrize("name", ANTS)
def test_the_ant_is_that_of_the_release(name):
    model = WORLDS[name].model
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4
    assert model.opt.timestep * WORLDS[name].substeps == pytest.approx(0.1)
    assert model.body_subtreemass[model.body("torso_body").id] == pytest.approx(0.911, abs=1e-3)
    assert model.actuator_ctrlrange.tolist() == [[-30.0, 30.0]] * 8
    assert set(model.actuator_gear[:, 0]) == {1.0}


@pytest.mark.parametrize("name", ANTS)
def test_contacts_are_stiffer_in_mazes_with_a_block(name):
    model = WORLDS[name].model
    softness = 0.8 if "AntMaze" in name else 0.995
    np.testing.assert_allclose(model.geom_solimp[:, :3], [[softness, softness, 0.01]] * model.ngeom)
    np.testing.assert_allclose(model.geom_friction, [[1.0, 0.5, 0.5]] * model.ngeom)


def test_blocks_are_in_the_model_as_the_map_has_them():
    for name, mass, joints in (
        ("AntPush-v0", 0.0002, ["block x", "block y"]),
        ("AntFall-v0", 0.001, ["block y", "block z"]),
        ("AntBlock-v0", 0.0002, ["block x", "block y", "block spin"]),
    ):
        model = WORLDS[name].model
        assert model.body("block").mass[0] == pytest.approx(mass)
        found = [model.joint(number).name for number in range(model.njnt)]
        assert found[-len(joints) :] == joints
        assert not model.dof_damping[-len(joints) :].any()
        assert not model.dof_armature[-len(joints) :].any()
    fall = WORLDS["AntFall-v0"].model
    assert fall.joint("block y").range.tolist() == [-8.0, 8.0]
    assert fall.joint("block z").range.tolist() == [-4.0, 0.0]
    assert not WORLDS["AntPush-v0"].model.joint("block x").limited[0]


@pytest.mark.parametrize("name", ANTS)
def test_concatenated_views_equal_the_observation_of_the_release(name):
    world = WORLDS[name]
    batch, timestep = driven(world, 3, count=2)
    qpos, qvel = (
        qpos_of(batch),
        qvel_of(batch),
    )
    own = side_by_side(world, timestep.observation)
    assert own.shape[1] == (105 if world.image else 33 if "Block" in name else 30)
    block = [] if "Block" not in name else [timestep.observation["block"]]
    image = [timestep.observation["image"].reshape(2, 75)] if world.image else []
    release = [qpos[:, :3], *block, qpos[:, 3:15], qvel[:, :14], *image, [[0.003], [0.003]]]
    np.testing.assert_allclose(own, np.concatenate(release, axis=1), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", MAZES)
def test_observations_are_within_the_bounds_of_their_views(name):
    world = WORLDS[name]
    _, timestep = driven(world, 5, count=3)
    for view in world.spec.views:
        seen = timestep.observation[view.name]
        assert seen.shape == (3, *view.shape)
        assert (view.low <= seen).all()
        assert (seen <= view.high).all()


def test_time_counts_the_steps_of_an_episode():
    world = make("PointPush-v0", episode_limit=4)
    batch = world.batch(2)
    seen = [batch.reset(0), *(batch.step(np.zeros((2, 2))) for _ in range(6))]
    times = [timestep.observation["time"][0, 0] for timestep in seen]
    np.testing.assert_allclose(times, [0.0, 0.001, 0.002, 0.003, 0.004, 0.0, 0.001], atol=1e-7)
    assert [bool(timestep.truncated[0]) for timestep in seen] == [False] * 4 + [True] + [False] * 2


def test_the_view_block_has_the_position_of_the_block():
    world = WORLDS["AntBlock-v0"]
    batch = world.batch(1)
    timestep = batch.reset(0)
    np.testing.assert_allclose(timestep.observation["block"], [[2.0, 0.0, 0.2]], atol=1e-6)
    put(batch, block_x=3.0, block_y=5.0)
    timestep = batch.step(np.zeros((1, 8)))
    np.testing.assert_allclose(timestep.observation["block"], [[5.0, 5.0, 0.2]], atol=1e-2)


def test_the_image_follows_the_body_and_the_block():
    world = WORLDS["PointPushImages-v0"]
    batch = world.batch(1)
    start = batch.reset(0).observation["image"][0]
    np.testing.assert_allclose(start[3, 2, 2], 1.0, atol=0.1)
    put(batch, y=-1.0, block_x=4.0)
    seen = batch.step(np.zeros((1, 2))).observation["image"][0, ..., 2]
    np.testing.assert_allclose(seen[3:, 2:4], [[0.0, 0.75], [0.0, 0.25]], atol=0.01)


@pytest.mark.parametrize("name", ["AntMaze-v0", "AntFall-v0", "AntBlock-v0"])
def test_the_ant_begins_near_its_standing_pose(name):
    world = WORLDS[name]
    random = np.random.default_rng(0)
    begun = [world.initial_state(random) for _ in range(800)]
    qpos, qvel = np.array([each.qpos for each in begun]), np.array([each.qvel for each in begun])
    standing = np.zeros(15)
    standing[2], standing[3] = (4.75 if "Fall" in name else 0.75), 1.0
    off = qpos[:, [0, 1, 2, *range(7, 15)]] - standing[[0, 1, 2, *range(7, 15)]]
    assert np.abs(off).max() <= 0.1
    np.testing.assert_allclose(off.std(axis=0), 0.2 / 12**0.5, rtol=0.15)
    np.testing.assert_allclose(np.linalg.norm(qpos[:, 3:7], axis=1), 1.0)
    assert 0.05 < np.abs(qpos[:, 4:7]).max() < 0.12
    np.testing.assert_allclose(qvel[:, :14].std(axis=0), 0.1, rtol=0.15)
    np.testing.assert_array_equal(qpos[:, 15:], [world.model.qpos0[15:]] * 800)
    assert not qvel[:, 14:].any()


def test_the_point_begins_on_the_ground_and_at_rest():
    for name, height in (("PointPush-v0", 0.5), ("PointFall-v0", 2.5)):
        begun = WORLDS[name].initial_state(np.random.default_rng(0))
        assert begun.qpos[2] == height
        assert 0 < np.abs(begun.qpos[[0, 1, 3]]).max() < 0.1
        assert not begun.qvel.any()


GOALS = {
    "AntMaze-v0": ([-4, -4], [20, 20]),
    "AntPushMulti-v0": ([-16, -4], [16, 20]),
    "AntFallMulti-v0": ([-4, -4, 0], [12, 28, 5]),
    "AntBlock-v0": ([-4, -4], [20, 20]),
    "AntBlockMaze-v0": ([-4, -4], [12, 20]),
    "PointPushMulti-v0": ([-8, -2], [8, 10]),
    "PointFallMulti-v0": ([-2, -2, 0], [6, 14, 2.5]),
}


@pytest.mark.parametrize("name", GOALS)
def test_goals_are_uniform_within_their_bounds(name):
    low, high = map(np.array, GOALS[name])
    random = np.random.default_rng(0)
    goals = np.array([WORLDS[name].initial_state(random).task_state["goal"] for _ in range(600)])
    assert (goals >= low).all()
    assert (goals <= high).all()
    np.testing.assert_allclose(goals.mean(axis=0), (low + high) / 2, atol=0.08 * (high - low).max())
    np.testing.assert_allclose(goals.std(axis=0), (high - low) / 12**0.5, rtol=0.1)


def test_a_goal_is_one_draw_of_all_its_coordinates():
    world, random = WORLDS["AntMaze-v0"], np.random.default_rng(3)
    plain = np.random.default_rng(3)
    world.initial_body_state(plain)
    expected = plain.uniform(world.task.low, world.task.high)
    np.testing.assert_array_equal(world.initial_state(random).task_state["goal"], expected)


def test_evaluation_goals_are_those_of_the_release():
    u = ((16.0, 0.0), (16.0, 16.0), (0.0, 16.0))
    expected = {
        "AntMaze-v0": u,
        "AntPush-v0": ((0.0, 19.0),),
        "AntFallMulti-v0": ((0.0, 27.0, 4.5),),
        "AntBlock-v0": u,
        "AntBlockMaze-v0": ((8.0, 0.0), (8.0, 16.0), (0.0, 16.0)),
        "AntMazeImages-v0": u,
        "AntFallImages-v0": ((0.0, 27.0, 0.0),),
        "PointFall-v0": ((0.0, 13.5, 2.25),),
    }
    assert {name: WORLDS[name].evaluation_goals for name in expected} == expected


@pytest.mark.parametrize("name", MAZES)
def test_an_evaluation_goal_can_be_the_goal_of_every_episode(name):
    for goal in WORLDS[name].evaluation_goals:
        world = dataclasses.replace(WORLDS[name], goal=goal)
        timestep = world.batch(2).reset(0)
        np.testing.assert_allclose(timestep.observation["goal"], [goal] * 2, atol=1e-6)


def test_single_goals_are_evaluation_goals():
    for name in ("AntPush-v0", "AntFall-v0", "PointPush-v0", "PointFall-v0"):
        assert (WORLDS[name].goal,) == WORLDS[name].evaluation_goals


def test_relative_goals_do_not_move_with_the_body():
    world = WORLDS["AntFallImages-v0"]
    batch = world.batch(2)
    random = np.random.default_rng(0)

    def seen(timestep):
        parts = timestep.observation
        return np.concatenate([parts["position"], parts["height"]], axis=1), parts["goal"]

    place, goal = seen(batch.reset(0))
    for _ in range(5):
        after, rolled = seen(batch.step(random.uniform(-1, 1, (2, 8))))
        np.testing.assert_allclose(rolled, goal + place - after, atol=1e-5)
        assert np.abs(after - place).max() > 1e-3
        place, goal = after, rolled


@pytest.mark.parametrize("name", BLIND)
def test_the_reward_is_the_distance_after_the_step(name):
    world = WORLDS[name]
    _, timestep = driven(world, 4, count=3)
    seen = timestep.observation
    place = np.concatenate([seen["position"], seen["height"]], axis=1)
    if "Block" in name:
        place = seen["block"]
    away = place[:, : seen["goal"].shape[1]] - seen["goal"]
    np.testing.assert_allclose(timestep.reward, -np.linalg.norm(away, axis=1), rtol=1e-5)


def readings(world, place):
    qpos = np.tile(world.model.qpos0, (1, 1))
    qpos[0, : len(place)] = place
    goal = np.array([world.goal], float)
    return Data(qpos, qpos, qpos, np.zeros((1, 8)), np.zeros(1), {"goal": goal})


@pytest.mark.parametrize(("name", "radius"), [("AntPush-v0", 1.5), ("PointPush-v0", 0.75)])
def test_success_within_the_smaller_radius_is_measured(name, radius):
    near = Timestep({}, np.array([-0.99, -1.01]) * radius, None, None)
    found = measures(WORLDS[name], near)
    assert {key: values.tolist() for key, values in found.items()} == {
        f"success_within_{radius:g}": [True, False]
    }
    assert WORLDS[name].success_distance == radius * 5.0 / 1.5


@pytest.mark.parametrize(
    ("world", "near", "far"),
    [
        (WORLDS["AntPush-v0"], (3.0, 15.01), (3.0, 15.0)),
        (WORLDS["AntFall-v0"], (0.0, 24.01, 0.5), (0.0, 24.0, 0.5)),
        (WORLDS["PointPush-v0"], (1.5, 7.51), (1.5, 7.5)),
    ],
)
def test_success_is_a_small_distance(world, near, far):
    for place, success in ((near, True), (far, False)):
        now = readings(world, place)
        verdict = world.reward_and_termination(now, now)
        assert bool(verdict.success[0]) is success
        assert not verdict.terminated[0]


def test_the_reward_at_the_goal_is_slightly_negative():
    now = readings(WORLDS["AntPush-v0"], (0.0, 19.0))
    np.testing.assert_allclose(
        WORLDS["AntPush-v0"].reward_and_termination(now, now).reward, [-1e-5]
    )


def test_an_ant_upside_down_does_not_end_the_episode():
    world = make("AntMaze-v0", episode_limit=20)
    batch, timestep = driven(world, 19, root=[0.0, 0.0, 0.4, 0.0, 1.0, 0.0, 0.0])
    _, x, y, _ = timestep.observation["proprioception"][0, :4]
    assert 1 - 2 * (x * x + y * y) < -0.5
    assert not timestep.ended.any()
    last = batch.step(np.zeros((1, 8)))
    assert last.truncated.all()
    assert not last.terminated.any()


@pytest.mark.parametrize("name", ["AntFallImages-v0", "PointBlock-v0"])
def test_observation_and_reward_in_32_bits_inside_jit(name):
    world = WORLDS[name]
    batch, timestep = driven(world, 3, count=2)
    now = world.data(batch.state, np.zeros((2, world.model.nu)))
    seen, verdict = jax.jit(
        lambda now: (world.observe(now), world.reward_and_termination(now, now))
    )(now)
    np.testing.assert_allclose(verdict.reward, timestep.reward, rtol=1e-5)
    for view, part in timestep.observation.items():
        np.testing.assert_allclose(seen[view], part, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"maze": "room"}, ("maze", "one of 'maze', 'push', 'fall'", "'room'")),
        ({"goal": "many"}, ("goal", "'multi' or a tuple of 2", "'many'")),
        ({"goal": (0.0, 1.0, 2.0)}, ("goal", "tuple of 2", "(0.0, 1.0, 2.0)")),
        ({"goal": np.array([1.0, 2.0])}, ("goal", "tuple of 2", "array([1., 2.])")),
        ({"goal": (True, False)}, ("goal", "tuple of 2", "(True, False)")),
        ({"goal": (0.0, float("nan"))}, ("goal", "finite", "nan")),
        ({"goal": (0.0, 21.0)}, ("goal", "between (-4.0, -4.0) and (20.0, 20.0)", "21.0")),
        ({"maze": "block", "image": True}, ("image", "False", "'block'", "True")),
        ({"image": np.array([1, 1])}, ("image", "bool", "ndarray")),
        ({"image": "yes"}, ("image", "bool", "'yes'")),
        ({"image": True, "truncate": 1}, ("truncate", "bool", "1")),
        ({"truncate": True}, ("truncate", "False", "image=False", "True")),
        ({"episode_limit": 0}, ("episode_limit", ">= 1", "0")),
    ],
)
def test_invalid_options_are_refused(options, parts):
    refuses(lambda: AntInMaze(name="AntMaze-v0", **options), *parts)


def test_goals_of_the_point_have_their_own_bounds():
    refuses(
        lambda: PointInMaze(name="PointMaze", goal=(0.0, 16.0)),
        "goal", "between (-2.0, -2.0) and (10.0, 10.0)", "16.0",
    )  # fmt: skip
