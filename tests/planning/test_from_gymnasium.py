"""Models of Gymnasium's toy-text environments: known values, and play by their own rules."""

import gymnasium
import numpy as np
import pytest

from hierax.planning import TabularMDP, evaluate_policy, solve_bellman
from refusals import refuses


def test_frozen_lake_is_reached_as_often_as_is_known():
    # The optimal policy of the slippery map of 4 x 4 reaches the goal in 14 of 17 episodes.
    mdp = TabularMDP.from_gymnasium("FrozenLake-v1", discount=1.0)
    found = solve_bellman(mdp)
    assert found.converged
    assert mdp.initial @ found.value == pytest.approx(14 / 17, abs=1e-9)


def test_the_cliff_takes_13_steps():
    mdp = TabularMDP.from_gymnasium(gymnasium.make("CliffWalking-v1"), discount=1.0)
    assert mdp.initial @ solve_bellman(mdp).value == pytest.approx(-13.0, abs=1e-9)
    assert mdp.states == 49


def test_taxi_drives_as_its_own_steps_do():
    env = gymnasium.make("Taxi-v4")
    mdp = TabularMDP.from_gymnasium(env, discount=1.0)
    found = solve_bellman(mdp)
    for seed in range(20):
        state, _ = env.reset(seed=seed)
        expected, total, ended = found.value[state], 0.0, False
        while not ended:
            state, reward, ended, _, _ = env.step(int(found.policy[state].argmax()))
            total += float(reward)
        assert total == pytest.approx(expected, abs=1e-8)


def test_a_random_policy_fares_as_in_the_environment():
    mdp = TabularMDP.from_gymnasium("FrozenLake-v1", discount=1.0)
    policy = mdp.available / mdp.available.sum(axis=1, keepdims=True)
    rate = mdp.initial @ evaluate_policy(mdp, policy)
    env = gymnasium.make("FrozenLake-v1").unwrapped
    random, wins = np.random.default_rng(0), 0
    env.reset(seed=0)
    for _ in range(2_000):
        env.reset()
        ended = False
        while not ended:
            _, reward, ended, _, _ = env.step(int(random.integers(4)))
        wins += reward
    assert wins / 2_000 == pytest.approx(rate, abs=4 * np.sqrt(rate / 2_000))


class Tables:
    """An environment with a table alone."""

    def __init__(self, table):
        self.P = table

    def reset(self, seed=None):
        return 0, {}


@pytest.mark.parametrize("kind", [dict, list])
def test_tables_may_be_mappings_or_lists(kind):
    rows = [[[(1.0, 1, -1.0, False)]], [[(1.0, 1, 0.0, True)]]]
    if kind is dict:
        rows = {state: dict(enumerate(row)) for state, row in enumerate(rows)}
    mdp = TabularMDP.from_gymnasium(Tables(rows))
    assert solve_bellman(mdp).value.tolist() == [-1.0, 0.0, 0.0]
    assert mdp.initial.tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ("CartPole-v1", "env must have a table ... CartPoleEnv"),
        ("NoLake-v1", "env must be an environment of Gymnasium, got 'NoLake-v1'"),
        (3, "env must have a table ... int"),
        (Tables({}), "env must have a table"),
        (Tables({0: {0: [(0.5, 0, 0.0, False)]}}), "sum to 1 ... 0.5 at state 0, action 0"),
        (Tables({0: {0: [(1.0, 5, 0.0, False)]}}), "states of P ... 5 ... at state 0, action 0"),
        (Tables({0: {0: [(1.0, 0, 0.0)]}}), "P must list (probability, next state, reward, done)"),
        (Tables({0: {}}), "actions must offer one in every state, got none in 0"),
    ],
)
def test_what_has_no_table_is_named(env, words):
    refuses(lambda: TabularMDP.from_gymnasium(env), words)
