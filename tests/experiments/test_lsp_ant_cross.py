"""The ant's cross as an experiment: what its controls are paid, and who its arms are."""

import numpy as np
import pytest

from hierax.agents import Level
from hierax.experiments.lsp_ant_cross import BUDGETS, INTERVAL, SETTINGS, TWO_LEVELS, PaidMore, arms
from worlds.mujoco.acted import moved, positions, teleport, wait


@pytest.mark.parametrize(("speed", "closer"), [(0.0, 0.0), (0.001, 0.0), (0.0, 0.1)])
def test_controls_are_paid_for_speed_or_for_each_metre_closer(speed, closer):
    world = PaidMore("AntCross-v0", speed=speed, closer=closer)
    batch = world.batch(1, 1)
    batch.reset(0)
    goal, speeds = np.array(world.goal), np.zeros(world.model.nv)
    speeds[:2] = 1.0, 2.0
    teleport(batch, moved(positions(batch), [4.5, 0.0]), speeds)
    before = batch.now.physics.sensors[0, world.columns("torso.x", "torso.y")]
    reward = wait(batch).reward[0]
    after = batch.now.physics.sensors[0, world.columns("torso.x", "torso.y")]
    came = np.linalg.norm(before - goal) - np.linalg.norm(after - goal)
    data = batch.engine.show(batch.now.physics.rows[0])
    pace = data.sensor("pace").data[:2]
    assert came > 0.02
    assert np.linalg.norm(pace) > 0.5
    np.testing.assert_allclose(reward, speed * np.linalg.norm(pace) + closer * came, rtol=1e-5)


def test_the_arms_are_the_papers_and_those_of_each_budget_exist():
    lower = Level(views=("proprioception",), temperature=0.1)
    found = arms(lower, 1_000, SETTINGS["paper"])
    upper = found[TWO_LEVELS].agent.levels[1]
    assert (upper.control_interval, upper.noise) == (INTERVAL, "episode") == (3, "episode")
    assert [arm.with_skill for arm in found.values()].count(True) == 2
    assert {arm.world.spec.name for arm in found.values()} == {"AntCross-v0"}
    for budget in BUDGETS.values():
        assert set(budget.only or ()) <= set(found)
