"""What the engine leaves out to be quick changes nothing."""

import mujoco
import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.mujoco import MujocoBatch
from hierax.worlds.mujoco.engine import ROW
from worlds.mujoco.toys import Slider

SPARED = mujoco.mjtDisableBit.mjDSBL_ISLAND | mujoco.mjtDisableBit.mjDSBL_MIDPHASE


@pytest.mark.parametrize("name", ["AntGoTo3-v0", "HumanoidWalk-v0", "AntMaze-v0", "AntPush-v0"])
def test_steps_are_those_of_physics_that_spares_nothing(name):
    world = make(name)
    batch = MujocoBatch(world, 2)
    batch.reset(0)
    assert world.model.opt.disableflags & SPARED
    model = world.compose().compile()
    model.opt.timestep = world.timestep
    model.opt.disableflags &= ~SPARED
    data = mujoco.MjData(model)
    low, high = model.actuator_ctrlrange.T
    for action in np.random.default_rng(0).uniform(-1.0, 1.0, (30, 2, model.nu)):
        row = batch.now.physics.rows[0]
        mujoco.mj_setState(model, data, row, ROW)
        data.ctrl[:] = (low + high) / 2.0 + (high - low) / 2.0 * action[0]
        mujoco.mj_step(model, data, world.substeps)
        expected = np.empty_like(row)
        mujoco.mj_getState(model, data, expected, ROW)
        batch.step(action)
        np.testing.assert_array_equal(batch.now.physics.rows[0], expected)


def test_a_world_may_do_without_sensors():
    class Blind(Slider):
        views = (Slider.views[0],)

        def compose(self):
            spec = super().compose()
            for sensor in list(spec.sensors):
                spec.delete(sensor)
            return spec

        def observe(self, now):
            return {"place": now.qpos}

    blind, seeing = MujocoBatch(Blind(), 2), MujocoBatch(Slider(), 2)
    blind.reset(0), seeing.reset(0)
    for action in np.random.default_rng(0).uniform(-1.0, 1.0, (30, 2, 1)):
        shown, expected = blind.step(action), seeing.step(action)
        np.testing.assert_array_equal(shown.observation["place"], expected.observation["place"])
        np.testing.assert_array_equal(shown.reward, expected.reward)
