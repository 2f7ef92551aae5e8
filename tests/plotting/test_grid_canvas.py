"""Drawing on maps."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.quiver import Quiver

from hierax.plotting.canvas import CATEGORIES, GOAL, START, Scale
from hierax.plotting.grid_canvas import GridCanvas
from hierax.worlds import GridWorld, four_rooms, wormhole_rooms

HALL = GridWorld.from_text("S.G")
SCALE = Scale("value", "viridis")


@pytest.fixture
def axes():
    return Figure().subplots()


def written(axes):
    return {text.get_text() for text in axes.texts}


def test_texts_stand_in_their_squares_instead_of_letters(axes):
    GridCanvas(HALL).colour(axes, np.arange(3.0), SCALE, ["a", "b", "c"])
    places = {text.get_text(): text.get_position() for text in axes.texts}
    assert places == {"a": (0, 0), "b": (1, 0), "c": (2, 0)}


def test_frames_stand_around_start_goal_and_bottlenecks(axes):
    world = four_rooms()
    canvas = GridCanvas(world)
    canvas.colour(axes, np.zeros(104), SCALE)
    frames = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    middles = {tuple(frame.get_center()): to_rgb(frame.get_edgecolor()) for frame in frames}
    assert middles[tuple(world.coordinates[world.start])] == to_rgb(START)
    assert middles[tuple(world.coordinates[world.goal])] == to_rgb(GOAL)
    assert len(frames) == 6
    assert [mark.get_label() for mark in canvas.legend] == ["start", "goal", "bottleneck"]


def test_staying_is_a_dot_and_a_move_an_arrow(axes):
    right, stay = HALL.action_names.index("right"), HALL.action_names.index("stay")
    GridCanvas(HALL).policy(axes, np.array([right, right, stay]), np.array([1, 2, 2]))
    (dots,) = axes.collections[-1:]
    np.testing.assert_array_equal(dots.get_offsets(), [[2, 0]])
    moves = [artist for artist in axes.collections if isinstance(artist, Quiver)]
    tails = np.concatenate([move.XY for move in moves])
    np.testing.assert_array_equal(tails, [[0, 0], [1, 0]])
    assert all((move.U > 0).all() and (move.V == 0).all() for move in moves)


def test_a_jump_is_an_arrow_to_its_other_end(axes):
    world = wormhole_rooms()
    ends = [world.marks["wormhole entrance"], world.marks["wormhole exit"]]
    choice = np.full(104, world.action_names.index("stay"))
    (jump,) = set(range(len(world.action_names))) - {
        world.action_names.index(name) for name in ("up", "down", "left", "right", "stay")
    }
    choice[ends[0]], successor = jump, np.arange(104)
    successor[ends[0]] = ends[1]
    GridCanvas(world).policy(axes, choice, successor)
    (arrow,) = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    np.testing.assert_array_equal(arrow._posA_posB, world.coordinates[ends])


def test_squares_too_small_for_arrows_have_the_colour_of_their_action(axes):
    world = four_rooms(size=60)
    choice = np.arange(world.mdp.states) % 5
    GridCanvas(world).policy(axes, choice, choice)
    colours = axes.images[0].get_array()[world.free]
    np.testing.assert_allclose(colours, [to_rgb(CATEGORIES[action]) for action in choice])
