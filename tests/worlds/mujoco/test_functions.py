"""Observations and rewards are functions of arrays, of NumPy or traced by JAX."""

import re

import jax
import numpy as np
import pytest

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make
from worlds.mujoco.acted import data_of

ROUNDING = 1e-12
NAMES = [name for name in worlds_of(MUJOCO) if "Vision" not in name]


def one_of_each_task():
    """Return a world for each task and maze; bodies take turns."""
    tasks = {}
    for name in NAMES:
        if "Multi" not in name:
            tasks.setdefault(re.sub("Ball|Ant|Quadruped|Point", "", name, count=1), []).append(name)
    return [names[number % len(names)] for number, names in enumerate(tasks.values())]


FAST = one_of_each_task()


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_observation_and_reward_are_the_same_inside_jit(name):
    world = make(name)
    batch = world.batch(2, 1)
    batch.reset(0)
    before = data_of(batch)
    action = np.random.default_rng(0).uniform(-1.0, 1.0, (2, *world.spec.action.shape))
    batch.step(action)
    after = data_of(batch, 1, action)._replace(task_state=before.task_state)

    def evaluate(before, after):
        return dict(world.observe(after)), world.reward_and_termination(before, after)

    def check(inside, outside):
        assert inside.dtype == outside.dtype
        np.testing.assert_allclose(inside, outside, ROUNDING, ROUNDING)

    jax.tree.map(check, jax.jit(evaluate)(before, after), evaluate(before, after))
