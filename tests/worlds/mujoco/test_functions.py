"""Observations and rewards are functions of arrays, of NumPy or traced by JAX."""

import jax
import numpy as np
import pytest

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make
from worlds.mujoco.acted import data_of

ROUNDING = 1e-12
NAMES = [name for name in worlds_of(MUJOCO) if "Vision" not in name]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", NAMES)
def test_observation_and_reward_are_the_same_inside_jit(name):
    world = make(name)
    batch = world.batch(2, 1)
    batch.reset(0)
    before = data_of(batch)
    action = np.random.default_rng(0).uniform(-1.0, 1.0, (2, *world.spec.action.shape))
    batch.step(action)
    now = data_of(batch, 1, action)

    def evaluate(before, now):
        return world.observe(now), world.reward_and_termination(before, now)

    def check(inside, outside):
        np.testing.assert_allclose(inside, outside, ROUNDING, ROUNDING)

    jax.tree.map(check, jax.jit(evaluate)(before, now), evaluate(before, now))
