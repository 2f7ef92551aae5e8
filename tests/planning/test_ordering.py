"""Sweep orders against breadth-first searches of SciPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from hierax.planning.ordering import growth, outwards
from hierax.planning.sweeps import compress, rows_of
from planning.models import tables


def levels(edges: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Steps from the nearest source to each state along ``edges (S, S)``; infinite if none."""
    graph = sp.csr_matrix(edges.astype(float))
    return dijkstra(graph, indices=sources, unweighted=True, min_only=True)


def distances_to_best(table: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """Steps to the best gain, each to the likeliest other state, by dense arithmetic."""
    states = len(table)
    loops = table[np.arange(states), :, np.arange(states)]
    gain = (reward / (1.0 - loops)).max(axis=1)
    others = table * (1.0 - np.eye(states)[:, None])
    edges = np.zeros((states, states), bool)
    for state, action in zip(*np.nonzero(others.max(axis=2)), strict=True):
        edges[others[state, action].argmax(), state] = True
    return levels(edges, np.flatnonzero(gain == gain.max()))


def check(rows, table, reward) -> np.ndarray:
    """The order, once it is shown to be one, outwards."""
    order, rank = outwards(*rows)
    np.testing.assert_array_equal(np.sort(order), np.arange(order.size))
    np.testing.assert_array_equal(order[rank], np.arange(order.size))
    distance = distances_to_best(table, reward)[order]
    near = distance[np.isfinite(distance)]
    assert (np.diff(near) >= 0).all()
    assert np.isfinite(distance[: near.size]).all()
    assert (np.diff(order[near.size :].astype(int)) > 0).all()
    return order


@given(given_tables=tables())
def test_states_come_by_their_distance_to_the_best_reward(given_tables):
    mdp = given_tables.dense()
    reward = np.where(mdp.available, given_tables.expected_reward(), -np.inf)
    check(rows_of(mdp), given_tables.discounted_transition(), reward)


@given(seed=st.integers(0, 1000), states=st.integers(1, 80), actions=st.integers(1, 3))
def test_sparse_graphs_of_every_connectivity(seed, states, actions):
    """With one or two successors a pair, many of these fall apart."""
    generator = np.random.default_rng(seed)
    table = np.zeros((states, actions, states))
    pairs = np.indices((states, actions))
    for _ in range(2):
        table[*pairs, generator.integers(states, size=(states, actions))] += 0.45 * (
            generator.random((states, actions))
        )
    reward = generator.integers(3, size=(states, actions)).astype(float)
    check(compress(table, reward, np.ones(reward.shape, bool)), table, reward)


def test_a_state_that_pays_for_staying_outbids_a_larger_single_reward():
    table = np.zeros((4, 1, 4))
    table[[0, 1, 2, 3], 0, [1, 2, 3, 3]] = 0.9
    reward = np.array([[5.0], [0.0], [0.0], [1.0]])
    order = check(compress(table, reward, np.ones((4, 1), bool)), table, reward)
    assert order.tolist() == [3, 2, 1, 0]


def grown(edges: np.ndarray) -> float:
    """`growth` of a model of one action with these edges."""
    rows = compress(0.5 * edges[:, None].astype(float), np.zeros((len(edges), 1)), np.True_)
    return growth(rows.starts, rows.columns, len(edges), 1)


def ring(states: int, steps: tuple[int, ...]) -> np.ndarray:
    edges = np.zeros((states, states), bool)
    for step in steps:
        edges[np.arange(states), (np.arange(states) + step) % states] = True
    return edges


@pytest.mark.parametrize("states", [3, 10, 101])
def test_chains_and_rings_grow_by_a_constant_each_step(states):
    half = (states + 1) // 2
    corridor = ring(states, (1,))
    corridor[-1, 0] = False
    for edges in (corridor, ring(states, (1,))):
        assert grown(edges) == pytest.approx(half ** (1 / (half - 1)))
    assert grown(ring(states, (1, -1))) == pytest.approx(half ** (1 / (half // 2)))


@given(seed=st.integers(0, 1000), states=st.integers(1, 60), chance=st.floats(0.01, 0.3))
def test_growth_follows_the_levels_of_a_search(seed, states, chance):
    """Where the search ends short of half of the states, the empty last step counts too."""
    edges = np.random.default_rng(seed).random((states, states)) < chance
    distance = levels(edges, np.array([0]))
    within = np.cumsum(np.bincount(distance[np.isfinite(distance)].astype(int)))
    enough = (states + 1) // 2
    steps = int((within < enough).sum())
    reached = min(int(within[-1]), enough)
    assert grown(edges) == pytest.approx(reached ** (1 / max(steps, 1)))
