"""Images from above compared with numbers by hand, and with the rule pixel by pixel."""

import math

import jax
import numpy as np
import pytest

from hierax.worlds.mujoco.mazes.layout import MazeMap
from hierax.worlds.mujoco.mazes.maze_tasks import TASKS
from hierax.worlds.mujoco.mazes.top_down import TopDown

MAPS = {name: MazeMap(TASKS[name].layout, 8.0) for name in ("maze", "push", "fall")}


def picture(name, place, block=None, *, truncate=False):
    blocks = None if block is None else np.array([block], float)
    return TopDown(MAPS[name], truncate)(np.array([place], float), blocks)[0]


def rows(text):
    return np.array([list(map(float, row)) for row in text.split()])


def test_walls_about_the_start():
    walls = picture("maze", (0, 0))[..., 0]
    np.testing.assert_allclose(walls, rows("00000 01111 01000 01110 01000"), atol=1e-12)
    assert walls.sum() == 9


def test_pixels_are_interpolated_between_cells():
    walls = picture("maze", (2, 0))[..., 0]
    between = [0.25, 0.75, 0, 0, 0.25]
    expected = [[0] * 5, [0.25, 1, 1, 1, 1], between, [0.25, 1, 1, 0.75, 0.25], between]
    np.testing.assert_allclose(walls, expected, atol=1e-12)


def test_the_far_corner_with_and_without_the_error_of_the_release():
    walls = picture("maze", (16, 16))[..., 0]
    np.testing.assert_allclose(walls, rows("00010 11010 00010 11110 00000"), atol=1e-12)
    crowded = picture("maze", (16, 16), truncate=True)[..., 0]
    assert crowded.sum() == 18
    assert crowded[0, 0] == 3


def test_the_chasm_and_the_block_have_channels_of_their_own():
    fall = picture("fall", (0, 0), (8, 8))
    np.testing.assert_allclose(fall[..., 1], rows("00000 00000 00000 00000 00110"))
    np.testing.assert_allclose(fall[..., 2], rows("00000 00000 00000 00010 00000"))
    pushed = picture("push", (0, 0), (4, 8))
    np.testing.assert_allclose(pushed[3, :, 2], [0, 0, 0.5, 0.5, 0])
    assert pushed[..., 2].sum() == 1
    assert not picture("maze", (0, 0))[..., 1:].any()


def drawn_pixel_by_pixel(name, place, block, whole):
    """Return an image by the rule of the release: the integer part selects a pixel."""
    maze, image = MAPS[name], np.zeros((5, 5, 3))
    objects = [(x, y, 0) for x, y in maze.centres("#")] + [(x, y, 1) for x, y in maze.centres("~")]
    for x, y, channel in [*objects, (*block, 2)]:
        parts = []
        for away in (y - place[1], x - place[0]):
            at = 2 + (away + 4.0) / 8.0
            part, first = at % 1, whole(at)
            shares = max(0, 0.5 - part), min(1, part + 0.5) - max(0, part - 0.5), max(0, part - 0.5)
            parts.append([(first + step, shares[step + 1]) for step in (-1, 0, 1)])
        for row, tall in parts[0]:
            for column, wide in parts[1]:
                if 0 <= row < 5 and 0 <= column < 5:
                    image[row, column, channel] += tall * wide
    return image


@pytest.mark.parametrize("truncate", [False, True])
@pytest.mark.parametrize("name", ["push", "fall"])
def test_images_equal_the_rule_pixel_by_pixel(name, truncate):
    random = np.random.default_rng(0)
    places, blocks = random.uniform(-16, 30, (2, 40, 2))
    expected = [
        drawn_pixel_by_pixel(name, place, block, int if truncate else math.floor)
        for place, block in zip(places, blocks, strict=True)
    ]
    found = TopDown(MAPS[name], truncate)(places, blocks)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_motion_of_one_cell_moves_the_image_by_one_pixel():
    here, there = (picture("push", (x, 3.0), (1.0, 9.0)) for x in (-2.5, 5.5))
    np.testing.assert_allclose(here[:, 1:], there[:, :-1], atol=1e-12)


def test_pixels_exceed_1_only_with_the_error_of_the_release():
    places = np.random.default_rng(0).uniform(-12, 28, (5000, 2))
    assert TopDown(MAPS["maze"])(places, None).max() <= 1.0 + 1e-12
    assert 2.5 < TopDown(MAPS["maze"], truncate=True)(places, None).max() <= 4.0


def test_images_in_32_bits_inside_jit():
    places, blocks = np.random.default_rng(0).uniform(-8, 24, (2, 7, 2)).astype(np.float32)
    draw = TopDown(MAPS["push"])
    found = jax.jit(draw)(places, blocks)
    np.testing.assert_allclose(found, draw(places, blocks), atol=1e-5)
