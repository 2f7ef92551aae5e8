"""Every registered world: its model, the four rules of reward, other goals, distances."""

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning.mdp import TabularMDP
from hierax.worlds import GridWorld, TabularWorld, make_tabular, tabular_names
from hierax.worlds.tabular import REWARD_RULES, join_actions
from refusals import refuses

WORLDS = {name: make_tabular(name) for name in tabular_names()}
EVERY_WORLD = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)


def breadth_first(world: TabularWorld, source: int) -> np.ndarray:
    """Distances from `source` by an independent breadth-first search over dense transitions."""
    reaches = world.mdp.transition.sum(axis=1) > 0
    distance = np.full(world.mdp.states, np.inf)
    frontier, steps = np.arange(world.mdp.states) == source, 0
    while frontier.any():
        distance[frontier] = steps
        frontier, steps = reaches[frontier].any(axis=0) & np.isinf(distance), steps + 1
    return distance


@EVERY_WORLD
def test_rows_of_available_pairs_sum_to_one_and_others_are_zero(world):
    sums = world.mdp.transition.sum(axis=-1)
    np.testing.assert_allclose(sums, world.mdp.available, atol=1e-15)


@EVERY_WORLD
def test_names_places_and_labels_are_one_for_each_state(world):
    states, actions = world.mdp.states, world.mdp.actions
    assert len(set(world.state_names)) == states
    assert len(set(world.action_names)) == actions
    assert len(np.unique(world.coordinates, axis=0)) == states
    assert world.clusters.shape == (states,)
    assert set(world.bottlenecks) <= set(range(states))


@EVERY_WORLD
def test_a_run_begins_at_the_start(world):
    np.testing.assert_array_equal(world.mdp.initial, np.arange(world.mdp.states) == world.start)


@EVERY_WORLD
def test_staying_is_available_everywhere_and_stays(world):
    stay = world.action_names.index("stay")
    np.testing.assert_array_equal(world.mdp.transition[:, stay], np.eye(world.mdp.states))


@EVERY_WORLD
def test_every_move_can_be_undone(world):
    adjacency = world.adjacency()
    assert (adjacency != adjacency.T).nnz == 0
    assert adjacency.diagonal().sum() == 0


@EVERY_WORLD
def test_distances_are_those_of_a_breadth_first_search(world):
    expected = breadth_first(world, world.start)
    np.testing.assert_array_equal(world.distances_from(world.start), expected)
    np.testing.assert_array_equal(world.distances_to(world.start), expected)  # all moves undo


@EVERY_WORLD
def test_clusters_touch_only_at_bottlenecks_and_wormholes(world):
    begins, ends = world.adjacency().nonzero()
    crossing = world.clusters[begins] != world.clusters[ends]
    gates = [*world.bottlenecks, *world.marks.values()]
    assert (np.isin(begins, gates) | np.isin(ends, gates))[crossing].all()


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("name", ["Hanoi3-v0", "FourRooms-v0"])
@pytest.mark.parametrize("rule", REWARD_RULES)
def test_reward_and_discount_of_each_rule(name, rule, as_sparse):
    world = make_tabular(name, reward=rule, sparse=as_sparse, discount=0.9)
    mdp, goal = world.mdp, world.goal
    expected = np.zeros((mdp.states, mdp.actions))
    if rule == "stay":
        expected[goal, world.action_names.index("stay")] = 1.0
    elif rule == "goal":
        expected[goal] = mdp.available[goal]
    else:
        expected = make_tabular(name).mdp.transition[:, :, goal].copy()
        expected[goal] = 0.0
    np.testing.assert_array_equal(mdp.reward, expected)
    ends = np.arange(mdp.states) == goal
    np.testing.assert_array_equal(
        mdp.discount, np.where(ends, 0, 0.9) if rule == "terminal" else 0.9
    )


@pytest.mark.parametrize("rule", REWARD_RULES)
def test_value_of_the_shortest_path_under_each_rule(rule):
    # A corridor of 4 cells, goal at the right: the best value at distance d in closed form.
    discount = 0.8
    world = GridWorld.from_text("S..G", reward=rule, discount=discount)
    distance = np.array([3, 2, 1, 0])
    value = np.zeros(4)
    for _ in range(400):
        ahead = (world.mdp.transition * world.mdp.discount) @ value
        value = np.where(world.mdp.available, world.mdp.reward + ahead, -np.inf).max(axis=1)
    if rule in ("stay", "goal"):
        expected = discount**distance / (1 - discount)
    else:
        # Where the run goes on, leaving and coming back takes two steps for each reward.
        again = discount**2 if rule == "arrival" else 0.0
        arrivals = discount ** (distance - 1.0) / (1 - again)
        arrivals[3] = discount / (1 - again)
        expected = arrivals
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_a_slip_into_the_goal_is_paid_by_its_probability():
    world = GridWorld.from_text("...\n.G.\n...", slip=0.3, reward="arrival")
    below = world.mdp.reward[world.state_at((2, 1))]
    np.testing.assert_allclose(below, [0.7, 0.0, 0.15, 0.15, 0.0], atol=1e-15)


@pytest.mark.parametrize("rule", REWARD_RULES)
@pytest.mark.parametrize("first_rule", REWARD_RULES)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_with_goal_is_the_world_built_with_that_goal(rule, first_rule, as_sparse):
    moved = make_tabular("FourRooms-v0", reward=first_rule, sparse=as_sparse).with_goal(62, rule)
    built = make_tabular("FourRooms-v0", reward=rule, sparse=as_sparse, goal=(7, 9))
    assert (moved.goal, moved.reward, moved.start) == (built.goal, built.reward, built.start)
    assert moved.text == built.text
    np.testing.assert_array_equal(moved.mdp.reward, built.mdp.reward)
    np.testing.assert_array_equal(moved.mdp.discount, built.mdp.discount)


def test_with_goal_keeps_the_rule_and_leaves_the_first_world_alone():
    world = make_tabular("Hanoi3-v0", reward="goal")
    before = world.mdp.reward.copy()
    moved = world.with_goal(np.int64(13))
    assert (moved.goal, moved.reward) == (13, "goal")
    assert moved.mdp.reward[13].sum() == moved.mdp.available[13].sum()
    np.testing.assert_array_equal(world.mdp.reward, before)


def test_shortest_paths_of_a_one_way_model():
    # 0 -> 1 -> 2 -> 0: distances differ by direction.
    ring = np.roll(np.eye(3), 1, axis=1)[:, None, :]
    world = TabularWorld(
        name="ring",
        mdp=TabularMDP(ring, np.zeros((3, 1)), 0.9, initial=0),
        state_names=("0", "1", "2"),
        action_names=("go",),
        coordinates=np.zeros((3, 2)),
        start=0,
        goal=1,
        bottlenecks=np.array([], dtype=int),
        clusters=np.zeros(3, dtype=int),
        reward="goal",
        discount=0.9,
    )
    np.testing.assert_array_equal(world.distances_from(0), [0, 1, 2])
    np.testing.assert_array_equal(world.distances_to(0), [0, 2, 1])
    np.testing.assert_array_equal(world.on_shortest_path(), [True, True, False])


def test_shortest_path_where_the_goal_is_out_of_reach():
    assert not GridWorld.from_text("S.#.G").on_shortest_path().any()


def test_shortest_path_needs_a_start():
    refuses(GridWorld.from_text("..G").on_shortest_path, "GridWorld", "start")


def test_join_actions_goes_sparse_by_size():
    def joined(states: int) -> object:
        return join_actions([sp.csr_matrix(sp.identity(states))] * 2, None)

    assert isinstance(joined(1999), np.ndarray)
    assert isinstance(joined(2000), list)


def test_repr_is_one_line_even_of_a_large_world():
    world = make_tabular("FourRooms-v0", size=53)
    assert repr(world) == (
        "GridWorld('FourRooms-v0 (size 53)': 2504 states, 5 actions, "
        "from (1,1) to (51,51), reward 'stay')"
    )
    assert "from anywhere to (0,2)" in repr(GridWorld.from_text("..G"))


@pytest.mark.parametrize("state", [-1, 27, 1.0, True, "222", None])
def test_unknown_states_are_refused(state):
    world = WORLDS["Hanoi3-v0"]
    rule, given = "from 0 to 26", repr(state)
    refuses(lambda: world.with_goal(state), "goal", rule, given)
    refuses(lambda: world.distances_from(state), "state", rule, given)
    refuses(lambda: world.distances_to(state), "state", rule, given)


def test_unknown_rules_are_refused():
    with pytest.raises(
        ValueError, match=r"reward must be one of 'stay', 'goal', 'arr.*, got 'win'"
    ):
        WORLDS["Hanoi3-v0"].with_goal(0, "win")


def test_reward_for_staying_needs_the_action():
    refuses(lambda: make_tabular("FourRooms-v0", stay=False), "reward", "'goal'", "'stay'")
