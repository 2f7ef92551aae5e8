"""The figure of a plan: drawings are at the places of the plan."""

import dataclasses
import io

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from hierax.planning import TabularMDP, himo, occupancy, solve_bellman
from hierax.plotting import PlanTables, decision_ranks, draw_plan, model_canvas, world_canvas
from hierax.plotting.canvas import CATEGORIES, PALE, WALL, Marks, Scale, contrasting
from hierax.plotting.graph_canvas import GraphCanvas
from hierax.plotting.grid_canvas import GridCanvas
from hierax.plotting.index_canvas import IndexCanvas
from hierax.plotting.matrix_canvas import MatrixCanvas
from hierax.worlds import GridWorld, four_rooms, tower_of_hanoi, wormhole_rooms

CORRIDOR = """
######
#S..G#
######
"""


def tables(mdp, order=False):
    solution = solve_bellman(mdp)
    choice = solution.policy.argmax(axis=1)
    if mdp.is_sparse:
        rows = mdp.transition[np.arange(mdp.states) * mdp.actions + choice]
        successor = np.asarray(rows.argmax(axis=1)).ravel()
    else:
        successor = mdp.transition[np.arange(mdp.states), choice].argmax(axis=1)
    time = np.random.default_rng(0).random(mdp.states) if order else None
    return PlanTables(solution.value, choice, successor, occupancy(mdp, solution.policy), time)


def random_model(states, actions=2, initial=None):
    rng = np.random.default_rng(states)
    transition = rng.dirichlet(np.full(states, 0.1), (states, actions))
    return TabularMDP(transition, rng.random((states, actions)), 0.9, initial=initial)


def ring(states):
    transition = np.roll(np.eye(states), 1, axis=1)[:, None]
    return TabularMDP(transition, np.eye(states)[:1].T, 0.9)


def titles(figure):
    return [panel.get_title() for panel in figure.axes if panel.get_title()]


def arrows(figure):
    """Tails and heads of all arrows of the panel with the policy."""
    quivers = [artist for artist in figure.axes[1].get_children() if isinstance(artist, Quiver)]
    tails = np.concatenate([quiver.XY for quiver in quivers])
    ways = np.concatenate([np.stack([quiver.U, quiver.V], axis=1) for quiver in quivers])
    return tails, tails + ways


def text_at(figure, panel):
    return {text.get_text() for text in figure.axes[panel].texts}


@pytest.fixture
def save():
    """Render the figure, to find errors and warnings of rendering."""

    def render(figure):
        figure.savefig(buffer := io.BytesIO(), dpi=30)
        assert buffer.getvalue().startswith(b"\x89PNG")

    return render


def test_ranks_share_the_lowest_of_a_tie_and_leave_out_who_never_moves():
    ranks = decision_ranks(np.array([2.0, np.nan, 1.0, 2.0 + 1e-9, 3.0]))
    np.testing.assert_array_equal(ranks, [2, np.nan, 1, 2, 4])
    np.testing.assert_array_equal(decision_ranks(np.full(2, np.nan)), [np.nan, np.nan])
    np.testing.assert_array_equal(decision_ranks(np.array([3e-9, 1e-9])), [2, 1])


def test_ranks_of_hanoi_are_those_of_the_specification():
    world = tower_of_hanoi()
    ranks = decision_ranks(himo(world.mdp, record="summary").time_to_peak)
    first = [world.state_names[state] for state in np.argsort(ranks, kind="stable")[:6]]
    assert first == ["222", "001", "110", "012", "102", "020"]
    assert ranks[world.goal] == 1


@pytest.mark.parametrize(
    ("canvas", "kind"),
    [
        (world_canvas(four_rooms()), GridCanvas),
        (world_canvas(tower_of_hanoi()), GraphCanvas),
        (model_canvas(ring(60)), GraphCanvas),
        (model_canvas(random_model(60)), MatrixCanvas),
        (model_canvas(random_model(61)), IndexCanvas),
    ],
)
def test_what_is_known_of_a_model_decides_where_it_is_drawn(canvas, kind):
    assert isinstance(canvas, kind)


@pytest.mark.parametrize(
    ("world", "order"),
    [
        (tower_of_hanoi(), True),
        (tower_of_hanoi(1), True),
        (tower_of_hanoi(5), False),
        (wormhole_rooms(), True),
        (four_rooms(size=40, sparse=True), False),
        (GridWorld.from_text("S" + 30 * "." + "G"), True),
        (GridWorld.from_text("G"), True),
    ],
    ids=str,
)
def test_every_world_can_be_drawn(world, order, save):
    figure = draw_plan(tables(world.mdp, order), world_canvas(world), "a plan")
    assert titles(figure)[:3] == ["Value", "Greedy policy", "Occupancy"]
    assert len(titles(figure)) == 3 + order
    save(figure)


@pytest.mark.parametrize("states", [1, 12, 300])
def test_every_model_can_be_drawn(states, save):
    mdp = random_model(states, initial=0)
    save(draw_plan(tables(mdp, order=True), model_canvas(mdp)))


def test_an_order_without_any_decided_state_can_be_drawn(save):
    mdp = random_model(4)
    plan = dataclasses.replace(tables(mdp), time_to_peak=np.full(4, np.nan))
    save(draw_plan(plan, model_canvas(mdp)))


@pytest.mark.parametrize("sparse", [False, True])
def test_a_dense_model_is_drawn_as_the_transitions_of_its_policy(sparse):
    mdp = random_model(12)
    plan = tables(mdp)
    model = TabularMDP(
        [sp.csr_array(table) for table in mdp.transition.swapaxes(0, 1)], mdp.reward, 0.9
    )
    policy = draw_plan(plan, model_canvas(model if sparse else mdp)).axes[1]
    (image,) = policy.get_images()
    np.testing.assert_array_equal(image.get_array(), mdp.transition[np.arange(12), plan.choice])
    (strip,) = (artist for artist in policy.collections if len(artist.get_offsets()) == 12)
    np.testing.assert_allclose(
        strip.get_facecolors()[:, :3], [to_rgb(CATEGORIES[action]) for action in plan.choice]
    )


def test_a_model_without_moves_can_be_drawn(save):
    mdp = TabularMDP(np.eye(3)[:, None], np.ones((3, 1)), 0.5)
    save(draw_plan(tables(mdp), model_canvas(mdp)))


def test_arrows_on_a_map_point_to_the_next_cell():
    world = GridWorld.from_text(CORRIDOR)
    tails, heads = arrows(draw_plan(tables(world.mdp), world_canvas(world)))
    np.testing.assert_array_equal(tails, world.coordinates[:3])
    direction = (heads - tails) / np.abs(heads - tails).max(axis=1, keepdims=True)
    np.testing.assert_array_equal(tails + direction, world.coordinates[1:])


def test_arrows_show_the_choice_even_where_a_slip_is_likelier():
    world = GridWorld.from_text("S..\n...\n..G", slip=0.9)
    plan = tables(world.mdp)
    tails, heads = arrows(draw_plan(plan, world_canvas(world)))
    names = {(0, 1): "up", (0, -1): "down", (-1, 0): "left", (1, 0): "right"}
    for tail, way in zip(tails, np.sign(heads - tails).astype(int), strict=True):
        (state,) = np.flatnonzero((world.coordinates == tail).all(axis=1))
        assert world.action_names[plan.choice[state]] == names[tuple(way.tolist())]


def test_arrows_on_a_graph_lie_between_a_state_and_its_successor():
    world = tower_of_hanoi()
    plan = tables(world.mdp)
    tails, heads = arrows(draw_plan(plan, world_canvas(world)))
    moves = np.flatnonzero(plan.successor != np.arange(27))
    begin, end = world.coordinates[moves], world.coordinates[plan.successor[moves]]
    np.testing.assert_allclose(tails + heads, begin + end, atol=1e-12)
    assert (np.einsum("ij,ij->i", heads - tails, end - begin) > 0).all()


def test_a_wormhole_is_one_long_arrow():
    world = wormhole_rooms()
    figure = draw_plan(tables(world.mdp), world_canvas(world))
    jumps = [patch for patch in figure.axes[1].patches if hasattr(patch, "get_arrowstyle")]
    assert len(jumps) == 1


def test_large_drawings_show_actions_by_colour_and_name_them():
    world = four_rooms(size=60)
    figure = draw_plan(tables(world.mdp), world_canvas(world))
    legend = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert legend == list(world.action_names)
    assert not [artist for artist in figure.axes[1].get_children() if isinstance(artist, Quiver)]


def test_walls_are_dark_and_cells_have_the_colour_of_their_number():
    world = GridWorld.from_text(CORRIDOR)
    plan = tables(world.mdp)
    image = draw_plan(plan, world_canvas(world)).axes[0].images[0].get_array()
    np.testing.assert_allclose(image[0], np.tile(to_rgb(WALL), (6, 1)))
    shades = Scale("value", "viridis").mappable(plan.value).to_rgba(plan.value)
    np.testing.assert_allclose(image[world.free], shades[:, :3])
    assert np.ptp(image[world.free], axis=0).max() > 0.3


def test_the_map_is_drawn_with_its_first_row_on_top():
    world = GridWorld.from_text("S.\n#G")
    axes = draw_plan(tables(world.mdp), world_canvas(world)).axes[0]
    image = axes.images[0]
    assert image.origin == "upper"
    assert tuple(image.get_extent()) == (-0.5, 1.5, -0.5, 1.5)
    np.testing.assert_allclose(image.get_array()[1, 0], to_rgb(WALL))
    letters = {text.get_text(): tuple(text.xy) for text in axes.texts}
    assert letters == {"S": (0.0, 1.0), "G": (1.0, 0.0)}


def test_names_and_ranks_are_written_where_they_fit():
    small, large = tower_of_hanoi(), tower_of_hanoi(5)
    figure = draw_plan(tables(small.mdp, order=True), world_canvas(small))
    assert text_at(figure, 0) >= {"S", "G", *small.state_names}
    assert text_at(figure, 3) >= {"S", "G", "1"}
    assert world_canvas(large).names is None
    assert text_at(draw_plan(tables(large.mdp, order=True), world_canvas(large)), 3) == {"S", "G"}


def test_the_drawing_of_a_model_is_the_same_every_time():
    mdp = random_model(8)
    first, second = (draw_plan(tables(mdp), model_canvas(mdp)).axes[0] for _ in range(2))
    places = [axes.collections[1].get_offsets() for axes in (first, second)]
    np.testing.assert_array_equal(*places)


def test_a_logarithmic_scale_spans_five_powers_of_ten_and_pales_below():
    values = np.array([0.0, 1e-9, 1e-2, 50.0, 100.0])
    mappable = Scale("visits", "YlGnBu", logarithmic=True).mappable(values)
    assert mappable.norm.vmin == pytest.approx(1e-3)
    shades = mappable.to_rgba(values)
    np.testing.assert_allclose(shades[:2], np.tile(to_rgba(PALE), (2, 1)))
    assert (shades[2:] != to_rgba(PALE)).any(axis=1).all()


@pytest.mark.parametrize("values", [np.zeros(3), np.full(3, 2.0), np.full(3, np.nan)])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_scale_of_equal_numbers_or_none_is_no_error(values, logarithmic):
    assert np.isfinite(Scale("", "viridis", logarithmic).mappable(values).to_rgba(values)).all()


def test_marks_say_what_they_are():
    marks = Marks(start=0, goal=1, bottlenecks=np.array([1, 2]))
    assert marks.dotted() == [2]
    assert [mark.get_label() for mark in marks.legend()] == ["start", "goal", "bottleneck"]
    assert Marks().legend() == []


def test_text_can_be_read_on_its_colour():
    assert contrasting(np.array([1.0, 1.0, 0.0, 1.0])) != "white"
    assert contrasting(np.array([0.1, 0.0, 0.3, 1.0])) == "white"


def test_categories_differ():
    assert len({to_rgb(colour) for colour in CATEGORIES}) == len(CATEGORIES)


def test_a_figure_is_no_global_state():
    assert isinstance(draw_plan(tables(random_model(3)), model_canvas(random_model(3))), Figure)
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
