"""Mazes of MuJoCo with walls from a person's own map."""

import numpy as np
import pytest

from hierax.worlds import check_world, make
from hierax.worlds.maze import LAYOUTS, UMaze
from hierax.worlds.mujoco.mazes.point_in_maze import PointInMaze
from refusals import refuses

MAP = """
    .#..
    S##G
    ....
"""
FREE = [(0, -1), (1, -1), (2, -1), (3, -1), (0, 0), (3, 0), (0, 1), (2, 1), (3, 1)]


def test_walls_and_goals_are_those_of_the_map():
    world = make("AntMaze-v0", map=MAP)
    np.testing.assert_array_equal(world.layout.centres(".S"), 8 * np.array(FREE))
    wall = world.layout.mask("#")
    assert wall.shape == (5, 6)  # with a ring of walls
    assert wall[[0, -1]].all()
    assert wall[:, [0, -1]].all()
    boxes = [
        number for number in range(world.model.ngeom) if "wall" in world.model.geom(number).name
    ]
    assert len(boxes) == wall.sum()
    assert world.evaluation_goals == ((24.0, 0.0),)
    timestep = world.batch(2).reset(0)
    np.testing.assert_array_equal(timestep.observation["goal"], [[24.0, 0.0]] * 2)
    assert (world.spec.view("goal").low, world.spec.view("goal").high) == (-12.0, 28.0)


def test_a_closed_map_gets_no_second_ring_and_the_u_is_the_u():
    usual, own = make("AntMaze-v0"), make("AntMaze-v0", map=UMaze.text.replace("G", "."))
    assert own.layout.text == usual.layout.text
    assert own.views == usual.views
    shown = [world.batch(3).reset(1).observation["position"] for world in (usual, own)]
    np.testing.assert_array_equal(*shown)


@pytest.mark.parametrize("name", LAYOUTS)
def test_goals_of_layouts_are_drawn_from_free_cells(name):
    world = make("AntMaze-v0", map=name)
    goals = world.batch(64).reset(0).observation["goal"]
    free = {tuple(centre) for centre in world.layout.centres(".S").tolist()}
    assert {tuple(8 * np.round(goal / 8)) for goal in goals} <= free
    assert len(np.unique(goals, axis=0)) == 64


def test_the_point_is_stopped_by_a_wall_of_the_map():
    world = PointInMaze("Own-v0", map=MAP)
    batch = world.batch(1)
    batch.reset(0)
    for _ in range(40):  # it faces along x, where the wall begins at 2
        timestep = batch.step(np.array([[1.0, 0.0]]))
    x, y = timestep.observation["position"][0]
    assert 1.3 < x < 1.6  # it has a radius of 0.5
    assert abs(y) < 2.0
    assert check_world(world).goal.radius == 2.5


def test_maps_are_refused_where_they_make_no_sense():
    refuses(lambda: make("AntPush-v0", map="large"), "map", "None", "'push'", "'large'")
    refuses(lambda: make("AntMaze-v0", map=MAP, goal=(8.0, 0.0)), "goal", "free cell", "(8.0, 0.0)")
    refuses(lambda: make("AntMaze-v0", map="huge"), "map", "'giant'", "'huge'")
    refuses(lambda: make("AntMaze-v0", map="..G"), "map", "start 'S'")
