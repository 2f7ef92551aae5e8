"""Tabular worlds to act in: planning and acting agree."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import TabularMDP, evaluate_policy
from hierax.spec import Discrete
from hierax.worlds import ActingWorld, GridWorld, TabularWorld, make_tabular
from hierax.worlds.tabular import REWARD_RULES

KEY = jax.random.key(0)
SLIPPERY = "S.#.\n...G\n#..."
WORLDS = {
    "deterministic": make_tabular("FourRooms-v0"),
    "with a wormhole": make_tabular("WormholeRooms-v0", reward="goal"),
    "towers, sparse": make_tabular("Hanoi3-v0", reward="arrival", sparse=True),
    "slippery": make_tabular("FourRooms-v0", slip=0.3, reward="terminal"),
    "slippery, sparse, bumping": make_tabular(
        "FourRooms-v0", slip=0.3, bump=True, sparse=True, reward="arrival", start=None
    ),
    "from text": GridWorld.from_text(SLIPPERY, slip=0.5, reward="stay"),
}
EVERY_WORLD = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)


def dense(world: TabularWorld) -> np.ndarray:
    """``(S * A, S)`` transitions of the model."""
    table = world.mdp.transition
    return table.toarray() if world.mdp.is_sparse else table.reshape(-1, world.mdp.states)


def kernel(world: TabularWorld) -> np.ndarray:
    """``(S * A, S)``: how likely a step is to lead to each state, read off the tables."""
    tables = ActingWorld(world).tables
    probability = np.diff(tables.cumulative.astype(float), axis=1, prepend=0.0)
    found = np.zeros((len(tables.successor), world.mdp.states))
    np.add.at(found, (np.arange(len(found))[:, None], tables.successor), probability)
    return found


@EVERY_WORLD
def test_steps_lead_where_the_model_says(world):
    available = world.mdp.available.ravel()
    # Cumulative probabilities are float32.
    np.testing.assert_allclose(kernel(world)[available], dense(world)[available], atol=2e-7)


@EVERY_WORLD
def test_actions_that_are_not_available_stay_put_unpaid(world):
    missing = ~world.mdp.available.ravel()
    stays = np.repeat(np.eye(world.mdp.states), world.mdp.actions, axis=0)
    np.testing.assert_array_equal(kernel(world)[missing], stays[missing])
    tables = ActingWorld(world).tables
    assert not tables.reward[missing].any()
    assert not tables.ends[missing].any()


@pytest.mark.parametrize("rule", REWARD_RULES)
@pytest.mark.parametrize("options", [{}, {"slip": 0.3}, {"slip": 0.3, "sparse": True}])
def test_rewards_and_ends_are_those_of_the_model(rule, options):
    world = make_tabular("FourRooms-v0", reward=rule, **options)
    tables = ActingWorld(world).tables
    probability = np.diff(tables.cumulative.astype(float), axis=1, prepend=0.0)
    expected = (probability * tables.reward).sum(axis=1)
    np.testing.assert_allclose(expected, world.mdp.reward.ravel(), atol=1e-6)
    enters_goal = (tables.successor == world.goal) & world.mdp.available.reshape(-1, 1)
    np.testing.assert_array_equal(tables.ends, enters_goal & (rule == "terminal"))


def test_entering_the_goal_is_paid_in_full():
    tables = ActingWorld(WORLDS["slippery"]).tables
    assert set(np.unique(tables.reward)) == {0.0, 1.0}


def test_discounts_of_single_transitions_end_episodes():
    move = np.array([[[0.5, 0.5]], [[0.0, 1.0]]])
    discount = np.array([[[0.9, 0.0]], [[0.9, 0.9]]])
    world = dataclasses.replace(
        GridWorld.from_text("SG", reward="goal"),
        mdp=TabularMDP(move, np.ones((2, 1)), discount, initial=0),
        action_names=("go",),
    )
    tables = ActingWorld(world).tables
    np.testing.assert_array_equal(tables.successor, [[0, 1], [1, 1]])
    np.testing.assert_array_equal(tables.ends, [[False, True], [False, False]])


@pytest.mark.parametrize("name", ["deterministic", "slippery", "slippery, sparse, bumping"])
def test_drawn_steps_are_as_frequent_as_the_model_says(name):
    world, draws = WORLDS[name], 4000
    acting = ActingWorld(world)
    state, action = world.state_at((3, 6)), 3  # in a door, moving right
    step = jax.jit(jax.vmap(acting.step, (None, None, 0)))
    reached, shown = step(jnp.array(state), jnp.array(action), jax.random.split(KEY, draws))
    frequency = np.bincount(reached, minlength=world.mdp.states) / draws
    expected = dense(world)[state * world.mdp.actions + action]
    deviation = np.sqrt(expected * (1 - expected) / draws)
    assert (np.abs(frequency - expected) <= 4 * deviation + 1e-12).all()
    np.testing.assert_array_equal(shown.observation["state"], reached)


@pytest.mark.parametrize("name", ["with a wormhole", "slippery"])
def test_mean_returns_are_the_values_that_planning_gives(name):
    world, episodes, steps = WORLDS[name], 4000, 200
    world = dataclasses.replace(world.with_goal(world.goal), discount=0.9)
    world = world.with_goal(world.goal)  # the reward rule once more, with the new discount
    acting, actions = ActingWorld(world), world.mdp.actions
    policy = world.mdp.available / world.mdp.available.sum(axis=1, keepdims=True)
    logits = np.log(np.maximum(policy, 1e-30)).astype(np.float32)

    def step(carry: tuple, key: jax.Array) -> tuple[tuple, None]:
        state, weight, so_far = carry
        keys = jax.random.split(key, episodes)
        action = jax.random.categorical(key, jnp.asarray(logits)[state])
        state, shown = jax.vmap(acting.step)(state, action, keys)
        so_far += weight * shown.reward
        return (state, 0.9 * weight * ~shown.terminated, so_far), None

    @jax.jit
    def run(state: jax.Array) -> jax.Array:
        begin = state, jnp.ones(episodes), jnp.zeros(episodes)
        return jax.lax.scan(step, begin, jax.random.split(KEY, steps))[0][2]

    start = int(np.flatnonzero(world.distances_to(world.goal) == 2)[0])
    returns = run(jnp.full(episodes, start, jnp.int32))
    value = evaluate_policy(world.mdp, policy)[start]
    error = np.std(returns) / np.sqrt(episodes)
    assert actions * value > 0
    assert abs(np.mean(returns) - value) < 4 * error


@EVERY_WORLD
def test_observations_are_what_the_spec_says(world):
    acting = ActingWorld(world, episode_limit=50)
    spec = acting.spec
    assert (spec.name, spec.episode_limit, spec.has_success) == (world.name, 50, True)
    assert spec.action == Discrete(world.mdp.actions)
    state, shown = acting.reset(KEY)
    assert shown.observation["state"].dtype == jnp.int32
    assert shown.observation["position"].shape == spec.view("position").shape
    assert spec.view("state").high == world.mdp.states - 1
    assert bool(shown.success) == (int(state) == world.goal)


@EVERY_WORLD
def test_places_keep_the_shape_of_the_drawing(world):
    acting = ActingWorld(world)
    states = jnp.arange(world.mdp.states)
    _, shown = jax.vmap(lambda state: acting.step(state, jnp.array(0), KEY))(states)
    reached = np.asarray(shown.observation["state"])
    places, drawn = np.asarray(shown.observation["position"]), world.coordinates[reached]
    assert np.abs(places).max() <= 1.0
    half = np.ptp(world.coordinates, axis=0).max() / 2
    np.testing.assert_allclose(np.ptp(places, axis=0) * half, np.ptp(drawn, axis=0), rtol=1e-5)
    np.testing.assert_allclose(places - places[0], (drawn - drawn[0]) / half, atol=1e-6)


def test_episodes_begin_as_the_model_says():
    begin = jax.jit(jax.vmap(ActingWorld(WORLDS["slippery, sparse, bumping"]).reset))
    state, _ = begin(jax.random.split(KEY, 10_000))
    counts = np.bincount(state, minlength=104)
    # 104 states with 96 expected each and a standard deviation of 10.
    assert counts.min() > 40
    assert counts.max() < 160
    fixed = WORLDS["slippery"]
    assert int(ActingWorld(fixed).reset(KEY)[0]) == fixed.start


def test_unequal_beginnings_are_drawn_by_their_probability():
    world = GridWorld.from_text("S..G")
    initial = np.array([0.5, 0.0, 0.3, 0.2])
    world = dataclasses.replace(world, mdp=world.mdp.with_initial(initial))
    state, _ = jax.jit(jax.vmap(ActingWorld(world).reset))(jax.random.split(KEY, 10_000))
    frequency = np.bincount(state, minlength=4) / 10_000
    np.testing.assert_allclose(frequency, initial, atol=0.025)
    assert frequency[1] == 0


def test_a_world_of_one_state_has_a_place():
    _, shown = ActingWorld(GridWorld.from_text("G")).reset(KEY)
    np.testing.assert_array_equal(shown.observation["position"], [0.0, 0.0])


def test_what_is_no_tabular_world_is_refused():
    with pytest.raises(ValueError, match=r"tabular must be of type T\w+, got 'FourRooms-v0'"):
        ActingWorld("FourRooms-v0")
    with pytest.raises(ValueError, match="episode_limit must be an integer >= 1, got 0"):
        ActingWorld(WORLDS["from text"], episode_limit=0)
