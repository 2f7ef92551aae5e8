"""The task with two boxes that must touch."""

import numpy as np
import pytest

from hierax.worlds.mujoco.tasks.gather import Gather
from refusals import refuses
from worlds.mujoco.acted import positions, teleport, wait

WORLD = Gather("Gather")


@pytest.fixture
def batch():
    made = WORLD.batch(1, 1)
    made.reset(0)
    return made


def with_boxes(batch, distance):
    """Return positions with the boxes' centres at a distance."""
    qpos = positions(batch)
    qpos[5:12] = [0.0, 3.0, 0.5, 1, 0, 0, 0]
    qpos[12:19] = [distance, 3.0, 0.5, 1, 0, 0, 0]
    qpos[:2] = -3.0, -3.0
    return qpos


def test_rewards_of_touching_are_10_and_then_50(batch):
    teleport(batch, with_boxes(batch, 0.998))
    assert wait(batch).reward[0] == 10
    done = wait(batch)
    assert (done.reward[0], done.episode_return[0]) == (50, 60)
    assert done.terminated[0]
    assert done.success[0]


def test_separating_boxes_costs_10(batch):
    teleport(batch, with_boxes(batch, 0.998))
    wait(batch)
    teleport(batch, with_boxes(batch, 2.0))
    parted = wait(batch)
    assert (parted.reward[0], parted.episode_return[0]) == (40, 50)


def test_no_reward_for_almost_touching(batch):
    teleport(batch, with_boxes(batch, 1.01))
    assert wait(batch).reward[0] == 0


def test_no_reward_if_the_body_touches_a_box(batch):
    qpos = with_boxes(batch, 3.0)
    qpos[:2] = 0.0, 3.0 - 0.5 - 0.19
    teleport(batch, qpos)
    data = batch.physics.to_mjdata(batch.state.mjstate[0])
    shell, box = WORLD.model.geom("shell").id, WORLD.model.geom("box0").id
    touched = {tuple(sorted(pair)) for pair in data.contact.geom.tolist()}
    assert tuple(sorted((shell, box))) in touched
    assert wait(batch).reward[0] == 0


def test_no_episode_begins_with_boxes_that_touch():
    batch = WORLD.batch(64, 1)
    batch.reset(1)
    assert not batch.state.sensordata[:, WORLD.sensor_columns("touch")].any()


def test_views_are_proprioception_and_boxes():
    assert {view.name: view.shape for view in WORLD.views} == {
        "proprioception": (10,),
        "boxes": (48,),
    }


def test_bodies_can_be_exchanged():
    assert Gather("Gather", body="ant").spec.action.size == 8
    refuses(lambda: Gather("Gather", cells=1), "cells", "at least 2", "1")


def test_a_heavier_box_is_heavier():
    model = Gather("Gather", box_mass=6.0).model
    np.testing.assert_allclose([model.body(f"box{n}").mass[0] for n in range(2)], 6.0)
