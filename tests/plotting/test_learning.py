"""Learning curves."""

import numpy as np

from hierax.plotting import draw_learning


def curve(label, seeds):
    values = {"iqm": [1, 2, 3], "low": [0, 1, 2], "high": [2, 3, 5]}
    return {"label": label, "seeds": seeds, "steps": [1000, 2000, 3000], **values}


def test_curves_have_a_line_and_those_of_several_seeds_an_interval():
    figure = draw_learning([curve("sac", [0]), curve("td3", [0, 1])], "deterministic/return", "W")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.get_lines()] == ["sac (1 seed)", "td3 (2 seeds)"]
    (band,) = axes.collections
    low, high = band.get_paths()[0].get_extents().get_points()[:, 1]
    assert (low, high) == (0, 5)
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), [1, 2, 3])
    assert (axes.get_title(), axes.get_ylabel()) == ("W", "deterministic/return")
    assert axes.get_xlabel() == "environment steps"


def test_steps_are_written_short(tmp_path):
    figure = draw_learning([curve("sac", [0])], "m")
    figure.savefig(tmp_path / "curves.png")
    texts = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert "2k" in texts


def test_intervals_of_many_curves_are_bars_beside_each_other():
    figure = draw_learning([curve(name, [0, 1]) for name in "abcd"], "m")
    bars = [np.array(each.get_segments()) for each in figure.axes[0].collections]
    assert len(bars) == 4
    for each in bars:
        np.testing.assert_array_equal(each[:, :, 1], [[0, 2], [1, 3], [2, 5]])
    places = np.array([each[0, 0, 0] for each in bars])
    assert (np.diff(places) > 0).all()
    assert (abs(places - 1000) < 500).all()
