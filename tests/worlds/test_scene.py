"""What worlds look like from above is what they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import cross, make
from hierax.worlds.maze import UMaze
from hierax.worlds.scene import position_of, scene_of
from refusals import refuses


def scene(name, **options):
    world = make(name, **options)
    state, _ = world.reset(jax.random.key(0))
    return world, state, scene_of(world, state)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("PointCross-v0", cross),
        ("SpinCross-v0", cross),
        ("PointMaze-v0", UMaze()),
        ("PointU-v0", UMaze()),
        ("RowerU-v0", UMaze()),
    ],
)
def test_free_rectangles_are_where_one_can_be(name, module):
    _, _, seen = scene(name)
    x, y = np.random.default_rng(0).uniform(-9.0, 14.0, size=(2, 4000))
    inside = np.zeros(x.shape, bool)
    for left, bottom, right, top in seen.free:
        inside |= (x > left) & (x < right) & (y > bottom) & (y < top)
    np.testing.assert_array_equal(inside, module.is_free(jnp.asarray(x), jnp.asarray(y)))


def test_goals_are_those_of_the_world_or_of_the_episode():
    _, _, seen = scene("PointCross-v0", goal=(12.0, 0.0), goal_radius=0.7)
    assert (seen.goal, seen.goal_radius) == ((12.0, 0.0), 0.7)
    _, state, seen = scene("PointMaze-v0")
    np.testing.assert_array_equal(seen.goal, state.goal)


def test_success_in_the_maze_is_inside_of_the_circle():
    world, state, seen = scene("PointMaze-v0", goal=(8.0, 0.0))
    for distance in (0.99, 1.01):
        place = jnp.array([8.0 - distance * seen.goal_radius, 0.0])
        at = state._replace(position=place)
        _, shown = world.step(at, jnp.zeros(2), jax.random.key(0))
        assert bool(shown.success) is (distance < 1.0)


def test_an_open_plane_has_nothing_in_it():
    _, _, seen = scene("SpinSpeed-v0")
    assert (seen.free, seen.links, seen.goal) == ((), None, None)


def test_rooms_are_squares_and_towers_are_graphs():
    world, _, rooms = scene("FourRooms-v0")
    assert len(rooms.free) == world.tabular.mdp.states
    left, bottom, right, top = rooms.free[world.tabular.goal]
    assert rooms.goal == ((left + right) / 2, (bottom + top) / 2)
    world, _, tower = scene("Hanoi3-v0")
    assert tower.free == ()
    assert len(tower.links) == world.tabular.adjacency().nnz


@pytest.mark.parametrize("name", ["SpinCross-v0", "PointMaze-v0", "RowerU-v0", "FourRooms-v0"])
def test_positions_of_many_states_are_those_of_each(name):
    world, state, _ = scene(name)
    one = position_of(world, state)
    many = position_of(world, jax.tree.map(lambda leaf: np.stack([leaf, leaf]), state))
    assert one.shape == (2,)
    np.testing.assert_array_equal(many, [one, one])


def test_a_world_that_nobody_described_is_refused():
    class Other:
        spec = make("PointSpeed-v0").spec

    refuses(lambda: scene_of(Other(), None), "no top view", "scene_of.register")
    refuses(lambda: position_of(Other(), None), "no positions", "position_of.register")
