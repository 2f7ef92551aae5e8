"""Trainings with the options of agents without levels."""

import jax
import numpy as np
import pytest

import hierax
from agents.sparse_goals import Reach
from hierax.agents import SAC, TD3

pytestmark = pytest.mark.slow


def test_goals_of_hindsight_teach_what_a_sparse_reward_does_not():
    world = Reach()
    reached = {}
    for hindsight in (0.0, 0.8):
        agent = SAC(
            world.spec, hidden_sizes=(64, 64), batch_size=128, learning_rate=1e-3, tau=0.02,
            discount=0.95, temperature=0.01, learning_starts=500, updates_per_step=0.5,
            buffer_size=20_000, hindsight=hindsight,
        )  # fmt: skip
        trained = hierax.train(agent, world, 4_000, seeds=2, progress=False, episodes=60)
        reached[hindsight] = trained.summary["success_rate"]
    # Measured: 1.0 and 0.04; without hindsight 12,000 steps are needed.
    assert reached[0.8] > 0.9
    assert reached[0.0] < 0.3


@pytest.mark.parametrize(
    ("kind", "options", "driver"),
    [
        (TD3, {"control_interval": 4, "noise_interval": 10, "hindsight": 0.5}, "host"),
        (SAC, {"n_step": 5, "random_action_interval": (1, 10), "hindsight": 0.5}, "scan"),
    ],
)
def test_runs_that_hold_something_resume_bit_for_bit(tmp_path, kind, options, driver):
    world = Reach()
    agent = kind(
        world.spec, hidden_sizes=(16,), batch_size=32, learning_starts=300, updates_per_step=0.1,
        buffer_size=3_000, random_actions=500, random_action_probability=0.2, **options,
    )  # fmt: skip

    def trained(name, steps):
        given = {"driver": driver, "environments": 4, "episodes": 2, "progress": False}
        intervals = {"evaluate_every": 600, "checkpoint_every": 600}
        return hierax.train(agent, world, steps, run=tmp_path / name, **given, **intervals)

    whole = trained("whole", 1_200)
    trained("parts", 600)
    parts = trained("parts", 1_200)
    for one, other in zip(*map(jax.tree.leaves, (whole.states, parts.states)), strict=True):
        if jax.dtypes.issubdtype(one.dtype, jax.dtypes.prng_key):
            one, other = jax.random.key_data(one), jax.random.key_data(other)
        np.testing.assert_array_equal(one, other)
    assert hierax.load(tmp_path / "whole", world=world).agent == agent
