"""Worlds with physics in MJX, compared with the same worlds on the host."""

import functools
import sys

import jax
import mujoco
import numpy as np
import pytest

from hierax.worlds import FunctionalBatch, make
from hierax.worlds.mujoco.mjx import MjxWorld
from refusals import refuses

COUNT, BEGINNINGS, LIMIT, SEED = 4, 8, 3, 5


def test_the_error_without_mujoco_mjx_says_how_to_install_it(monkeypatch):
    monkeypatch.delattr(mujoco, "mjx", raising=False)
    monkeypatch.setitem(sys.modules, "mujoco.mjx", None)
    with pytest.raises(ImportError, match=r"mujoco-mjx is not installed; .* 'hierax\[gpu\]'"):
        MjxWorld(make("BallGoTo3-v0"))


def test_vision_is_refused():
    refuses(lambda: MjxWorld(make("BallGoTo3Vision-v0")), "'vision'", "BallGoTo3Vision-v0")


@pytest.mark.parametrize("options", [{"initial_states": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(options):
    ((name, value),) = options.items()
    refuses(lambda: MjxWorld(make("BallGoTo3-v0"), **options), name, ">= ", str(value))


@pytest.fixture(scope="module")
def world():
    """Return a world on the host without the ``noslip`` iterations, which MJX does not have."""
    pytest.importorskip("mujoco.mjx", reason="mujoco-mjx is not installed")
    made = make("BallGoTo3-v0", episode_limit=LIMIT)
    made.model.opt.noslip_iterations = 0
    return made


@pytest.mark.slow
def test_an_unsupported_model_is_refused(world):
    call = functools.partial(MjxWorld, make("BallPushMid-v0"))
    refuses(call, "BallPushMid-v0", "MJX", "CYLINDER", "BOX")


@pytest.mark.slow
def test_initial_states_are_those_of_the_host(world):
    functional, shown = MjxWorld(world, BEGINNINGS, SEED), world.batch(BEGINNINGS, 1).reset(SEED)
    reset = jax.jit(functional.reset)
    found = set()
    for key in range(20):
        begun = reset(jax.random.key(key))[1].observation
        same = np.all(begun["targets"] == shown.observation["targets"], axis=1)
        assert same.sum() == 1
        found.add(number := int(same.argmax()))
        felt = shown.observation["proprioception"][number]
        np.testing.assert_allclose(begun["proprioception"], felt, 1e-6)
    assert len(found) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["BallGoTo3-v0", "AntGather-v0", "PointBlock-v0", "SwimmerSpeed-v0"]
)
def test_a_step_keeps_shapes_and_dtypes(world, name):
    batch = FunctionalBatch(MjxWorld(make(name), BEGINNINGS), COUNT)
    state = jax.eval_shape(batch.reset, jax.random.key(0))
    action = np.zeros((COUNT, *batch.world.spec.action.shape), np.float32)
    assert jax.eval_shape(batch.step, state, action, jax.random.key(0)) == state


@pytest.mark.slow
@pytest.mark.usefixtures("x64")  # in 32 bits speeds differ by up to .05
def test_steps_and_new_episodes_are_those_of_the_host(world):
    batch, host = FunctionalBatch(MjxWorld(world, BEGINNINGS, SEED), COUNT), world.batch(COUNT, 1)
    host.reset(0)
    step, random = jax.jit(batch.step), np.random.default_rng(0)
    state = jax.jit(batch.reset)(jax.random.key(0))
    for number in range(LIMIT):
        action = random.uniform(-1.0, 1.0, (COUNT, 2))
        host.set_state(*jax.tree.map(np.array, tuple(state)))
        there = host.step(action)
        state = step(state, action, jax.random.key(number))
        # Rounding decides if a ball touches the floor at a distance of 0, where episodes begin.
        if number > 0:
            places, speeds = slice(1, 6), slice(6, 11)
            ours, theirs = state.states, host.state
            assert_close(ours.mjstate[:, places], theirs.mjstate[:, places], 1e-4)
            assert_close(ours.mjstate[:, speeds], theirs.mjstate[:, speeds], 1e-3)
            assert_close(ours.sensordata, theirs.sensordata, 1e-3)
            jax.tree.map(
                lambda ours, theirs: assert_close(ours, theirs, 1e-3), state.timestep, there
            )
    assert state.timestep.truncated.all()
    begun = step(state, action, jax.random.key(LIMIT))
    assert not begun.timestep.is_step.any()
    assert not begun.states.steps.any()


def assert_close(ours, theirs, tolerance):
    np.testing.assert_allclose(ours, theirs, tolerance, tolerance)
