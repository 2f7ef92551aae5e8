"""Grid worlds: what a map becomes as a world."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csgraph

from hierax.worlds import GridWorld
from refusals import refuses
from worlds.text_maps import maps

TWO_ROOMS = """
#######
#S.#..#
#.....#
#..#.G#
#######
"""


def test_a_map_becomes_a_world():
    world = GridWorld.from_text(TWO_ROOMS, name="TwoRooms")
    assert world.name == "TwoRooms"
    assert world.mdp.states == len(world.cells) == 13
    assert world.action_names == ("up", "down", "left", "right", "stay")
    assert world.state_names[world.start] == "(1,1)"
    assert world.state_names[world.goal] == "(3,5)"
    assert [world.state_names[door] for door in world.bottlenecks] == ["(2,3)"]
    assert world.clusters.tolist() == [0, 0, 1, 1, 0, 0, -1, 1, 1, 0, 0, 1, 1]
    assert world.coordinates[world.start].tolist() == [1, 3]
    assert world.coordinates[world.goal].tolist() == [5, 1]
    assert world.mdp.discount == world.discount == 0.99
    assert world.text == TWO_ROOMS.strip()


def test_states_by_cell():
    world = GridWorld.from_text(TWO_ROOMS)
    assert [world.state_at((row, column)) for row, column in world.cells] == list(range(13))
    refuses(lambda: world.state_at((1, 3)), "cell", "free cell", "(1, 3)", "wall")


def test_start_and_goal_given_take_the_place_of_those_drawn():
    world = GridWorld.from_text(TWO_ROOMS, start=(2, 3), goal=(1, 1))
    assert (world.start, world.goal) == (world.state_at((2, 3)), 0)
    drawn = GridWorld.from_text(world.text)
    assert (drawn.start, drawn.goal) == (world.start, world.goal)


def test_without_a_start_a_run_begins_anywhere():
    world = GridWorld.from_text("..G")
    assert world.start is None
    np.testing.assert_allclose(world.mdp.initial, 1 / 3)
    assert world.text == "..G"


@given(maps, st.data(), st.sampled_from([0.0, 0.2]), st.booleans())
def test_any_map_goes_around_and_sparse_is_dense(lines, data, slip, bump):
    text = "\n".join(lines)
    free = [(r, c) for r, line in enumerate(lines) for c, x in enumerate(line) if x in ". "]
    start, goal = (data.draw(st.sampled_from(free)) for _ in range(2))
    reward = data.draw(st.sampled_from(["stay", "goal", "arrival", "terminal"]))
    options = {"slip": slip, "bump": bump, "reward": reward}
    world = GridWorld.from_text(text, start=start, goal=goal, sparse=False, **options)
    again = GridWorld.from_text(world.text, start=start, sparse=True, **options)
    assert again.mdp.is_sparse
    assert (again.start, again.goal) == (world.start, world.goal)
    shape = world.mdp.transition.shape
    np.testing.assert_array_equal(
        again.mdp.transition.toarray().reshape(shape), world.mdp.transition
    )
    for field in ("reward", "discount", "initial", "available"):
        np.testing.assert_array_equal(getattr(again.mdp, field), getattr(world.mdp, field))
    np.testing.assert_allclose(world.mdp.transition.sum(axis=2), world.mdp.available, atol=1e-15)


@given(maps)
def test_clusters_are_the_parts_that_closed_doors_leave(lines):
    text = "\n".join(lines)
    row, column = next((r, line.find(x)) for r, line in enumerate(lines) for x in ". " if x in line)
    world = GridWorld.from_text(text, goal=(row, column))
    graph = world.adjacency().tolil()
    graph[world.bottlenecks] = 0
    graph[:, world.bottlenecks] = 0
    inside = np.setdiff1d(np.arange(world.mdp.states), world.bottlenecks)
    count, labels = csgraph.connected_components(graph.tocsr()[inside][:, inside])
    assert (world.clusters[world.bottlenecks] == -1).all()
    np.testing.assert_array_equal(world.clusters[inside], labels)
    assert world.clusters.max() == count - 1


@pytest.mark.parametrize(
    ("text", "options", "parts"),
    [
        ("S..", {}, ("goal", "'G'", "goal=(row, column)")),
        ("S.#G", {"goal": (0, 2)}, ("goal", "free cell", "(0, 2)")),
        ("S.#G", {"start": (3, 0)}, ("start", "1 rows", "(3, 0)")),
        ("S.G", {"slip": 1.0}, ("slip", "[0, 1)", "1.0")),
        ("S.G", {"discount": 1}, ("discount", "[0, 1)", "1")),
        ("S.G", {"discount": -0.5}, ("discount", "[0, 1)", "-0.5")),
        ("S.G", {"reward": "win"}, ("reward", "one of", "'win'")),
        ("S.G", {"stay": False}, ("reward", "'goal'", "'stay'")),
        ("S#G", {"stay": False, "reward": "goal"}, ("action", "cell (0, 0)")),
        ("S?G", {}, ("map", "'?'", "line 1, column 2")),
    ],
)
def test_bad_arguments_are_refused(text, options, parts):
    refuses(lambda: GridWorld.from_text(text, **options), *parts)
