"""Maps of mazes compared with the cells and sizes of the release."""

import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds.maze import UMaze
from hierax.worlds.mujoco.mazes.layout import Block, Box, MazeMap
from hierax.worlds.mujoco.mazes.maze_tasks import TASKS

FREE = {  # centres of cells that are neither wall nor chasm, with the block's own
    "maze": [(0, 0), (8, 0), (16, 0), (16, 8), (0, 16), (8, 16), (16, 16)],
    "push": [(-8, 0), (0, 0), (-8, 8), (0, 8), (8, 8), (0, 16)],
    "fall": [(0, 0), (8, 0), (0, 8), (8, 8), (0, 24), (8, 24)],
    "block": [(x, y) for y in (0, 8, 16) for x in (0, 8, 16)],
    "block_maze": [(0, 0), (8, 0), (8, 8), (0, 16), (8, 16)],
}
MAPS = {name: MazeMap(task.layout, 8.0) for name, task in TASKS.items()}


@pytest.mark.parametrize("name", TASKS)
def test_cells_are_those_of_the_release(name):
    np.testing.assert_array_equal(MAPS[name].centres(".SOBF"), FREE[name])


def test_the_chasm_is_where_the_release_has_it():
    np.testing.assert_array_equal(MAPS["fall"].centres("~"), [(0, 16), (8, 16)])
    assert not any(MAPS[name].mask("~").any() for name in TASKS if name != "fall")


@pytest.mark.parametrize("name", TASKS)
def test_every_maze_is_closed(name):
    wall = MAPS[name].mask("#")
    assert wall[[0, -1]].all()
    assert wall[:, [0, -1]].all()


def test_walls_are_a_cell_wide_and_half_as_high():
    walls = MAPS["maze"].walls
    assert len(walls) == 18
    assert {wall.half for wall in walls} == {(4.0, 4.0, 2.0)}
    assert {wall.centre[2] for wall in walls} == {2.0}
    assert MAPS["maze"].platforms == ()


def test_platforms_of_a_maze_with_a_chasm_are_as_high_as_walls():
    fall = MAPS["fall"]
    assert fall.ground == 4.0
    assert len(fall.platforms) == 4 * 6 - 2
    assert {(box.centre[2], box.half) for box in fall.platforms} == {(2.0, (4.0, 4.0, 2.0))}
    assert {wall.centre[2] for wall in fall.walls} == {6.0}
    under = {box.centre[:2] for box in fall.platforms}
    assert under.isdisjoint(map(tuple, fall.centres("~").tolist()))
    assert {wall.centre[:2] for wall in fall.walls} <= under


def test_blocks_are_those_of_the_release():
    small = Block(Box((2.0, 0.0, 0.2), (0.4, 0.4, 0.2)), 0.0002, "xy", spins=True)
    expected = {
        "maze": None,
        "push": Block(Box((0.0, 8.0, 2.0), (4.0, 4.0, 2.0)), 0.0002, "xy"),
        "fall": Block(
            Box((8.0, 8.0, 6.0), (3.96, 3.96, 2.0)), 0.001, "yz", ((-8.0, 8.0), (-4.0, 0.0))
        ),
        "block": small,
        "block_maze": small,
    }
    for name, block in expected.items():
        found = MAPS[name].block
        assert (found is None) == (block is None)
        if block is not None:
            np.testing.assert_allclose(np.array(found.box), np.array(block.box))
            assert found[1:] == block[1:]


def test_in_cells_of_four_the_maze_is_that_of_the_point():
    maze = MazeMap(TASKS["maze"].layout, 4.0)
    centres, halves = (np.array(part)[:, :2] for part in zip(*maze.walls, strict=True))
    x, y = np.random.default_rng(0).uniform(-6, 14, (2, 4000)).astype(np.float32)
    away = np.abs(np.column_stack([x, y])[:, None] - centres)
    in_a_wall = (away <= halves).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(
        np.asarray(UMaze().is_free(jnp.asarray(x), jnp.asarray(y))), ~in_a_wall
    )


def test_rows_can_be_separated_by_line_breaks():
    lines = MazeMap(TASKS["push"].layout.replace(" ", "\n"), 8.0)
    np.testing.assert_array_equal(lines.letters, MAPS["push"].letters)
    assert lines.first == (-16.0, -8.0)
