"""Sums over a stretch, and the means that are logged."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.training.report import Report
from hierax.worlds.world import Timestep


def timestep(returns, lengths, successes, terminated, truncated):
    length = np.array(lengths, np.int32)
    return Timestep(
        observation={},
        reward=np.zeros(len(length), np.float32),
        terminated=np.array(terminated, bool),
        truncated=np.array(truncated, bool),
        success=np.array(successes, bool),
        is_step=length > 0,
        episode_return=np.array(returns, np.float32),
        episode_length=length,
    )


def test_nothing_happened():
    report = Report.empty(("loss",))
    assert report.means(True) == {}


def test_means_are_over_updates_and_over_episodes_that_ended():
    report = Report.empty(("loss", "size"))
    report = report.with_update({"size": 4.0, "loss": 1.0}).with_update({"size": 6.0, "loss": 2.0})
    report = report.with_timestep(timestep([1, 2, 3], [1, 2, 3], [0, 1, 1], [0, 1, 0], [0, 0, 1]))
    report = report.with_timestep(timestep([9, 9, 9], [9, 9, 9], [1, 1, 1], [0, 0, 0], [0, 0, 0]))
    report = report.with_timestep(timestep([4, 0, 0], [5, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]))
    expected = {"loss": 1.5, "size": 5.0, "training/return": 3.0, "training/length": 10 / 3}
    assert report.means(False) == pytest.approx(expected)
    assert report.means(True) == pytest.approx({**expected, "training/success": 2 / 3})
    assert (int(report.updates), int(report.ended)) == (2, 3)


def test_a_report_is_a_carry_of_a_loop():
    row = timestep([1, 2], [1, 2], [0, 1], [0, 1], [0, 0])

    def step(report, _):
        return report.with_timestep(row).with_update({"loss": jnp.float32(2)}), None

    report, _ = jax.jit(lambda start: jax.lax.scan(step, start, None, 5))(Report.empty(("loss",)))
    assert report.means(False) == {"loss": 2, "training/return": 2, "training/length": 2}


def test_stretches_add_up():
    one = Report.empty(("loss",)).with_update({"loss": 1.0})
    two = one.with_update({"loss": 4.0})
    assert jax.tree.map(jnp.add, one, two).means(False) == {"loss": 2.0}
