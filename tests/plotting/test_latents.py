"""Fans of paths: a line and a head for each latent, at one scale in each world, and as a film."""

import itertools
import json

import numpy as np
import pytest

from hierax.plotting.latents import draw_fans, film_fans
from hierax.to_json import to_json

STEPS = [0, 2, 4, 6]
LATENTS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def fan(speed):
    positions = speed * np.array(STEPS)[:, None, None] * LATENTS
    return {"steps": STEPS, "latents": LATENTS, "positions": positions}


def curve(height):
    return {"steps": STEPS, "iqm": [height] * 4, "low": [height - 1] * 4, "high": [height + 1] * 4}


FANS = {name: {"fast": fan(3.0), "slow": fan(0.1)} for name in ("A-v0", "B-v0")}
DISTANCES = {name: {"held": curve(1.0), "new": curve(2.0)} for name in FANS}


def test_a_figure_has_all_paths_to_their_end_and_the_distances():
    figure = draw_fans(FANS, DISTANCES, "title")
    fast, slow, distances = figure.subfigs[1].axes[:3]
    for axes, speed in ((fast, 3.0), (slow, 0.1)):
        lines, heads = axes.collections
        ends = [line[-1] for line in lines.get_segments()]
        np.testing.assert_allclose(ends, 6.0 * speed * LATENTS)
        np.testing.assert_allclose(heads.get_offsets(), 6.0 * speed * LATENTS)
        np.testing.assert_array_equal(lines.get_colors(), heads.get_facecolors())
        assert len(np.unique(lines.get_colors(), axis=0)) == 4
        assert axes.texts[0].get_text() == f"{6.0 * speed:.1f} from the start on average"
    assert fast.get_xlim() == slow.get_xlim()
    assert [line.get_label() for line in distances.get_lines()] == ["held", "new"]
    assert len(distances.collections) == 2


@pytest.mark.parametrize("fans", [FANS, json.loads(json.dumps(to_json(FANS)))])
def test_a_film_has_a_frame_for_each_step_in_which_paths_grow(fans):
    frames = list(film_fans(fans, "title"))
    assert len(frames) == len(STEPS)
    assert {frame.shape[1:] for frame in frames} == {(720, 3)}
    coloured = [np.ptp(frame.astype(int), axis=-1) > 60 for frame in frames]
    left = slice(0, 360), slice(360, None)
    fast, slow = ([pixels[:, half].sum() for pixels in coloured] for half in left)
    assert all(after > before + 50 for before, after in itertools.pairwise(fast))
    assert fast[-1] > 5 * slow[-1]


def test_a_drawing_writes_a_file(tmp_path):
    draw_fans(FANS, DISTANCES, "title").savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 20_000
