"""The figures of HIMO are drawn from plain curves and tables."""

import functools

import numpy as np
import pytest
from matplotlib.image import imread

from hierax.experiments.himo_claims import drawn_curves
from hierax.plotting.himo import hierarchy_figure, metric_figure, six_panels
from hierax.to_json import to_json
from hierax.worlds import four_rooms, tower_of_hanoi, wormhole_rooms

WORLDS = {
    "hanoi": tower_of_hanoi(2),
    "rooms": four_rooms(size=8),
    "wormhole": wormhole_rooms(),
}


@functools.cache
def curves_of(name):
    return to_json(drawn_curves(WORLDS[name], "smoke"))


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("normalised", [True, False])
def test_six_panels_from_what_a_result_file_holds(name, normalised, tmp_path):
    world, curves = WORLDS[name], curves_of(name)
    path = tmp_path / "deeper" / "figure.png"
    six_panels(world, curves, path, "a title", normalised)
    picture = imread(path)
    assert picture.shape[1] > picture.shape[0] > 500


def test_metric_figure(tmp_path):
    models = [{"path_cross_state": 1e-17, "occupancy_cross_state": 0.1}] * 3
    flows = [
        {"metric": metric, "time_to_peak": np.arange(1.0, 5.0) * scale}
        for metric in ("path", "occupancy")
        for scale in (1, 2)
    ]
    metric_figure({"random_models": models, "hanoi": flows}, tmp_path / "figure.png")
    assert imread(tmp_path / "figure.png").size


def test_hierarchy_figure(tmp_path):
    row = {"world": "Hanoi3", "foresight": 0.97, "action_gap": -0.9, "distance": 0.5}
    maps = {
        name: np.linspace(0, 1, 27)
        for name in ("time_to_peak", "goal_averaged_time_to_peak", "action_gap", "betweenness")
    }
    hierarchy_figure(
        {"time_to_peak": [row], "goal_averaged_time_to_peak": [row]},
        {"Hanoi3 0.97": maps},
        tmp_path / "figure.png",
        lambda _name, foresight: tower_of_hanoi(3, discount=foresight),
    )
    assert imread(tmp_path / "figure.png").size
