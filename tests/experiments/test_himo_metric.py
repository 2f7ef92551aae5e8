"""Coupling of states in both metrics: its parts on known matrices, and its verdict."""

import numpy as np
import pytest

from hierax.experiments import himo_metric
from hierax.experiments.himo_metric import (
    METRICS,
    STARTS,
    _couplings,
    _flow,
    _hanoi_coupling,
    _moved,
    _random_model,
    _share,
    _verdict,
)
from hierax.worlds import tower_of_hanoi

WORLD = tower_of_hanoi(3, discount=0.9)


@pytest.mark.parametrize("seed", range(12))
def test_random_models_are_models_with_an_interior_policy(seed):
    model, policy = _random_model(seed)
    available = np.asarray(model.available)
    assert 3 <= model.states <= 11
    assert 2 <= model.actions <= 5
    assert available.any(axis=1).all()
    np.testing.assert_allclose(model.transition.sum(axis=2), available)
    assert 0.1 <= model.discount <= 0.99
    np.testing.assert_allclose(policy.sum(axis=1), 1)
    np.testing.assert_array_equal(policy > 0, available)
    assert (model.transition[available] == 0).any() == bool(seed % 2)  # half of them are sparse
    again, _ = _random_model(seed)
    np.testing.assert_array_equal(again.transition, model.transition)


@pytest.mark.parametrize("seed", range(4))
def test_only_the_metric_of_visits_couples_states(seed):
    coupling = _couplings(*_random_model(seed))
    assert coupling["literal_minus_advantage"] < 1e-9
    assert coupling["path_cross_state"] < 1e-12
    assert coupling["occupancy_cross_state"] > 1e-3


def test_the_share_of_cross_state_entries():
    across = np.array([[False, True], [True, False]])
    assert _share(np.array([[3.0, 2.0], [2.0, 8.0]]), across) == pytest.approx((8 / 81) ** 0.5)
    assert _share(np.eye(2), across) == 0
    assert _share(np.zeros((2, 2)), across) == 0


def test_the_coupling_on_hanoi_is_that_of_the_specification():
    coupling = _hanoi_coupling(WORLD)
    assert coupling["path_cross_state"] < 1e-12
    assert coupling["occupancy_cross_state"] == pytest.approx(0.36, abs=0.005)


def test_only_the_metric_of_visits_depends_on_the_start(monkeypatch):
    monkeypatch.setattr(himo_metric, "FLOW_TIME", 20.0)
    flows = [_flow(WORLD, metric, start, "smoke") for metric in METRICS for start in STARTS]
    assert _moved(flows, "path") < 1e-9
    assert _moved(flows, "occupancy") > 0.05
    orders = [row["order_on_path"] for row in flows if row["metric"] == "occupancy"]
    assert orders == ["222 022 012 112 110 210 200 000", "222 022 012 110 112 210 200 000"]
    assert all(0.9 < row["value_ratio"] < 1 + 1e-9 for row in flows)


def test_the_largest_change_is_relative_and_ignores_states_without_a_peak():
    first, second = np.array([1.0, 4.0, np.nan]), np.array([1.5, 1.0, 2.0])
    rows = [{"metric": "path", "time_to_peak": times} for times in (first, second)]
    other = {"metric": "occupancy", "time_to_peak": np.full(3, 99.0)}
    assert _moved([rows[0], other, rows[1]], "path") == 0.75


@pytest.mark.parametrize(("largest", "holds"), [(1e-16, False), (0.1, True)])
def test_the_verdict_is_that_of_the_most_coupled_model(largest, holds):
    couplings = [
        {"literal_minus_advantage": 0.0, "path_cross_state": path, "occupancy_cross_state": visits}
        for path, visits in ((0.0, 0.5), (largest, 0.3), (0.0, 0.1))
    ]
    flows = [{"metric": metric, "time_to_peak": np.ones(2)} for metric in METRICS for _ in STARTS]
    judged = _verdict(couplings, {}, flows)
    assert (judged.claim, judged.holds) == ("H8", holds)
    assert judged.numbers["largest_path_cross_state"] == largest
    assert judged.numbers["median_occupancy_cross_state"] == 0.3
