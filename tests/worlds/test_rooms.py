"""Four rooms against the spec's numbers, at every size."""

import numpy as np
import pytest

from hierax.worlds import GridWorld, four_rooms, room_lattice, wormhole_rooms
from refusals import refuses

# Sutton, Precup and Singh (1999), figure 2.
SUTTON = """
#############
#S....#.....#
#.....#.....#
#...........#
#.....#.....#
#.....#.....#
##.####.....#
#.....###.###
#.....#.....#
#.....#.....#
#...........#
#.....#....G#
#############
"""


def test_numbers_of_the_spec():
    world = four_rooms()
    assert world.mdp.states == 104
    assert world.mdp.available.sum() == 440
    assert world.distances_from(world.start)[world.goal] == 20
    assert world.on_shortest_path().sum() == 67
    assert world.state_names[world.start] == "(1,1)"
    assert world.state_names[world.goal] == "(11,11)"


def test_doors_in_order_and_by_name():
    world = four_rooms()
    doors = ["(3,6)", "(6,2)", "(7,9)", "(10,6)"]
    assert [world.state_names[door] for door in world.bottlenecks] == doors
    assert list(world.marks) == ["north door", "west door", "east door", "south door"]
    assert list(world.marks.values()) == world.bottlenecks.tolist()


def test_rooms_are_numbered_in_reading_order():
    world = four_rooms()
    corners = [(1, 1), (1, 11), (11, 1), (11, 11)]
    assert [world.clusters[world.state_at(corner)] for corner in corners] == [0, 1, 2, 3]
    assert [int((world.clusters == room).sum()) for room in range(4)] == [25, 30, 25, 20]


@pytest.mark.parametrize(
    "options", [{}, {"slip": 0.1, "bump": True}, {"stay": False, "reward": "terminal"}]
)
def test_the_map_as_text_gives_the_same_model(options):
    built, read = four_rooms(**options), GridWorld.from_text(SUTTON, **options)
    assert built.text == read.text == SUTTON.strip()
    for field in ("transition", "reward", "discount", "initial", "available"):
        np.testing.assert_array_equal(getattr(built.mdp, field), getattr(read.mdp, field))


@pytest.mark.parametrize(("size", "states"), [(13, 104), (53, 2504), (103, 10_004), (320, 100_493)])
def test_sizes_of_the_benchmarks(size, states):
    world = four_rooms(size=size, slip=0.1, bump=True)
    assert world.mdp.states == states
    assert world.mdp.is_sparse == (states > 2000)
    assert world.mdp.available.all()


@pytest.mark.parametrize("size", range(8, 60))
def test_all_sizes_have_four_rooms_and_four_doors(size):
    world = four_rooms(size=size)
    assert world.mdp.states == (size - 3) ** 2 + 4
    assert sorted(world.marks.values()) == world.bottlenecks.tolist()
    assert sorted(set(world.clusters)) == [-1, 0, 1, 2, 3]
    assert world.distances_from(world.start)[world.goal] == 2 * (size - 3)


@pytest.mark.parametrize("size", [13, 40])
def test_sparse_is_dense(size):
    options = {"size": size, "slip": 0.1, "reward": "arrival"}
    dense, compressed = (four_rooms(sparse=kind, **options).mdp for kind in (False, True))
    table = compressed.transition.toarray().reshape(dense.transition.shape)
    np.testing.assert_array_equal(table, dense.transition)
    np.testing.assert_array_equal(compressed.reward, dense.reward)


def test_the_wormhole_shortens_the_way():
    world = wormhole_rooms()
    assert world.mdp.states == 104
    assert world.mdp.available.sum() == 442
    assert world.distances_from(world.start)[world.goal] == 9
    assert world.on_shortest_path().sum() == 17
    ends = world.marks["wormhole entrance"], world.marks["wormhole exit"]
    assert [world.state_names[end] for end in ends] == ["(4,2)", "(9,9)"]
    assert world.mdp.transition[ends[0], -1, ends[1]] == 1.0
    assert world.mdp.transition[ends[1], -1, ends[0]] == 1.0
    assert world.action_names[-1] == "wormhole"


def test_but_for_the_wormhole_the_rooms_are_the_same():
    plain, world = four_rooms(slip=0.1), wormhole_rooms(slip=0.1)
    np.testing.assert_array_equal(world.bottlenecks, plain.bottlenecks)
    np.testing.assert_array_equal(world.clusters, plain.clusters)
    np.testing.assert_array_equal(world.mdp.transition[:, :5], plain.mdp.transition)
    np.testing.assert_array_equal(world.mdp.reward[:, :5], plain.mdp.reward)
    assert {name: world.marks[name] for name in plain.marks} == plain.marks


def test_start_may_be_anywhere_and_goal_elsewhere():
    world = four_rooms((1, 11), None)
    assert world.start is None
    assert world.state_names[world.goal] == "(1,11)"


@pytest.mark.parametrize("build", [four_rooms, wormhole_rooms])
def test_goal_on_a_wall_is_refused(build):
    refuses(lambda: build(goal=(6, 6)), "goal", "free cell", "(6, 6)", "wall")


@pytest.mark.parametrize("size", [7, 13.0, "big"])
def test_bad_sizes_are_refused(size):
    refuses(lambda: four_rooms(size=size), "size", "integer >= 8", repr(size))


@pytest.mark.slow
def test_a_million_states():
    world = four_rooms(size=1004, slip=0.1, bump=True)
    assert world.mdp.states == 1_002_005
    assert world.state_names[world.goal] == "(1002,1002)"
    np.testing.assert_allclose(world.mdp.transition.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("rooms", "room", "states"), [((4, 4), (4, 5), 344), ((1, 1), (2, 3), 6), ((2, 3), (1, 1), 13)]
)
def test_a_lattice_has_a_door_in_every_wall(rooms, room, states):
    world = room_lattice(rooms, room)
    (down, across), (height, width) = rooms, room
    doors = down * (across - 1) + across * (down - 1)
    assert world.mdp.states == states == down * across * height * width + doors
    assert np.isfinite(world.distances_from(0)).all()
    if min(room) > 1:  # rooms of one cell are corridors, and their doors no bottlenecks
        assert len(world.bottlenecks) == doors
        assert world.clusters.max() + 1 == down * across


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"rooms": (0, 3)}, ("rooms", ">= 1", "0")),
        ({"room": (4, 2.5)}, ("room", ">= 1", "2.5")),
        ({"rooms": (4, 4, 4)}, ("rooms", "two integers", "(4, 4, 4)")),
    ],
)
def test_a_lattice_of_nothing_is_refused(arguments, parts):
    refuses(lambda: room_lattice(**arguments), *parts)
