"""Frames of an animated figure, and GIF files of frames."""

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.figure import Figure

from hierax.plotting.film import film, write_gif

FRAMES = [np.full((20, 30, 3), shade, np.uint8) for shade in (0, 100, 255)]


def test_each_frame_has_what_is_still_and_where_the_rest_is_by_then():
    figure = Figure(figsize=(1.0, 1.0), dpi=50)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    axes.set_axis_off()
    axes.plot([0.5], [0.2], "s", color="red")
    (point,) = axes.plot([], [], "s", color="blue", animated=True)
    places = (0.2, 0.8)
    frames = list(film(figure, [point], lambda time: point.set_data([places[time]], [0.7]), 2))
    assert [frame.shape for frame in frames] == [(50, 50, 3)] * 2
    assert all(tuple(frame[40, 25]) == (255, 0, 0) for frame in frames)
    blue = [[tuple(frame[15, x]) == (0, 0, 255) for x in (10, 40)] for frame in frames]
    assert blue == [[True, False], [False, True]]


def test_the_last_frame_of_a_file_rests(tmp_path):
    path = tmp_path / "film.gif"
    write_gif(path, iter(FRAMES), frames_per_second=10, rest=1.5)
    assert iio.imread(path).shape == (3, 20, 30, 3)
    times = [iio.immeta(path, index=index)["duration"] for index in range(3)]
    assert times == [100, 100, 1600]
    assert iio.immeta(path)["loop"] == 0


@pytest.mark.parametrize(("shades", "shown"), [(256, 100), (6, 102), (3, 127)])
def test_few_shades_are_the_nearest_ones(tmp_path, shades, shown):
    write_gif(tmp_path / "film.gif", FRAMES, frames_per_second=10, shades=shades)
    found = iio.imread(tmp_path / "film.gif")[:, 5, 5]
    np.testing.assert_array_equal(found, np.repeat([[0], [shown], [255]], 3, axis=1))
