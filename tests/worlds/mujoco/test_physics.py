"""Physics: shortcuts do not change results, and any thread or process may call it."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mujoco
import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.mujoco import MujocoBatch, UnstableError
from hierax.worlds.mujoco.physics import SIGNATURE
from worlds.mujoco.toys import Slider

SPARED = mujoco.mjtDisableBit.mjDSBL_ISLAND | mujoco.mjtDisableBit.mjDSBL_MIDPHASE


@pytest.mark.parametrize("name", ["AntGoTo3-v0", "HumanoidWalk-v0", "AntMaze-v0", "AntPush-v0"])
def test_shortcuts_do_not_change_steps(name):
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
        row = batch.state.mjstate[0]
        mujoco.mj_setState(model, data, row, SIGNATURE)
        data.ctrl[:] = (low + high) / 2.0 + (high - low) / 2.0 * action[0]
        mujoco.mj_step(model, data, world.substeps)
        expected = np.empty_like(row)
        mujoco.mj_getState(model, data, expected, SIGNATURE)
        batch.step(action)
        np.testing.assert_array_equal(batch.state.mjstate[0], expected)


def test_a_world_can_have_no_sensors():
    class Blind(Slider):
        views = (Slider.views[0],)

        def compose(self):
            spec = super().compose()
            for sensor in list(spec.sensors):
                spec.delete(sensor)
            return spec

        def observe(self, data):
            return {"place": data.qpos}

    blind, seeing = MujocoBatch(Blind(), 2), MujocoBatch(Slider(), 2)
    blind.reset(0), seeing.reset(0)
    for action in np.random.default_rng(0).uniform(-1.0, 1.0, (30, 2, 1)):
        shown, expected = blind.step(action), seeing.step(action)
        np.testing.assert_array_equal(shown.observation["place"], expected.observation["place"])
        np.testing.assert_array_equal(shown.reward, expected.reward)


def test_many_threads_can_call_step_at_once():
    batch = make("AntGoTo3-v0").batch(4, threads=2)
    physics, _ = batch.physics, batch.reset(0)
    start = batch.state.mjstate, batch.state.sensordata
    control = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 4, 8))
    everyone = np.ones(4, bool)
    expected = [physics.step(*start, each, everyone)[0] for each in control]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: physics.step(*start, each, everyone)[0], control))
    np.testing.assert_array_equal(found, expected)


FORKED = """
import os, signal, sys
import numpy as np
from hierax.worlds import make
batch = make("BallGoTo3-v0").batch(4, threads=2)
batch.reset(0)
batch.step(np.ones((4, 2)))
saved = batch.save()
expected = batch.step(np.ones((4, 2)))
batch.restore(saved)
child = os.fork()
if child == 0:
    signal.alarm(50)
    found = batch.step(np.ones((4, 2)))
    os._exit(int((found.reward != expected.reward).any()))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked here")
def test_a_forked_process_can_step():
    done = subprocess.run([sys.executable, "-c", FORKED], timeout=60, check=False)
    assert done.returncode == 0


def test_threads_can_restart_after_a_fork_at_once(monkeypatch):
    batch = make("BallGoTo3-v0").batch(4, threads=2)
    batch.reset(0)
    physics, everyone = batch.physics, np.ones(4, bool)
    start = batch.state.mjstate, batch.state.sensordata
    expected = physics.step(*start, np.ones((4, 2)), everyone)[0]
    physics._process = -1  # as if forked
    with ThreadPoolExecutor(6) as pool:
        steps = [pool.submit(physics.step, *start, np.ones((4, 2)), everyone) for _ in range(12)]
        for step in steps:
            np.testing.assert_array_equal(step.result(timeout=50)[0], expected)


def test_the_error_can_be_pickled():
    error = UnstableError([1, 2])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.environments) == (str(error), [1, 2])
    assert "environment 1, 2" in str(again)
