"""The figures of the option gradient are drawn from plain tables, on every canvas."""

import numpy as np
import pytest
from matplotlib.image import imread

from hierax.plotting import OptionTables, draw_options, model_canvas, world_canvas
from hierax.plotting.option_gradient import LIBRARIES, draw_costs
from hierax.worlds import four_rooms, tower_of_hanoi


def tables(states, options=3):
    rng = np.random.default_rng(0)
    choice = rng.integers(2, size=(options, states))
    successor = rng.integers(states, size=(options, states))
    return OptionTables(choice, successor, rng.random((options, states)))


@pytest.mark.parametrize("task", [True, False])
@pytest.mark.parametrize("world", [four_rooms(), tower_of_hanoi(2)], ids=str)
def test_options_on_a_world(world, task, tmp_path):
    curve = {"mean": np.linspace(0, 1, 9), "low": np.zeros(9), "high": np.ones(9)}
    maps = {"one": dict.fromkeys(LIBRARIES, curve), "other": {"learned": {"mean": [0.1, 0.4]}}}
    figure = draw_options(tables(world.mdp.states), maps, world_canvas(world, task), "a title")
    figure.savefig(tmp_path / "figure.png")
    assert imread(tmp_path / "figure.png").shape[0] > 500
    lines = figure.axes[0].get_lines()
    assert len(lines) == len(LIBRARIES) + 3  # and three levels
    labels = [text.get_text() for box in figure.subfigs[1].legends for text in box.get_texts()]
    assert ("start" in labels) is task


def test_options_of_a_bare_model(tmp_path):
    mdp = tower_of_hanoi(2).mdp
    canvas = model_canvas(mdp)
    draw_options(tables(mdp.states, 1), {"one": {"primitives": {"mean": [0.0, 1.0]}}}, canvas)


def test_costs_by_number_of_sweeps(tmp_path):
    measured = {"kibibytes": 3.0, "relative_error": 1e-3, "milliseconds": 2.0}
    rows = [{"method": "swept", "sweeps": n, **measured} for n in (10, 20)]
    rows.append({"method": "solved", "sweeps": None, **measured})
    draw_costs(rows, tmp_path / "figure.png")
    picture = imread(tmp_path / "figure.png")
    assert picture[..., :3].std() > 0.02
