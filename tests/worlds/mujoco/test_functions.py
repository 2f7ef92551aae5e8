"""What worlds see and pay is one function of arrays, of NumPy or traced by JAX."""

import jax
import numpy as np
import pytest

from hierax.worlds import make
from hierax.worlds.mujoco.catalogue import ENTRIES
from worlds.mujoco.acted import readings

ROUNDING = 1e-12
NAMES = [name for name in ENTRIES if "Vision" not in name]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", NAMES)
def test_a_world_sees_and_pays_the_same_inside_jit(name):
    world = make(name)
    batch = world.batch(2, 1)
    batch.reset(0)
    before = readings(batch)
    action = np.random.default_rng(0).uniform(-1.0, 1.0, (2, *world.spec.action.shape))
    batch.step(action)
    now = readings(batch, 1, action)

    def seen_and_paid(before, now):
        return world.observe(now), world.judge(before, now)

    def check(inside, outside):
        np.testing.assert_allclose(inside, outside, ROUNDING, ROUNDING)

    jax.tree.map(check, jax.jit(seen_and_paid)(before, now), seen_and_paid(before, now))
