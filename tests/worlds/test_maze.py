"""Mazes from text maps: cells, goals, layouts, and the worlds in them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import GridWorld, PointMaze, PointU, RowerU, check_world
from hierax.worlds.maze import LAYOUTS, Maze, UMaze, maze_of
from hierax.worlds.scene import scene_of
from refusals import refuses

KEY = jax.random.key(0)
MAP = """
    ######
    #..#.#
    #S##G#
    #....#
    ######
"""
CELLS = {(0, 0), (0, 4), (4, 4), (0, -4), (4, -4), (8, -4), (12, -4), (12, 0), (12, 4)}


def test_cells_of_a_map():
    maze = Maze(MAP)
    assert {tuple(place) for place in maze.centres.tolist()} == CELLS
    assert (maze.goal, maze.low, maze.high) == ((12.0, 0.0), -6.0, 14.0)
    assert maze.evaluation_goals == ((12.0, 0.0),)
    assert Maze(MAP, 8.0).goal == (24.0, 0.0)
    assert maze.chosen("multi") == maze.chosen(None) == maze.goal
    assert maze.chosen((0.0, 4.0)) == (0.0, 4.0)


@pytest.mark.parametrize("text", [MAP, *LAYOUTS])
def test_free_points_are_those_of_the_cells(text):
    maze = maze_of(text)
    places = np.random.default_rng(0).uniform(maze.low - 3, maze.high + 3, (3000, 2))
    places = places.astype(np.float32)
    centres = np.array(sorted(CELLS)) if text is MAP else maze.centres
    near = (np.abs(places[:, None] - centres) < 2.0).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(jax.jit(maze.is_free)(*places.T), near)
    inside = np.zeros(len(places), bool)
    for left, bottom, right, top in maze.rectangles:
        x, y = places.T
        inside |= (x > left) & (x < right) & (y > bottom) & (y < top)
    np.testing.assert_array_equal(inside, near)


def test_the_u_as_a_map_is_the_u():
    u, text = UMaze(), Maze(UMaze.text)
    assert (u.low, u.high, u.goal) == (text.low, text.high, text.goal) == (-2.0, 10.0, (0.0, 8.0))
    places = np.random.default_rng(1).uniform(-3, 11, (2, 3000)).astype(np.float32)
    np.testing.assert_array_equal(u.is_free(*places), text.is_free(*places))
    walk = np.random.default_rng(2).normal(0.3, 1.0, (400, 2))
    ends = []
    for world in (PointU(), PointU(map=UMaze.text)):
        state, _ = world.reset(KEY)
        state, shown = jax.lax.scan(
            lambda state, action, world=world: world.step(state, action, KEY),
            state,
            jnp.asarray(walk, jnp.float32),
        )
        ends.append((state.position, shown.reward))
    np.testing.assert_array_equal(*(np.hstack([place, reward]) for place, reward in ends))


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_closed_and_connected(name):
    maze, walls = maze_of(name), ~maze_of(name).grid_map.free
    assert walls[[0, -1]].all()
    assert walls[:, [0, -1]].all()
    assert len(maze.centres) == maze.grid_map.free.sum()
    assert maze.goal is None
    assert len(maze.evaluation_goals) == len(maze.centres) - 1
    grid = GridWorld.from_text(LAYOUTS[name], goal=maze.grid_map.start)
    longest = {"medium": 18, "large": 22, "giant": 26}[name]  # in cells
    assert grid.distances_to(grid.goal).max() == longest


def test_goals_are_drawn_from_reachable_cells():
    maze = Maze("#####\n#S.##\n###.#\n#...#")
    keys = jax.random.split(KEY, 4000)
    goals = np.asarray(jax.vmap(lambda key: maze.drawn_goal("multi", key))(keys))
    cells, counts = np.unique(np.round(goals / 4.0), axis=0, return_counts=True)
    assert cells.tolist() == [[0, 0], [1, 0]]
    assert counts.min() > 1850  # 4.7 standard errors
    np.testing.assert_allclose((goals - 4 * np.round(goals / 4)).var(axis=0), 16 / 12, atol=0.1)


def test_worlds_in_maps():
    assert check_world(RowerU(map="large", nuisance=2)).has_success
    shown = PointMaze(map=MAP).reset(KEY)[1].observation
    np.testing.assert_array_equal(shown["goal"], [12.0, 0.0])
    assert RowerU(map=MAP).spec.goal.fixed == (12.0, 0.0)
    assert PointU(map="large").spec.goal.desired == "goal"
    assert PointMaze(map=MAP).evaluation_goals == ((12.0, 0.0),)
    world = PointU(map=MAP, goal=(4.0, -4.0))
    state, _ = world.reset(KEY)
    for _ in range(40):  # down and to the right, around the corner
        state, _ = world.step(state, jnp.array([1.0, -1.0]), KEY)
    np.testing.assert_allclose(state.position, [10, -6], atol=0.75)
    assert scene_of(world, state).goal == (4.0, -4.0)
    assert len(scene_of(world, state).free) == len(CELLS)
    assert dataclasses.replace(world, map=None, goal=None) == PointU()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("small", ("map", "'medium', 'large', 'giant'", "'small'")),
        ("#..\n#..", ("map", "start 'S'", "none")),
        ("S#G", ("map", "from 'S' to 'G'", "none")),
        ("SS.", ("map", "at most one 'S'", "line 1, column 2")),
        ("S.x", ("map", "'#'", "'x'", "line 1, column 3")),
        (7, ("map", "str", "7")),
        (["S."], ("map", "str", "list")),
    ],
)
def test_texts_that_are_no_maps_are_refused(text, parts):
    for kind in (PointMaze, PointU):
        refuses(lambda kind=kind: kind(map=text), *parts)


def test_goals_in_walls_of_a_map_are_refused():
    refuses(lambda: PointMaze(map=MAP, goal=(4.0, 0.0)), "goal", "free cell", "(4.0, 0.0)")
    refuses(lambda: PointU(map=MAP, goal="far"), "goal", "'multi'", "'far'")
