"""Sub-goal options, eigenoptions and random options, against definitions worked out here."""

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import condition_on_goals, option_model, planning_curve, solve_bellman
from hierax.planning.option_gradient import (
    eigenoptions,
    laplacian_features,
    random_options,
    subgoal_options,
)
from hierax.worlds import GridWorld, four_rooms
from planning.models import random_tables
from refusals import assert_names, refusal

DISCOUNT = 0.95
ROOMS = {"slip": 1 / 3, "stay": False, "bump": True, "reward": "arrival", "discount": DISCOUNT}
WORLD = four_rooms(**ROOMS)
MDP = WORLD.mdp
HALLWAYS = WORLD.bottlenecks
MOVES = {"stay": False, "bump": True, "reward": "arrival", "discount": DISCOUNT}
UP, DOWN, LEFT, RIGHT = range(4)


def corridor(length):
    wall = "#" * (length + 2)
    return GridWorld.from_text(f"{wall}\n#{'G'.rjust(length, '.')}#\n{wall}", **MOVES).mdp


def best_hitting(mdp, goal):
    """The largest ``E[γ^T]`` of the time ``T ≥ 1`` of the next visit to ``goal``, ``(S,)``."""
    value, elsewhere = np.zeros(mdp.states), np.arange(mdp.states) != goal
    for _ in range(700):  # .95 ** 700 is 3e-16
        q = mdp.discount * mdp.transition @ np.where(elsewhere, value, 1.0)
        value = np.where(mdp.available, q, -np.inf).max(axis=1)
    return value


@pytest.mark.parametrize(
    ("mdp", "subgoals"),
    [(MDP, HALLWAYS), (random_tables(3, 9, 3, kind="sparse").dense(), [8, 0, 3])],
    ids=["rooms", "ragged"],
)
def test_subgoal_options_end_at_their_subgoal_as_early_as_can_be(mdp, subgoals):
    options = subgoal_options(mdp, subgoals)
    model = option_model(mdp, options)
    for k, goal in enumerate(subgoals):
        elsewhere = np.arange(mdp.states) != goal
        np.testing.assert_array_equal(options.termination[k], ~elsewhere)
        np.testing.assert_array_equal(model.transition[k][:, elsewhere], 0.0)
        # Discounted by the time that it takes, which is as short as any policy's.
        ends = model.transition[k][:, goal]
        np.testing.assert_allclose(ends, best_hitting(mdp, goal), atol=1e-10)


def test_subgoal_options_reach_their_subgoal_for_certain():
    for policy, goal in zip(subgoal_options(MDP, HALLWAYS).policy, HALLWAYS, strict=True):
        chain = np.einsum("sa,sat->st", policy, MDP.transition)
        on_the_way = chain * (np.arange(MDP.states) != goal)
        chance = np.linalg.solve(np.eye(MDP.states) - on_the_way, chain[:, goal])
        np.testing.assert_allclose(chance, 1.0, atol=1e-10)


def test_a_subgoal_option_started_at_its_subgoal_leaves_and_comes_back():
    mdp = corridor(7)
    model = option_model(mdp, subgoal_options(mdp, [3]))
    # Bumping into the wall is the shortest way back: one step.
    assert model.transition[0, 3, 3] == pytest.approx(DISCOUNT)
    assert model.duration[0, 3] == pytest.approx(1.0)


def test_a_subgoal_option_is_indifferent_among_shortest_ways():
    room = GridWorld.from_text("#####\n#..G#\n#...#\n#...#\n#####", **MOVES)
    policy = subgoal_options(room.mdp, [room.state_at((1, 1))]).policy[0]
    np.testing.assert_allclose(policy[room.state_at((2, 2))][[UP, LEFT]], 0.5)
    np.testing.assert_allclose(policy[room.state_at((2, 1))][UP], 1.0)
    np.testing.assert_allclose(policy[room.state_at((1, 3))][LEFT], 1.0)


def test_the_reward_of_the_model_plays_no_part():
    other = MDP.with_reward(np.random.default_rng(0).normal(size=MDP.reward.shape))
    for make in (lambda mdp: subgoal_options(mdp, HALLWAYS), lambda mdp: eigenoptions(mdp, 3)):
        np.testing.assert_array_equal(make(other).policy, make(MDP).policy)


@pytest.mark.parametrize("seed", [0, 7])
def test_hallway_options_plan_for_unseen_goals_as_fast_as_they_are_known_to(seed):
    held_out = np.random.default_rng(seed).permutation(MDP.states)[83:]
    primitives = condition_on_goals(MDP, None, held_out, primitives=True)
    optimum = solve_bellman(primitives).value
    hallways = subgoal_options(MDP, HALLWAYS)
    with_hallways = condition_on_goals(MDP, hallways, held_out, primitives=True)
    found, before = (
        [planning_curve(family, optimum, 50).sweeps_to(part) for part in (0.9, 0.95, 0.99)]
        for family in (with_hallways, primitives)
    )
    # option_gradient.md, 4.2: 10, 13 and 19 (18 on another split) against 27, 31 and 39.
    assert found[0] in (10, 11)
    assert found[1] == 13
    assert found[2] in (18, 19)
    np.testing.assert_allclose(before, [27, 31, 39], atol=1)


def graph(world):
    """Adjacency ``(S, S)`` of free cells that touch, from the coordinates alone."""
    cells = world.cells
    return np.abs(cells[:, None] - cells[None]).sum(axis=2) == 1


def slowest(world, count):
    """``(S, count)`` eigenvectors of ``D - W`` after the constant one, and their eigenvalues."""
    touching = graph(world).astype(float)
    sizes, vectors = np.linalg.eigh(np.diag(touching.sum(axis=1)) - touching)
    return vectors[:, 1 : count + 1], sizes[1 : count + 1]


def climbing(mdp, potential):
    """Action values ``(S, A)`` of gaining ``potential`` where stopping, worth 0, is allowed."""
    gain, value = mdp.transition @ potential - potential[:, None], np.zeros(mdp.states)
    for _ in range(700):
        q = gain + mdp.discount * mdp.transition @ value
        value = np.maximum(q.max(axis=1), 0.0)
    return q


@pytest.mark.parametrize("slip", [0.0, 1 / 3])
def test_eigenoptions_climb_their_eigenvectors_with_both_signs(slip):
    world = four_rooms(**ROOMS | {"slip": slip})
    options = eigenoptions(world.mdp, 4)
    vectors, sizes = slowest(world, 3)
    assert np.diff(sizes).min() > 1e-3  # each eigenvector is one of a kind
    for pair in range(2):
        tops = []
        for potential in (vectors[:, pair], -vectors[:, pair]):
            # Which of the two signs comes first is not fixed.
            ends = [options.termination[k][np.argmax(potential)] for k in (2 * pair, 2 * pair + 1)]
            k = 2 * pair + int(np.argmax(ends))
            tops.append(k)
            q = climbing(world.mdp, potential)
            size = np.abs(potential).max()
            best = q.max(axis=1) / size
            assert ((best < 1e-12) | (best > 1e-7)).all()  # so that ends are certain
            np.testing.assert_array_equal(options.termination[k], best < 1e-12)
            taken = options.policy[k] > 0
            short = q.max(axis=1, keepdims=True) - q
            assert short[taken].max() < 1e-8 * size
            assert short[~taken].min() > 1e-10 * size
        assert sorted(tops) == [2 * pair, 2 * pair + 1]


def test_eigenoptions_end_at_local_maxima_and_nowhere_else():
    world = four_rooms(**ROOMS | {"slip": 0.0})
    options, touching = eigenoptions(world.mdp, 6), graph(world)
    vectors, _ = slowest(world, 3)
    for pair in range(3):
        ends = {tuple(np.flatnonzero(row)) for row in options.termination[2 * pair : 2 * pair + 2]}
        for potential in (vectors[:, pair], -vectors[:, pair]):
            highest = np.where(touching, potential, -np.inf).max(axis=1) <= potential
            # From a lower top it may be worth while to cross a valley.
            mine = [end for end in ends if np.argmax(potential) in end]
            assert len(mine) == 1
            assert highest[list(mine[0])].all()


@pytest.mark.parametrize(("length", "middle"), [(7, [3]), (8, [3, 4])])
def test_eigenoptions_of_a_corridor_go_to_its_ends_and_to_its_middle(length, middle):
    """Its eigenvectors are cosines, cos(π m (i + ½) / length); the second ends on a plateau."""
    options = eigenoptions(corridor(length), 4)
    ends = [tuple(np.flatnonzero(row)) for row in options.termination]
    assert set(ends[:2]) == {(0,), (length - 1,)}
    assert set(ends[2:]) == {(0, length - 1), tuple(middle)}
    for policy, end in zip(options.policy[:2], ends[:2], strict=True):
        np.testing.assert_array_equal(policy[1:-1, RIGHT if end[0] else LEFT], 1.0)


def test_an_odd_number_of_eigenoptions_leaves_out_the_last_sign():
    three, four = eigenoptions(MDP, 3), eigenoptions(MDP, 4)
    np.testing.assert_array_equal(three.policy, four.policy[:3])


def test_dense_and_sparse_worlds_have_the_same_libraries():
    sparse = four_rooms(**ROOMS, sparse=True).mdp
    assert sp.issparse(sparse.transition)
    for make in (lambda mdp: subgoal_options(mdp, HALLWAYS), lambda mdp: eigenoptions(mdp, 4)):
        found, expected = make(sparse), make(MDP)
        np.testing.assert_allclose(found.policy, expected.policy, atol=1e-12)
        np.testing.assert_array_equal(found.termination, expected.termination)
    np.testing.assert_allclose(laplacian_features(sparse, 5), laplacian_features(MDP, 5))


def test_laplacian_features_are_the_smoothest_eigenvectors():
    features = laplacian_features(MDP, 4)
    vectors, _ = slowest(WORLD, 3)
    np.testing.assert_allclose(np.abs(features[:, 0]), 1.0, atol=1e-12)
    alike = np.abs(vectors.T @ features[:, 1:]) / np.sqrt(MDP.states)
    np.testing.assert_allclose(alike, np.eye(3), atol=1e-10)
    every = laplacian_features(MDP, MDP.states)
    np.testing.assert_allclose(every.T @ every, MDP.states * np.eye(MDP.states), atol=1e-9)


def test_trap_15_random_options_are_all_different():
    options = random_options(MDP, 6)
    for table in (options.reward, options.termination_logits, options.option(MDP).policy):
        rows = table.reshape(6, -1)
        distances = np.abs(rows[:, None] - rows[None]).max(axis=2)
        assert (distances[~np.eye(6, dtype=bool)] > 0.01).all()


def test_trap_16_random_options_end_now_and_then():
    options = random_options(MDP, 6)
    assert options.termination.mean() == pytest.approx(0.12, abs=0.02)
    assert options.termination.min() > 0.01
    assert options.termination.max() < 0.6
    duration = option_model(MDP, options.option(MDP)).duration  # discounted
    assert 4.0 < duration.mean() < 9.0
    assert options.reward.std() == pytest.approx(0.1, rel=0.1)


def test_random_options_follow_their_seed_and_their_settings():
    first, again, other = (random_options(MDP, 2, seed) for seed in (5, 5, [5, 1]))
    np.testing.assert_array_equal(first.reward, again.reward)
    np.testing.assert_array_equal(first.termination_logits, again.termination_logits)
    assert not np.allclose(first.reward, other.reward)
    assert first.count == 2
    assert random_options(MDP, 2, intrinsic="termination_aware").intrinsic == "termination_aware"


def test_random_options_of_features_begin_as_others_do():
    features = laplacian_features(MDP, 10)
    options = random_options(MDP, 3, features=features)
    assert options.reward.shape == options.termination_logits.shape == (3, 10)
    assert options.termination.shape == (3, MDP.states)
    assert np.median(options.termination) == pytest.approx(0.12, abs=0.05)


@pytest.mark.parametrize("count", [0, -1, 2.5, "two", True, None])
def test_a_count_that_is_none_is_refused(count):
    for make in (eigenoptions, random_options, laplacian_features):
        assert_names(refusal(make, MDP, count), f"count must be an integer >= 1 ... got {count!r}")


def test_more_eigenvectors_than_there_are_are_refused():
    assert_names(refusal(eigenoptions, MDP, 207), "count must be at most 206 ... 207")
    assert_names(refusal(laplacian_features, MDP, 105), "count must be at most 104 ... got 105")


@pytest.mark.parametrize(
    ("subgoals", "words"),
    [
        ([], "subgoals must be a list ... shape (0,)"),
        (3, "subgoals must be a list ... shape ()"),
        ([[1, 2]], "subgoals must be a list ... shape (1, 2)"),
        ([1.5], "type float64"),
        ([True], "type bool"),
        ("door", "subgoals must be a list ... shape ()"),
        (None, "subgoals must be a list ... shape ()"),
        ([3, -1], "subgoals must hold states from 0 to ... got -1"),
        ([104], "subgoals must hold states from 0 to 103 ... got 104"),
    ],
)
def test_subgoals_that_are_no_states_are_refused(subgoals, words):
    assert_names(refusal(subgoal_options, MDP, subgoals), words)


def test_what_is_no_model_is_refused():
    for make in (subgoal_options, eigenoptions, random_options, laplacian_features):
        assert_names(refusal(make, WORLD, [1]), "must be a TabularMDP")
