"""The Tower of Hanoi against the rules of the game, played one disc at a time."""

import itertools

import numpy as np
import pytest

from hierax.worlds import tower_of_hanoi
from refusals import refuses

# Spec of HIMO, section 5.1: start, 1, 2, red bottleneck, blue bottleneck, 5, 6, goal.
OPTIMAL_PATH = ("000", "200", "210", "110", "112", "012", "022", "222")


def legal_moves(pegs: tuple[int, ...]) -> set[tuple[int, ...]]:
    """All positions one legal move away, smallest disc first, straight from the rules."""
    tops = {}
    for disc in reversed(range(len(pegs))):
        tops[pegs[disc]] = disc  # smaller discs overwrite larger ones below them
    moves = set()
    for disc, peg in itertools.product(tops.values(), range(3)):
        if disc < tops.get(peg, len(pegs)):
            moves.add((*pegs[:disc], peg, *pegs[disc + 1 :]))
    return moves


@pytest.mark.parametrize("discs", [1, 2, 3, 4, 5])
def test_moves_are_exactly_the_legal_ones(discs):
    world = tower_of_hanoi(discs)
    transition = world.mdp.transition
    for state, name in enumerate(world.state_names):
        moves = legal_moves(tuple(map(int, name)))
        available = world.mdp.available[state]
        successors = [world.state_names[s] for s in transition[state, available].argmax(axis=1)]
        assert sorted(successors) == sorted([name, *("".join(map(str, m)) for m in moves)])


@pytest.mark.parametrize(("discs", "pairs"), [(1, 9), (2, 33), (3, 105), (4, 321), (5, 969)])
def test_all_states_but_the_towers_have_three_moves_and_stay(discs, pairs):
    world = tower_of_hanoi(discs)
    choices = world.mdp.available.sum(axis=1)
    towers = [int(str(peg) * discs, 3) for peg in range(3)]
    assert world.mdp.states == 3**discs
    assert choices.sum() == pairs
    assert set(choices[towers]) == {3}
    assert set(np.delete(choices, towers)) <= {4}


def test_the_index_of_a_state_is_its_name_in_base_three():
    for discs in (1, 3, 7):
        names = tower_of_hanoi(discs).state_names
        assert [int(name, 3) for name in names] == list(range(3**discs))
        assert {len(name) for name in names} == {discs}


def test_actions_do_what_they_are_called():
    world = tower_of_hanoi(3)
    after = {
        action: world.state_names[world.mdp.transition[int("102", 3), index].argmax()]
        for index, action in enumerate(world.action_names)
    }
    assert after == {
        "smallest clockwise": "202",
        "smallest anticlockwise": "002",
        "other disc": "122",
        "stay": "102",
    }


def test_the_optimal_path_of_three_discs():
    world = tower_of_hanoi(3)
    on_path = np.flatnonzero(world.on_shortest_path())
    by_step = on_path[np.argsort(world.distances_from(world.start)[on_path])]
    assert tuple(world.state_names[state] for state in by_step) == OPTIMAL_PATH


@pytest.mark.parametrize("discs", [1, 2, 3, 4, 7, 8])
def test_the_one_shortest_path_has_two_to_the_n_less_one_moves(discs):
    world = tower_of_hanoi(discs)
    assert world.distances_from(world.start)[world.goal] == 2**discs - 1
    assert world.on_shortest_path().sum() == 2**discs


@pytest.mark.parametrize("discs", [2, 3, 4])
def test_bottlenecks_are_all_states_in_which_the_largest_disc_can_move(discs):
    world = tower_of_hanoi(discs)
    begins, ends = world.adjacency().nonzero()
    crossing = world.clusters[begins] != world.clusters[ends]
    assert set(world.bottlenecks) == set(begins[crossing])
    assert len(world.bottlenecks) == 6


def test_bottlenecks_on_the_optimal_path_come_first():
    world = tower_of_hanoi(3)
    names = [world.state_names[state] for state in world.bottlenecks]
    assert names == ["110", "112", "001", "002", "220", "221"]
    back = tower_of_hanoi(3, start=(2, 2, 2), goal=(1, 1, 1))
    assert [back.state_names[state] for state in back.bottlenecks[:2]] == ["002", "001"]
    assert back.on_shortest_path()[back.bottlenecks[:2]].all()
    same = tower_of_hanoi(3, start=(0, 0, 0), goal=(1, 1, 0))
    assert list(same.bottlenecks) == sorted(same.bottlenecks)


def test_one_disc_is_a_triangle():
    world = tower_of_hanoi(1)
    assert list(world.bottlenecks) == [0, 2, 1]
    assert world.adjacency().toarray().tolist() == (1 - np.eye(3)).tolist()
    assert not world.mdp.available[:, world.action_names.index("other disc")].any()


def test_clusters_are_the_pegs_of_the_largest_disc():
    world = tower_of_hanoi(3)
    assert [int(name[-1]) for name in world.state_names] == world.clusters.tolist()


@pytest.mark.parametrize("discs", [1, 2, 3, 6])
def test_all_moves_have_length_one_in_the_drawing_and_towers_are_its_corners(discs):
    world = tower_of_hanoi(discs)
    begins, ends = world.adjacency().nonzero()
    steps = world.coordinates[begins] - world.coordinates[ends]
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 1.0, atol=1e-9)
    top, left, right = (world.coordinates[int(str(peg) * discs, 3)] for peg in range(3))
    side = 2**discs - 1
    np.testing.assert_allclose(left, [0, 0], atol=1e-9)
    np.testing.assert_allclose(right, [side, 0], atol=1e-9)
    np.testing.assert_allclose(top, [side / 2, side * np.sqrt(0.75)], atol=1e-9)


@pytest.mark.parametrize("discs", [1, 3, 5])
@pytest.mark.parametrize("reward", ["stay", "goal", "arrival", "terminal"])
def test_sparse_is_dense(discs, reward):
    dense = tower_of_hanoi(discs, reward, sparse=False).mdp
    compressed = tower_of_hanoi(discs, reward, sparse=True).mdp
    assert compressed.is_sparse
    assert not dense.is_sparse
    table = compressed.transition.toarray().reshape(dense.transition.shape)
    np.testing.assert_array_equal(table, dense.transition)
    np.testing.assert_array_equal(compressed.reward, dense.reward)
    np.testing.assert_array_equal(compressed.available, dense.available)


def test_models_are_sparse_from_seven_discs_on():
    assert not tower_of_hanoi(6).mdp.is_sparse
    assert tower_of_hanoi(7).mdp.is_sparse


def test_start_and_goal_by_index_or_by_pegs():
    by_pegs = tower_of_hanoi(3, start=(1, 1, 0), goal=np.array([0, 2, 2]))
    by_index = tower_of_hanoi(3, start=int("110", 3), goal=np.int64(int("022", 3)))
    assert (by_pegs.start, by_pegs.goal) == (by_index.start, by_index.goal) == (12, 8)
    assert by_pegs.mdp.initial[12] == 1.0


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"discs": 0}, ("discs", ">= 1", "0")),
        ({"discs": 2.0}, ("discs", ">= 1", "2.0")),
        ({"discs": 19}, ("discs", "at most 18", "19")),
        ({"discount": 1.0}, ("discount", "[0, 1)", "1.0")),
        ({"discount": float("nan")}, ("discount", "[0, 1)", "nan")),
        ({"discount": "high"}, ("discount", "[0, 1)", "'high'")),
        ({"reward": "win"}, ("reward", "one of", "'win'")),
        ({"goal": 27}, ("goal", "from 0 to 26", "27")),
        ({"start": -1}, ("start", "from 0 to 26", "-1")),
        ({"start": 1.5}, ("start", "from 0 to 26", "1.5")),
        ({"goal": (0, 1)}, ("goal", "0, 1 or 2 for each of 3 discs", "(0, 1)")),
        ({"goal": (0, 1, 3)}, ("goal", "0, 1 or 2", "(0, 1, 3)")),
        ({"start": "222"}, ("start", "0, 1 or 2", "'222'")),
    ],
)
def test_bad_arguments_are_refused(arguments, parts):
    refuses(lambda: tower_of_hanoi(**arguments), *parts)


@pytest.mark.slow
def test_twelve_discs_are_built_at_once():
    world = tower_of_hanoi(12)
    assert world.mdp.states == 531_441
    assert world.mdp.transition.nnz == 4 * 531_441 - 3
    assert world.state_names[world.bottlenecks[0]] == "1" * 11 + "0"
