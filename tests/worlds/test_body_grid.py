"""The grid of bodies: steps by hand, its exact model, the optimum, and random walks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import evaluate_policy, solve_bellman
from hierax.worlds import BodyGrid, check_world, make
from hierax.worlds.body_grid import ACTIONS, BodyState
from hierax.worlds.scene import position_of, scene_of
from refusals import refuses

KEY = jax.random.key(0)
RIGHT, LEFT, UP, DOWN = range(4)
GAMMA = 0.97


def at(cell, inner=(0, 0), goal=(2, 2)):
    return BodyState(*(jnp.array(each, jnp.int32) for each in (cell, inner, goal)))


def driven(world, state, actions):
    """The states and timesteps of a sequence of actions."""

    def step(state, action):
        state, timestep = world.step(state, action, KEY)
        return state, (state, timestep)

    return jax.lax.scan(step, state, jnp.array(actions))[1]


def test_steps_computed_by_hand():
    world = BodyGrid(body=2, size=4)
    states, shown = driven(world, at((0, 0)), [RIGHT, RIGHT, LEFT, UP, UP, LEFT, DOWN])
    cells = [(0, 0), (1, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 1)]
    inner = [(1, 0), (0, 0), (-1, 0), (-1, 1), (-1, 0), (0, 0), (0, -1)]
    np.testing.assert_array_equal(states.cell, cells)
    np.testing.assert_array_equal(states.inner, inner)
    np.testing.assert_allclose(shown.reward, -0.1)
    np.testing.assert_allclose(shown.observation["body"], np.array(inner) / 2)


def test_the_border_stops_a_body_that_would_leave():
    states, shown = driven(BodyGrid(body=2, size=3), at((0, 1)), [LEFT, LEFT, LEFT])
    np.testing.assert_array_equal(states.cell, [(0, 1)] * 3)
    np.testing.assert_array_equal(states.inner, [(-1, 0), (0, 0), (-1, 0)])
    np.testing.assert_allclose(shown.reward, [-0.1, -0.3, -0.1], rtol=1e-6)


@pytest.mark.parametrize(("rule", "rewards"), [("paper", (-0.1, 0.9)), ("goal", (0.0, 1.0))])
def test_the_goal_ends_an_episode(rule, rewards):
    _, shown = driven(BodyGrid(size=3, reward=rule), at((0, 2)), [RIGHT, RIGHT])
    np.testing.assert_allclose(shown.reward, rewards, rtol=1e-6)
    np.testing.assert_array_equal(shown.terminated, [False, True])
    np.testing.assert_array_equal(shown.success, [False, True])


def test_the_task_says_where_body_and_goal_are_and_nothing_of_the_body():
    world = BodyGrid(body=4, size=3)
    _, shown = world.step(at((0, 1), (0, 2)), jnp.array(RIGHT), KEY)
    one_hot = np.eye(3)[[0, 1, 2, 2]].ravel()
    np.testing.assert_allclose(shown.observation["task"], [*one_hot, 2 / 3, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(shown.observation["body"], [0.25, 0.5])


def test_first_cells_are_uniform_over_all_pairs():
    world = BodyGrid(body=3, size=2)
    states, shown = jax.vmap(world.reset)(jax.random.split(KEY, 12_000))
    pairs = np.concatenate([states.cell, states.goal], axis=1) @ [8, 4, 2, 1]
    found = np.bincount(pairs, minlength=16)
    assert all(found[[0, 5, 10, 15]] == 0)  # the body on its goal
    np.testing.assert_allclose(found[found > 0], 1_000, atol=5 * np.sqrt(1_000))
    assert (found > 0).sum() == 12
    assert not states.inner.any()
    assert not shown.reward.any()


@pytest.mark.parametrize("rule", ["paper", "goal"])
def test_the_model_makes_the_steps_of_the_world(rule):
    goal = (1, 2)
    world = BodyGrid(body=2, size=3, reward=rule)
    model = world.model(goal, GAMMA)
    cell, inner = world._states()
    assert model.states == len(cell) == 9 * 9
    each = BodyState(jnp.array(cell), jnp.array(inner), jnp.broadcast_to(jnp.array(goal), (81, 2)))
    outside = ~(cell == goal).all(axis=1)
    steps = jax.vmap(lambda state, action: world.step(state, action, KEY), (0, None))
    for action in range(len(ACTIONS)):
        after, shown = steps(each, jnp.array(action))
        following = world._index(np.asarray(after.cell), np.asarray(after.inner))
        rows = model.transition[np.arange(81) * 4 + action].toarray()
        np.testing.assert_array_equal(rows, np.eye(81)[following])
        np.testing.assert_allclose(model.reward[outside, action], shown.reward[outside], atol=1e-6)
        ends = np.asarray(model.discount)[following] == 0.0
        np.testing.assert_array_equal(ends[outside], shown.terminated[outside])
    begins = model.initial > 0
    assert begins.sum() == 8
    assert not inner[begins].any()


def test_the_optimum_is_the_shortest_way():
    body, goal = 3, (3, 0)
    world = BodyGrid(body=body, size=4)
    model = world.model(goal, GAMMA)
    value = solve_bellman(model).value
    cell, _ = world._states()
    begins = np.flatnonzero(model.initial)
    steps = body * np.abs(cell[begins] - goal).sum(axis=1)
    expected = GAMMA ** (steps - 1) - 0.1 * (1 - GAMMA**steps) / (1 - GAMMA)
    np.testing.assert_allclose(value[begins], expected, atol=1e-9)


def test_the_mean_return_of_the_optimum():
    """Cells are 2 size / 3 apart on average, so it is 1 - 0.1 n 2 size / 3 without discount."""
    world = BodyGrid(size=8)
    found = []
    for goal in np.ndindex(8, 8):
        model = world.model(goal, 1 - 1e-9)
        found.append(model.initial @ solve_bellman(model).value)
    assert np.mean(found) == pytest.approx(1 - 0.1 * 16 / 3, abs=1e-6)


def test_random_walks_have_the_value_of_the_uniform_policy():
    world, goal = BodyGrid(body=2, size=3), (2, 2)
    model = world.model(goal, GAMMA)
    value = model.initial @ evaluate_policy(model, np.full((model.states, 4), 0.25))

    def walk(key):
        reset_key, walk_key = jax.random.split(key)
        start = world.reset(reset_key)[0]

        def step(at, key):
            state, total, weight = at
            state, shown = world.step(state, jax.random.randint(key, (), 0, 4), key)
            following = weight * jnp.where(shown.terminated, 0.0, GAMMA)
            return (state, total + weight * shown.reward, following), None

        at, _ = jax.lax.scan(step, (start, 0.0, 1.0), jax.random.split(walk_key, 400))
        return at[1], (start.goal == jnp.array(goal)).all()

    returns, is_goal = jax.jit(jax.vmap(walk))(jax.random.split(KEY, 20_000))
    found = np.asarray(returns)[np.asarray(is_goal)]
    assert found.mean() == pytest.approx(value, abs=4 * found.std() / np.sqrt(len(found)))


def test_bodies_are_worlds():
    for body in (1, 2, 4, 8, 16):
        world = make(f"BodyGrid{body}-v0")
        assert (world.body, world.size, world.spec.name) == (body, 8, f"BodyGrid{body}-v0")
    assert check_world(make("BodyGrid4-v0", size=16, reward="goal")).has_success


def test_the_grid_is_seen_from_above():
    world = BodyGrid(body=2, size=3)
    state = at((1, 2), (1, -1), goal=(0, 2))
    seen = scene_of(world, state)
    assert (seen.free, seen.goal) == (((-0.5, -0.5, 2.5, 2.5),), (0, 2))
    np.testing.assert_allclose(position_of(world, state), [1 + 1 / 3, 2 - 1 / 3])


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: BodyGrid(body=0), ("body", ">= 1", "got 0")),
        (lambda: BodyGrid(size=1), ("size", ">= 2", "got 1")),
        (lambda: BodyGrid(reward="sparse"), ("reward", "'paper'", "'goal'", "got 'sparse'")),
        (lambda: BodyGrid().model((8, 0), 0.9), ("goal", "from 0 to 7", "got (8, 0)")),
        (lambda: BodyGrid().model((1, 0), 1.0), ("discount", "got 1.0")),
    ],
)
def test_what_is_not_allowed_is_refused(call, parts):
    refuses(call, *parts)
