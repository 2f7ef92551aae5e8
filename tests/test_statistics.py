"""Intervals over splits and seeds."""

import numpy as np
import pytest
import scipy.stats

from hierax.statistics import POSITIVE, UNIT, interval, iqm_interval, over_rows

REPETITIONS = 20_000
GAMMA = scipy.stats.gamma(2)
RATE = scipy.stats.betabinom(20, 8, 2)
"""Number of successes in 20 episodes; the success rate of a seed is from Beta(8, 2)."""


def _iqm_of_gamma() -> float:
    return 2.0 * GAMMA.expect(lb=GAMMA.ppf(0.25), ub=GAMMA.ppf(0.75))


def _iqm_of_rate() -> float:
    ends = np.concatenate([[0.0], RATE.cdf(np.arange(21))])
    inside = np.minimum(ends[1:], 0.75) - np.maximum(ends[:-1], 0.25)
    return float(2.0 * (np.clip(inside, 0.0, None) * np.arange(21)).sum() / 20)


def _rates(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.binomial(20, rng.beta(8, 2, size=shape)) / 20


KINDS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), lambda: 0.0, None),
    "gamma": (lambda rng, shape: rng.gamma(2, size=shape), _iqm_of_gamma, POSITIVE),
    "success rate": (_rates, _iqm_of_rate, UNIT),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [3, 5, 10, 20])
def test_the_interval_covers_the_interquartile_mean_as_often_as_it_says(kind, seeds):
    draw, exact, bounds = KINDS[kind]
    found = iqm_interval(draw(np.random.default_rng(1), (seeds, REPETITIONS)), bounds)
    covered = np.mean((found["low"] <= exact()) & (exact() <= found["high"]))
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.98, 1.0])
@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 10, 30])
def test_seeds_that_agree_do_not_hide_other_scores(rate, seeds):
    # Each seed has score 1 with this probability, or else 0. Intervals of the cases in which all
    # seeds agree miss the average in at most 5 % of all cases.
    scores = np.random.default_rng(3).binomial(1, rate, size=(seeds, REPETITIONS)).astype(float)
    scores = scores[:, np.ptp(scores, axis=0) == 0]
    found = iqm_interval(scores, UNIT)
    for exact in (rate, min(max(2.0 * (rate - 0.25), 0.0), 1.0)):
        missed = (found["low"] > exact) | (exact > found["high"])
        assert missed.sum() <= 0.05 * REPETITIONS
    assert (found["high"] > found["low"]).all()


def test_the_bound_of_seeds_that_agree_comes_from_the_range():
    found = interval([1.0] * 5, UNIT)
    assert found["high"] == 1.0
    assert found["low"] == pytest.approx(1.0 - 2.0 * (0.75 - 0.025**0.2))
    inside = interval([6.0] * 5, (0.0, 10.0))
    share = 1.0 - found["low"]
    assert inside["low"] == pytest.approx(6.0 - share * 6.0)
    assert inside["high"] == pytest.approx(6.0 + share * 4.0)


def test_an_interval_does_not_leave_the_range():
    found = interval([1.0, 0.9, 1.0, 0.2, 1.0], UNIT)
    assert found["low"] < 0.5
    assert found["high"] == 1.0


def test_mean_and_interquartile_mean():
    row = interval([0.0, 1.0, 2.0, 3.0, 100.0, 2.0, 1.0, 3.0])
    assert row["mean"] == 14.0
    assert row["iqm"] == 2.0  # of 1, 2, 2, 3: the two lowest and the two highest are left out
    assert row["low"] < row["iqm"] < row["high"]


def test_the_interval_of_three_normal_seeds_is_that_of_student():
    values = np.array([1.0, 2.0, 4.0])
    found = interval(values)
    exact = scipy.stats.ttest_1samp(values, 0.0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high))
    assert found["values"] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0, 4.0]])
def test_where_nothing_varies_and_no_range_is_known_the_interval_is_a_point(values):
    found = interval(values)
    assert {found[name] for name in ("mean", "iqm", "low", "high")} == {4.0}


def test_what_was_never_reached_has_no_mean():
    row = interval([1.0, np.nan])
    assert {row[name] for name in ("mean", "iqm", "low", "high")} == {None}
    table = over_rows([{"k": 3, "never": None}, {"k": 5, "never": 2}], {}.get)
    assert table["k"]["mean"] == 4.0
    assert table["never"]["mean"] is None


def test_measurements_have_their_own_ranges():
    table = over_rows([{"rate": 1.0, "steps": 1.0}] * 4, {"rate": UNIT}.get)
    assert table["rate"]["low"] < 1.0 == table["steps"]["low"]


def test_a_curve_has_its_interquartile_mean_at_each_time():
    curves = np.array([[0.0, 1.0, np.nan], [1.0, 1.0, 0.0], [2.0, 1.0, 0.0], [50.0, 1.0, 0.0]])
    found = iqm_interval(curves)
    np.testing.assert_array_equal(found["iqm"], [1.5, 1.0, np.nan])
    assert found["low"][0] < 1.5 < found["high"][0]
    assert found["low"][1] == found["high"][1] == 1.0
    assert np.isnan([found["low"][2], found["high"][2]]).all()


def test_a_curve_of_one_seed_has_no_width():
    found = iqm_interval(np.array([[1.0, 5.0]]))
    assert {tuple(values) for values in found.values()} == {(1.0, 5.0)}
