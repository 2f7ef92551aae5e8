"""Times to peak, computed step by step."""

import numpy as np
import pytest

from hierax.planning.path_gradient.trajectory import PeakTracker


def track(curves, step_size=1.0):
    """Peaks of the growth of ``curves (R, S)``, seen one step at a time."""
    tracker = PeakTracker(curves.shape[1])
    for velocity in np.diff(curves, axis=0) / step_size:
        tracker.record(velocity)
    return tracker.peak(step_size)


def test_the_peak_of_a_cubic_is_exact():
    # The velocity of x² (3a - 2x) is a parabola with its vertex at a / 2, between the samples.
    time = np.arange(0, 6.01, 0.5)
    ends = np.array([4.3, 5.0, 3.77])
    curves = time[:, None] ** 2 * (3 * ends - 2 * time[:, None])
    peak, height = track(curves, 0.5)
    np.testing.assert_allclose(peak, ends / 2, atol=1e-12)
    middle = 6 * peak * (ends - peak)
    # A finite difference over η reads the mean of the parabola: less by η²/2 (x² has weight -6).
    np.testing.assert_allclose(height, middle - 0.5 * 0.5**2, atol=1e-12)


def test_a_sigmoid_is_found_between_samples():
    time = np.arange(0, 12, 0.02)
    middle = np.array([3.001, 5.4321, 8.0])
    curves = 1 / (1 + np.exp(-3 * (time[:, None] - middle)))
    np.testing.assert_allclose(track(curves, 0.02)[0], middle, atol=1e-4)


@pytest.mark.parametrize(("curve", "expected"), [([0, 3, 4, 4.5], 0.5), ([0, 1, 3, 6], 2.5)])
def test_a_peak_at_either_end_is_that_step(curve, expected):
    peak, _ = track(np.array(curve, dtype=float)[:, None])
    np.testing.assert_allclose(peak, expected)


def test_the_first_of_equal_peaks_counts():
    peak, _ = track(np.array([0, 1, 1.5, 2.5, 2.5])[:, None])
    np.testing.assert_allclose(peak, 0.5)


def test_one_step_is_enough():
    peak, height = track(np.array([[0.0], [2.0]]))
    np.testing.assert_allclose([*peak, *height], [0.5, 2.0])
