"""The figure of transfers: a number for each arm that was run in a setting, and curves beside."""

import numpy as np

from hierax.plotting.kl import draw_transfers

SUCCESS = {"easy": {"KL": 1.0, "none": 0.25}, "hard": {"KL": 0.5, "flat": 0.0}}
CURVE = {"label": "KL", "steps": [0, 10], "iqm": [0.0, 1.0], "low": [0, 1], "high": [0, 1]}


def test_every_arm_of_a_setting_has_its_number_and_no_other():
    figure = draw_transfers(SUCCESS, [{**CURVE, "seeds": [0, 1, 2]}], "sampled/success", "easy")
    table, curves = figure.axes
    found = {text.get_position(): text.get_text() for text in table.texts}
    assert found == {(0, 0): "1.00", (1, 0): "0.25", (0, 1): "0.50", (2, 1): "0.00"}
    assert [label.get_text() for label in table.get_xticklabels()] == ["KL", "none", "flat"]
    assert [label.get_text() for label in table.get_yticklabels()] == ["easy", "hard"]
    (line,) = curves.lines
    np.testing.assert_array_equal(line.get_ydata(), CURVE["iqm"])
    assert curves.get_title() == "easy"
