"""The ant's cross as an experiment: rewards of its baselines, and its arms."""

import numpy as np
import pytest

from hierax.agents import Level
from hierax.experiments.lsp_ant_cross import (
    BUDGETS,
    INTERVAL,
    SETTINGS,
    TWO_LEVELS,
    DenseAntCross,
    arms,
)
from hierax.worlds.mujoco.tasks.speed import COM_VELOCITY
from worlds.mujoco.acted import moved, positions, teleport, wait


@pytest.mark.parametrize(("speed", "closer"), [(0.0, 0.0), (0.001, 0.0), (0.0, 0.1)])
def test_baselines_are_rewarded_for_speed_or_for_progress(speed, closer):
    world = DenseAntCross("AntCross-v0", speed=speed, closer=closer)
    batch = world.batch(1, 1)
    batch.reset(0)
    goal, speeds = np.array(world.goal), np.zeros(world.model.nv)
    speeds[:2] = 1.0, 2.0
    teleport(batch, moved(positions(batch), [4.5, 0.0]), speeds)
    before = batch.state.sensordata[0, world.sensor_columns("torso.x", "torso.y")]
    reward = wait(batch).reward[0]
    after = batch.state.sensordata[0, world.sensor_columns("torso.x", "torso.y")]
    came = np.linalg.norm(before - goal) - np.linalg.norm(after - goal)
    data = batch.physics.to_mjdata(batch.state.mjstate[0])
    velocity = data.sensor(COM_VELOCITY).data[:2]
    assert came > 0.02
    assert np.linalg.norm(velocity) > 0.5
    np.testing.assert_allclose(reward, speed * np.linalg.norm(velocity) + closer * came, rtol=1e-5)


def test_the_arms_are_the_papers_and_those_of_each_budget_exist():
    lower = Level(views=("proprioception",), temperature=0.1)
    found = arms(lower, 1_000, SETTINGS["paper"])
    upper = found[TWO_LEVELS].agent.levels[1]
    assert (upper.control_interval, upper.noise) == (INTERVAL, "episode") == (3, "episode")
    assert [arm.with_skill for arm in found.values()].count(True) == 2
    assert {arm.world.spec.name for arm in found.values()} == {"AntCross-v0"}
    for budget in BUDGETS.values():
        assert set(budget.only or ()) <= set(found)
