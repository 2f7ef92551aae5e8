"""Frames of an episode show the world, the path so far and the agent."""

import itertools

import numpy as np
import pytest

from hierax.plotting import draw_frames
from hierax.plotting.episode import SIZE, _limits
from hierax.worlds.scene import Scene

PATH = np.linspace([0.0, 0.0], [4.0, 3.0], 6)
ROOM = Scene(((-1.0, -1.0, 5.0, 4.0),), goal=(4.0, 3.0))
GRAPH = Scene(links=np.array([[[0.0, 0.0], [4.0, 3.0]]]))


def frames(scene, path=PATH):
    return list(draw_frames(scene, path, [f"step {step}" for step in range(len(path))]))


@pytest.mark.parametrize("scene", [Scene(), ROOM, GRAPH])
def test_there_is_a_frame_for_each_place(scene):
    found = frames(scene)
    assert len(found) == len(PATH)
    assert {frame.shape for frame in found} == {(SIZE, SIZE, 3)}
    assert all((one != other).any() for one, other in itertools.pairwise(found))


def test_the_way_gets_longer_and_what_is_still_stays():
    def orange(frame):
        red, green, blue = frame.astype(int).transpose(2, 0, 1)
        return (red > 180) & (green < 140) & (blue < 60)

    found = [orange(frame).sum() for frame in frames(Scene())]
    assert found == sorted(found)
    assert found[-1] > found[0] + 100
    below = slice(SIZE // 2, None)
    first, last = frames(ROOM)[0][below, :20], frames(ROOM)[-1][below, :20]
    np.testing.assert_array_equal(first, last)  # walls


def test_a_picture_holds_everything_in_a_square():
    low, high = _limits(ROOM, PATH)
    assert (low < -1.0).all()
    assert (high > [5.0, 4.0]).all()
    assert np.ptp(high - low) == pytest.approx(0.0)


def test_one_who_does_not_move_is_drawn():
    low, high = _limits(Scene(), np.zeros((3, 2)))
    assert (high - low > 1.0).all()
    assert len(frames(Scene(), np.zeros((3, 2)))) == 3
