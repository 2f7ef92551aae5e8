"""From what stands on the command line to a model: worlds, maps, saved models."""

import numpy as np
import pytest

from hierax.commands.errors import UsageError
from hierax.commands.problems import read_problem
from hierax.worlds import GridWorld, wormhole_rooms

STEP = np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]]])
PAY = np.array([[0.0], [0.0], [1.0]])


@pytest.fixture
def saved(tmp_path):
    """Saves a chain of three states, with changes to its arrays; None leaves one out."""

    def save(**changes):
        arrays = {"transition": STEP, "reward": PAY, "discount": 0.9, **changes}
        path = tmp_path / "chain.npz"
        np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
        return str(path)

    return save


@pytest.mark.parametrize(
    ("discount", "onward"),
    [
        (0.9, 0.9),
        (np.array([0.9, 0.5, 0.0]), [0.5, 0.0, 0.0]),  # on entering a state
        (np.full((3, 1, 3), 0.25), 0.25),
    ],
    ids=["number", "states", "transitions"],
)
def test_a_model_keeps_each_kind_of_discount(saved, discount, onward):
    problem = read_problem(saved(discount=discount), {})
    expected = STEP[:, 0] * np.reshape(onward, (-1, 1))
    np.testing.assert_allclose(problem.mdp.discounted_transition[:, 0], expected)
    assert problem.name == "chain.npz"
    assert problem.world is None


def test_a_discount_on_the_command_line_replaces_that_of_the_model(saved):
    assert read_problem(saved(discount=np.zeros(3)), {"discount": 0.5}).mdp.discount == 0.5


def test_a_model_may_say_where_it_begins_and_what_is_possible(saved):
    available = np.array([[True, False], [True, True], [False, True]])
    two = {"transition": np.repeat(STEP, 2, axis=1), "reward": np.repeat(PAY, 2, axis=1)}
    mdp = read_problem(saved(**two, initial=np.array(1), available=available), {}).mdp
    np.testing.assert_array_equal(mdp.initial, [0, 1, 0])
    np.testing.assert_array_equal(mdp.available, available)
    np.testing.assert_array_equal(mdp.reward[2], [0, 1])  # what is not possible does not pay


def test_a_model_may_have_a_row_for_each_pair(saved):
    rows = {"transition": STEP[[2, 0, 1], 0], "reward": PAY[[2, 0, 1], 0]}
    pairs = {"pair_states": np.array([2, 0, 1]), "pair_actions": np.zeros(3, int)}
    mdp = read_problem(saved(**rows, **pairs), {}).mdp
    np.testing.assert_array_equal(mdp.transition.toarray(), STEP[:, 0])
    np.testing.assert_array_equal(mdp.reward, PAY)
    stated = read_problem(saved(transition=STEP[:, 0], reward=PAY[:, 0], layout="pairs"), {}).mdp
    np.testing.assert_array_equal(stated.reward, PAY)


def test_an_environment_with_a_table_is_a_problem():
    problem = read_problem("gymnasium:FrozenLake-v1", {"discount": 1.0})
    assert (problem.mdp.states, problem.mdp.discount) == (17, 1.0)
    assert [problem.state_name(state) for state in (0, 15, 16)] == ["0", "15", "END"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gymnasium:CartPole-v1", {}, "CartPole-v1: env must have a table of transitions"),
        ("gymnasium:Nothing-v0", {}, "env must be an environment of Gymnasium, got 'Nothing-v0'"),
        ("gymnasium:FrozenLake-v1", {"slip": 0.1}, "--slip is for worlds and maps"),
        ("gymnasium:FrozenLake-v1", {"discount": 2.0}, "discount must be in"),
    ],
)
def test_environments_that_are_no_problem_are_named(name, options, words):
    with pytest.raises(UsageError, match=words):
        read_problem(name, options)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("availble", "unknown array 'availble'; did you mean 'available'\\?"),
        ("Discount", "unknown array 'Discount'; did you mean 'discount'\\?"),
        ("notes", "unknown array 'notes'.*transition, reward, discount"),
    ],
)
def test_an_array_of_unknown_name_is_refused(saved, name, words):
    path = saved(**{name: np.zeros((3, 1))})
    with pytest.raises(UsageError, match=f"{path}: {words}"):
        read_problem(path, {})


def test_a_model_may_state_the_order_of_its_axes(saved):
    mdp = read_problem(saved(transition=STEP.swapaxes(0, 1), layout="ass"), {}).mdp
    np.testing.assert_array_equal(mdp.transition, STEP)
    with pytest.raises(UsageError, match="layout must be one of 'sas', 'ass', 'pairs', got 'asa'"):
        read_problem(saved(layout="asa"), {})
    with pytest.raises(UsageError, match=r"fits \(A, S, S\).*layout='ass'"):
        read_problem(saved(transition=STEP.swapaxes(0, 1)), {})


def test_a_model_in_float32_is_read(saved):
    rounded = np.full((3, 1, 3), 1 / 3, np.float32)
    assert read_problem(saved(transition=rounded), {}).mdp.contraction == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transition": None}, "must have.*transition, reward, discount.*'transition' is missing"),
        ({"reward": None}, "'reward' is missing"),
        ({"discount": None}, "'discount' is missing"),
        ({"transition": None, "transitions": STEP}, "'transitions'; did you mean 'transition'"),
        ({"transition": STEP[:2]}, "transition"),
        ({"reward": np.zeros((2, 1))}, "reward"),
        ({"discount": np.array([0.9, 0.9])}, "discount"),
        ({"discount": 1.5}, "discount"),
        ({"initial": np.array(3)}, "initial"),
        ({"available": np.ones((3, 2), dtype=bool)}, "available"),
    ],
)
def test_a_model_that_is_none_is_refused(saved, changes, words):
    path = saved(**changes)
    with pytest.raises(UsageError, match=f"{path}.*{words}"):
        read_problem(path, {})


def test_a_map_is_read_with_its_options(tmp_path):
    path = tmp_path / "hall.txt"
    path.write_text("\ufeffS..G\n", encoding="utf-8")  # some editors put such a mark first
    problem = read_problem(str(path), {"slip": 0.25, "no_stay": True, "reward": "arrival"})
    world = GridWorld.from_text("S..G", slip=0.25, stay=False, reward="arrival")
    np.testing.assert_array_equal(problem.mdp.transition, world.mdp.transition)
    np.testing.assert_array_equal(problem.mdp.reward, world.mdp.reward)
    assert (problem.name, problem.world.name) == ("hall.txt", "hall")


@pytest.mark.parametrize("option", ["slip", "stay", "no_stay", "bump"])
def test_a_tower_has_no_options_of_maps(option):
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} is for maps"):
        read_problem("Hanoi2-v0", {option: True})


@pytest.mark.parametrize("option", ["slip", "stay", "no_stay", "bump", "reward"])
def test_a_model_has_no_options_of_worlds(saved, option):
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} is for worlds and maps"):
        read_problem(saved(), {option: True})


def test_states_have_names_and_remarks(saved):
    problem = read_problem("WormholeRooms-v0", {})
    world = wormhole_rooms()
    door, entrance = world.marks["east door"], world.marks["wormhole entrance"]
    remarks = [problem.remark(state) for state in (world.start, world.goal, door, entrance)]
    assert remarks == ["start", "goal", "east door", "wormhole entrance"]
    assert problem.state_name(door) == world.state_names[door]
    model = read_problem(saved(), {})
    assert (model.state_name(2), model.remark(2)) == ("2", "")
    tower = read_problem("Hanoi2-v0", {})
    assert tower.remark(int(tower.world.bottlenecks[0])) == "bottleneck"
