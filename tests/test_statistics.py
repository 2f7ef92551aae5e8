"""Intervals over splits and seeds."""

import numpy as np
import pytest

from hierax.statistics import interval, iqm_curve, over_rows


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    samples = rng.normal(3.0, 2.0, size=(300, 20))
    found = [interval(sample) for sample in samples]
    covered = np.mean([row["low"] <= 3.0 <= row["high"] for row in found])
    assert 0.88 <= covered <= 0.97  # the percentile bootstrap of 20 is a little narrow


def test_mean_and_interquartile_mean():
    row = interval([0.0, 1.0, 2.0, 3.0, 100.0, 2.0, 1.0, 3.0])
    assert row["mean"] == 14.0
    assert row["iqm"] == 2.0  # of 1, 2, 2, 3: the two lowest and the two highest are left out
    assert row["low"] < row["mean"] < row["high"]


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0, 4.0]])
def test_where_nothing_varies_the_interval_is_a_point(values):
    assert set(interval(values).values()) == {4.0}


def test_the_same_numbers_have_the_same_interval():
    assert interval([1.0, 2.0, 4.0]) == interval([1.0, 2.0, 4.0])


def test_what_was_never_reached_has_no_mean():
    assert interval([1.0, np.nan]) == dict.fromkeys(("mean", "iqm", "low", "high"))
    table = over_rows([{"k": 3, "never": None}, {"k": 5, "never": 2}])
    assert table["k"]["mean"] == 4.0
    assert table["never"]["mean"] is None


def test_a_curve_has_its_interquartile_mean_at_each_time():
    curves = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [50.0, 1.0]])
    found = iqm_curve(curves)
    np.testing.assert_array_equal(found["iqm"], [1.5, 1.0])
    assert found["low"][0] < 1.5 < found["high"][0]
    assert found["low"][1] == found["high"][1] == 1.0


def test_the_interval_of_a_curve_covers_as_often_as_it_says():
    curves = np.random.default_rng(2).normal(size=(20, 300))
    found = iqm_curve(curves)
    covered = np.mean((found["low"] <= 0.0) & (found["high"] >= 0.0))
    assert 0.88 <= covered <= 0.98


def test_a_curve_of_one_seed_has_no_width():
    found = iqm_curve(np.array([[1.0, 5.0]]))
    assert {tuple(values) for values in found.values()} == {(1.0, 5.0)}
