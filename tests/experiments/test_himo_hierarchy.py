"""Predictors of the time to peak, on models with known values."""

import numpy as np
import pytest

from hierax.experiments import himo_hierarchy
from hierax.experiments.himo_hierarchy import (
    PREDICTORS,
    _action_gap,
    _betweenness,
    _correlations,
    _goal_average,
    _measures,
)
from hierax.planning import himo
from hierax.worlds import GridWorld, tower_of_hanoi


def test_the_action_gap_of_three_states():
    # V* = 1/2, 1, 2. Losses: waiting 1/4 | waiting 1/2, going back 3/4 | leaving the goal 3/2.
    world = GridWorld.from_text("S.G", discount=0.5)
    np.testing.assert_allclose(_action_gap(world), [0.25, 0.625, 1.5])


def test_the_betweenness_of_a_path():
    # Of the 12 ordered pairs of other states, those whose path leads through a state.
    expected = np.array([0, 6, 8, 6, 0]) / 12
    np.testing.assert_allclose(_betweenness(GridWorld.from_text("S...G")), expected)


def test_the_average_over_goals_is_the_mean_of_single_runs(monkeypatch):
    monkeypatch.setattr(himo_hierarchy, "GOAL_AVERAGE_STEP", 0.1)
    monkeypatch.setattr(himo_hierarchy, "GOAL_AVERAGE_ITERATIONS", 80)
    world = GridWorld.from_text("S.G", discount=0.8)
    times = [
        himo(world.with_goal(goal).mdp, step_size=0.1, iterations=80).time_to_peak
        for goal in range(3)
    ]
    np.testing.assert_allclose(_goal_average(world), np.mean(times, axis=0), rtol=1e-9)


def test_a_goal_that_is_out_of_time_is_no_average(monkeypatch):
    monkeypatch.setattr(himo_hierarchy, "GOAL_AVERAGE_ITERATIONS", 5)
    with pytest.raises(RuntimeError, match=r"goal 0 of .* has not converged after 5 iterations"):
        _goal_average(tower_of_hanoi(2))


def test_correlations_are_those_of_ranks():
    target = np.array([1.0, 2.0, 3.0, 4.0])
    measures = {"t": target, "action_gap": -(target**3), "distance": np.exp(target)}
    measures["betweenness"] = np.array([2.0, 1.0, 4.0, 3.0])
    correlations = _correlations(measures, "t")
    assert tuple(correlations) == PREDICTORS
    np.testing.assert_allclose(list(correlations.values()), [-1, 1, 0.6])


@pytest.mark.parametrize(("foresight", "has_average"), [(0.9, False), (0.97, True)])
def test_goals_are_averaged_with_enough_foresight_alone(monkeypatch, foresight, has_average):
    monkeypatch.setattr(himo_hierarchy, "_goal_average", lambda _: np.zeros(3))
    measures = _measures(tower_of_hanoi(1, discount=foresight), foresight, "smoke")
    assert ("goal_averaged_time_to_peak" in measures) is has_average
    assert {"time_to_peak", *PREDICTORS} <= set(measures)
