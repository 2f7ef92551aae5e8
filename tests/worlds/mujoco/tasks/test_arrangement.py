"""Going to targets and pushing boxes onto them: rewards, observations, initial states."""

import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.mujoco.bodies.body import yaw_quaternion
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.vision import MAX_MARKERS
from refusals import refuses
from worlds.mujoco.acted import (
    data_of,
    moved,
    observed,
    positions,
    qpos_of,
    qvel_of,
    rotated,
    teleport,
    wait,
)
from worlds.mujoco.drawing import skip_without_opengl

BOTH = ("body", "boxes")
GO = Arrangement("Go", targets=3, cells=0)
PUSH = Arrangement("Push", boxes=2, targets=2, movers=("boxes",))
EITHER = Arrangement("Or", boxes=1, targets=2, movers=BOTH)
ALL = Arrangement("And", boxes=1, targets=2, movers=BOTH, together=True)
ANT = Arrangement("Ant", body="ant", targets=2, cells=0)
FAR = np.array([30.0, 30.0])


@pytest.mark.parametrize(("friction", "least", "most"), [(1.0, 0.0, 1.0), (0.5, 5.0, 30.0)])
def test_friction_decides_whether_a_ball_can_push_a_box_steadily(friction, least, most):
    world = Arrangement("Push", boxes=1, targets=1, movers=("boxes",), cells=0, friction=friction)
    batch = begun(world)
    ball = world.walker.standing_qpos(0.0, 0.0, 0.0)
    teleport(batch, np.concatenate([ball, [0.86, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0]]))
    for _ in range(100):  # 5 s at full throttle
        batch.step(np.array([[-1.0, 0.0]]))
    assert least <= qpos_of(batch)[0, len(ball)] - 0.86 < most


@pytest.mark.parametrize(("padding", "inside"), [(0, 3.0), (1, 5.0)])
def test_padding_is_the_space_between_initial_cells_and_walls(padding, inside):
    world = Arrangement("Push", boxes=1, targets=1, movers=("boxes",), padding=padding)
    wall = world.model.geom("wall_east")
    assert wall.pos[0] - wall.size[0] == inside


@pytest.mark.parametrize(("name", "least", "most"), [("v0", 0.0, 1.2), ("v1", 1.5, 2.5)])
def test_an_impact_moves_a_slippery_box_to_the_wall(name, least, most):
    world = make(f"BallPushEasy-{name}")
    batch = begun(world)
    ball = world.walker.standing_qpos(-2.0, 0.0, 0.0)
    teleport(batch, np.concatenate([ball, [0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0]]))
    places = []
    for _ in range(20):  # 1 s, before the box meets the target of this seed
        step = batch.step(np.array([[-1.0, 0.0]]))
        assert not step.terminated.any()
        places.append(qpos_of(batch)[0, len(ball)])
    assert least < max(places) < most


def begun(world, seed=0, count=1):
    batch = world.batch(count, 1)
    batch.reset(seed)
    return batch


def asked(batch, condition=0):
    """Return the required mover (0 is the body) and the position of its target."""
    memory = batch.state.task_state
    who, where = np.argwhere(memory["required"][0, condition])[0]
    return who, memory["targets"][0, where]


def with_box(qpos, box, place):
    """Return positions with box 1, 2, ... at ``place``; the first five belong to the ball."""
    changed = qpos.copy()
    changed[5 + 7 * (box - 1) :][:7] = [*place[:2], 0.5, 1, 0, 0, 0]
    return changed


def test_rewards_on_the_target_are_10_and_then_50():
    batch = begun(GO)
    teleport(batch, moved(positions(batch), asked(batch)[1]))
    first = wait(batch)
    assert (first.reward[0], first.terminated[0], first.success[0]) == (10, False, False)
    second = wait(batch)
    assert (second.reward[0], second.terminated[0], second.success[0]) == (50, True, True)
    assert second.episode_return[0] == 60


def test_leaving_before_the_second_step_costs_ten():
    batch = begun(GO)
    teleport(batch, moved(positions(batch), asked(batch)[1]))
    wait(batch)
    teleport(batch, moved(positions(batch), FAR))
    left = wait(batch)
    assert (left.reward[0], left.terminated[0], left.success[0]) == (40, True, True)
    assert left.episode_return[0] == 50


def test_the_return_of_two_conditions_is_70():
    batch = begun(ALL)
    (body, there), (box, elsewhere) = asked(batch, 0), asked(batch, 1)
    assert (body, box) == (0, 1)
    assert not np.allclose(there, elsewhere)
    teleport(batch, moved(positions(batch), there))
    assert wait(batch).reward[0] == 10
    teleport(batch, with_box(positions(batch), 1, elsewhere))
    done = wait(batch)
    assert (done.reward[0], done.terminated[0]) == (10, False)
    done = wait(batch)
    assert (done.reward[0], done.episode_return[0], done.success[0]) == (50, 70, True)


def test_losing_one_of_two_conditions_costs_10():
    batch = begun(ALL)
    teleport(batch, moved(positions(batch), asked(batch, 0)[1]))
    wait(batch)
    teleport(batch, moved(positions(batch), FAR))
    lost = wait(batch)
    assert (lost.reward[0], lost.episode_return[0], lost.terminated[0]) == (-10, 0, False)


def test_only_the_required_box_on_the_required_target_gives_a_reward():
    batch = begun(PUSH)
    box, there = asked(batch)
    other = next(x for x in batch.state.task_state["targets"][0] if not np.allclose(x, there))
    start = positions(batch)
    for wrong in (
        with_box(start, box, other),
        with_box(start, 3 - box, there),
        moved(start, there),
    ):
        teleport(batch, wrong)
        assert wait(batch).reward[0] == 0
    teleport(batch, with_box(start, box, there))
    assert [wait(batch).reward[0] for _ in range(2)] == [10, 50]


def test_a_box_can_be_pushed_onto_its_target():
    # With a run-up: a ball that leans on a box spins in place, here as in dm_control.
    batch = begun(Arrangement("Push", boxes=1, targets=1, movers=("boxes",)))
    _, there = asked(batch)
    pose = np.array([*(there[:2] - [2.0, 0.0]), 0.0, 0.0, 0.0])
    box = np.array([*(there[:2] - [0.6, 0.0]), 0.5, *yaw_quaternion(0.0)])
    speeds = [5.0, 0.0, 0.0, 0.0, -25.0]
    teleport(batch, np.concatenate([pose, box]), np.concatenate([speeds, np.zeros(6)]))
    rewards = [wait(batch).reward[0] for _ in range(40)]
    assert rewards[0] == 0
    assert 10 in rewards


def test_no_reward_on_another_target():
    batch = begun(GO)
    _, there = asked(batch)
    for other in batch.state.task_state["targets"][0]:
        if not np.allclose(other, there):
            teleport(batch, moved(positions(batch), other))
            timestep = wait(batch)
            assert (timestep.reward[0], timestep.terminated[0]) == (0, False)


@pytest.mark.parametrize(("offset", "pays"), [(0.49, True), (0.51, False)])
def test_a_target_is_a_cube_of_a_metre(offset, pays):
    # The centres of all the ball's geoms but the face's are on its axis; the face looks along x.
    batch = begun(GO)
    _, there = asked(batch)
    pose = np.array([there[0], there[1] + offset, 0.0, 0.0, 0.0])
    teleport(batch, pose)
    assert (wait(batch).reward[0] == 10) == pays


def test_tasks_are_drawn_uniformly():
    random = np.random.default_rng(0)
    drawn = np.mean([EITHER.draw_task(random)["required"][0] for _ in range(4_000)], axis=0)
    np.testing.assert_allclose(drawn, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / 4_000))


@pytest.mark.parametrize(
    ("world", "told"),
    [(GO, 3), (PUSH, 4), (EITHER, 4), (ALL, 8), (Arrangement("One", targets=1), 0)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_task_is_observed_if_it_can_vary(world, told):
    assert ("task" in world.spec.view_names) == bool(told)
    if not told:
        return
    batch = begun(world, count=8)
    task = batch.timestep.observation["task"].reshape(8, world.conditions, -1)
    who, where = (
        np.any(batch.state.task_state["required"], 3),
        np.any(batch.state.task_state["required"], 2),
    )
    who = (
        who[:, :, list(world.possible_movers)] if len(world.possible_movers) > 1 else who[:, :, :0]
    )
    np.testing.assert_array_equal(task, np.concatenate([who, where], axis=2))


@pytest.mark.parametrize("body", ["ball", "ant", "quadruped"])
def test_observations_do_not_change_under_rotation(body):
    world = Arrangement("Turned", body=body, boxes=1, targets=2, movers=BOTH, cells=0)
    batch, random = begun(world), np.random.default_rng(1)
    qpos = positions(batch)
    qpos[:2] = 1.0, -0.5
    qpos[2] += 1.0  # in the air, where no contact tells directions apart
    qpos[-5] += 1.0
    qvel = random.normal(size=world.model.nv)
    teleport(batch, qpos, qvel)
    before, targets = observed(world, batch), batch.state.task_state["targets"][0]
    yaw = 0.7
    turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])

    def place(data):
        data.qpos[:], data.qvel[:] = rotated(world.model, qpos, qvel, yaw)
        data.mocap_pos[:] = targets @ turn.T

    sensordata = batch.physics.initial_state(place)[1][None]
    after = world.observe(data_of(batch)._replace(sensordata=sensordata))
    assert abs(sensordata - batch.state.sensordata).max() > 0.1
    for view in ("proprioception", "targets", "boxes"):
        np.testing.assert_allclose(after[view], before[view], atol=1e-6, err_msg=view)


def test_targets_are_in_the_torsos_frame():
    batch = begun(GO)
    targets = batch.state.task_state["targets"][0]
    teleport(batch, np.array([1.0, 2.0, 0.0, -np.pi / 2, 0.0]))  # looks along y of the world
    told = observed(GO, batch)["targets"][0].reshape(3, 3)
    x, y, z = (targets - [1.0, 2.0, 0.6]).T
    model, torso = GO.model, GO.walker.torso
    axes = batch.physics.to_mjdata(batch.state.mjstate[0]).xmat[model.body(torso).id].reshape(3, 3)
    np.testing.assert_allclose(told, np.column_stack([x, y, z]) @ axes, atol=1e-9)


def test_the_corners_of_a_box_are_around_it():
    batch = begun(PUSH, count=3)
    told = observed(PUSH, batch)["boxes"].reshape(3, 2, 8, 3)
    centre = told.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(told - centre, axis=3), np.sqrt(0.75), atol=1e-9)
    assert len(np.unique(told[0, 0].round(6), axis=0)) == 8


def test_an_ant_upside_down_ends_the_episode_without_success():
    batch = begun(ANT)
    pose = positions(batch)
    pose[2], pose[3:7] = 1.0, [0.0, 1.0, 0.0, 0.0]
    teleport(batch, pose)
    fallen = wait(batch)
    assert (fallen.terminated[0], fallen.success[0], fallen.reward[0]) == (True, False, 0)
    assert not fallen.truncated[0]


def test_an_ant_on_its_side_does_not_end_the_episode():
    batch = begun(ANT)
    pose = positions(batch)
    pose[2], pose[3:7] = 1.0, [np.cos(0.7), np.sin(0.7), 0.0, 0.0]  # 80 degrees
    teleport(batch, pose)
    assert not wait(batch).terminated[0]


def test_objects_begin_in_different_cells():
    batch = begun(EITHER, count=64)
    qpos, targets = qpos_of(batch), batch.state.task_state["targets"]
    places = np.stack([qpos[:, :2], qpos[:, 5:7], *targets[:, :, :2].swapaxes(0, 1)], axis=1)
    cells = np.rint(places / 2.0)
    assert abs(cells).max() == 1  # three cells about the origin
    assert all(len(np.unique(each, axis=0)) == 4 for each in cells)
    np.testing.assert_array_equal(qpos[:, :2] % 2.0, 0.0)
    assert len(np.unique(qpos[:, 3])) == 64
    assert not qvel_of(batch).any()


def test_a_box_begins_inside_of_its_cell():
    batch = begun(EITHER, count=64)
    box = qpos_of(batch)[:, 5:7]
    corner = batch.state.sensordata[:, EITHER.sensor_columns("box0 position")]
    np.testing.assert_allclose(corner[:, :2], box)
    cell = 2.0 * np.rint(box / 2.0)
    sites = [f"box0 corner{number}" for number in range(8)]
    for number in range(64):
        data = batch.physics.to_mjdata(batch.state.mjstate[number])
        reach = abs(np.array([data.site(site).xpos[:2] for site in sites]) - cell[number]).max()
        assert reach < 1.0


def test_without_walls_positions_are_the_first_draw_that_is_apart():
    one, two = np.triu_indices(4, 1)
    for seed in range(30):
        random, plain = np.random.default_rng(seed), np.random.default_rng(seed)
        found = GO.initial_state(random)
        least = 0.0
        while least < 1.5:
            expected = plain.uniform(-4.0, 4.0, (4, 2))
            least = np.linalg.norm(expected[one] - expected[two], axis=1).min()
        np.testing.assert_array_equal(found.qpos[:2], expected[0])
        np.testing.assert_array_equal(found.task_state["targets"][:, :2], expected[1:])


def test_the_task_of_an_episode_cannot_be_written_to():
    drawn = ALL.draw_task(np.random.default_rng(0))
    for shared in drawn.values():
        with pytest.raises(ValueError, match="read-only"):
            shared[:] = 0


def test_without_walls_objects_begin_apart():
    batch = begun(GO, count=64)
    qpos, targets = qpos_of(batch), batch.state.task_state["targets"]
    places = np.concatenate([qpos[:, None, :2], targets[:, :, :2]], axis=1)
    assert 3.0 < abs(places).max() < 4.0
    gaps = np.linalg.norm(places[:, :, None] - places[:, None], axis=3)
    assert gaps[:, ~np.eye(4, dtype=bool)].min() >= 1.5


def test_the_largest_number_of_objects_without_walls():
    world = Arrangement("Many", targets=8, boxes=2, cells=0)
    targets = world.batch(4).reset(0).observation["targets"].reshape(4, 8, 3)
    gaps = np.linalg.norm(targets[:, :, None] - targets[:, None], axis=3)
    assert gaps[:, ~np.eye(8, dtype=bool)].min() > 1.49


@pytest.mark.parametrize("cells", [4, 8])
def test_a_room_has_space_for_one_object_per_cell(cells):
    world = Arrangement("Full", targets=cells**2 - 1, cells=cells)
    targets = begun(world).state.task_state["targets"][0]
    assert len(np.unique(targets, axis=0)) == cells**2 - 1


def test_the_largest_number_of_targets_can_be_rendered():
    skip_without_opengl()
    world = Arrangement("Crowd", targets=MAX_MARKERS, cells=11)
    batch = begun(world)
    assert batch.picture().std() > 0
    batch.close()


def test_a_limit_can_be_a_numpy_integer():
    spec = Arrangement("Seven", episode_limit=np.int64(7)).spec
    assert (spec.episode_limit, type(spec.episode_limit)) == (7, int)


def test_a_ball_does_not_pass_through_walls():
    batch = begun(Arrangement("Room", targets=1), count=4)
    for number, yaw in enumerate(np.pi / 2 * np.arange(4)):
        teleport(batch, np.array([0.0, 0.0, 0.0, -yaw, 0.0]), number=number)
    forward = np.tile([-1.0, 0.0], (4, 1))
    for _ in range(60):
        batch.step(forward)
    reach = abs(qpos_of(batch)[:, :2]).max(axis=1)
    np.testing.assert_allclose(reach, 4.8, atol=0.1)  # 10 m of free floor, and a ball of .2 m


def test_an_episode_lasts_twenty_seconds():
    assert GO.episode_limit * GO.timestep * GO.substeps == pytest.approx(20.0)


def test_truncation_is_not_termination():
    batch = begun(Arrangement("Short", targets=1, cells=0, episode_limit=3))
    last = [wait(batch) for _ in range(3)][-1]
    assert (last.truncated[0], last.terminated[0], last.success[0]) == (True, False, False)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"body": "bird"}, ("body", "one of 'ball'", "'bird'")),
        ({"body": ["ball"]}, ("body", "one of 'ball'", "['ball']")),
        ({"targets": 0}, ("targets", ">= 1", "0")),
        ({"boxes": -1}, ("boxes", ">= 0", "-1")),
        ({"cells": 1.5}, ("cells", ">= 0", "1.5")),
        ({"cells": 2, "targets": 4}, ("cells", "at least 3", "2")),
        (
            {"cells": 0, "targets": 8, "boxes": 3},
            ("boxes + targets", "at most 10", "11", "cells=4 or more"),
        ),
        ({"cells": 11, "targets": 101}, ("targets", "at most 100", "101")),
        ({"box_mass": 0.0}, ("box_mass", "> 0", "0.0")),
        *(
            ({"movers": given}, ("movers", "a tuple of 'body', 'boxes'", repr(given)))
            for given in (("feet",), (), 5, "body", ["body"], {"body"}, (["body"],))
        ),
        ({"movers": ("boxes",)}, ("movers", "boxes=0", "('boxes',)")),
        ({"together": 1}, ("together", "bool", "1")),
        ({"together": True}, ("together", "False unless", "True with movers ('body',), 0 boxes")),
        (
            {"together": True, "movers": BOTH, "boxes": 2},
            ("together", "False unless", "True with movers ('body', 'boxes'), 2 boxes"),
        ),
        ({"episode_limit": 0}, ("episode_limit", ">= 1", "0")),
    ],
)
def test_invalid_options_are_refused(options, parts):
    refuses(lambda: Arrangement("Bad", **options), *parts)
