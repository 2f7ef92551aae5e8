"""Average rewards, against all policies of small models, linear programs and known answers."""

import itertools

import jax
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp

from hierax.planning import TabularMDP, solve_bellman
from hierax.planning.average_reward import evaluate_average_reward, solve_average_reward
from refusals import refuses

MODELS = 600


def random_tables(seed):
    """Transition, reward and available pairs of 1 to 5 states: periodic, multichain, full, tied."""
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    transition = np.zeros((states, actions, states))
    kind = rng.integers(3)
    for row in transition.reshape(-1, states):
        few = rng.choice(states, min(states, int(rng.integers(1, 3))), replace=False)
        if kind == 0:
            row[few[0]] = 1.0  # cycles of several lengths
        elif kind == 1:
            row[few] = 1 / len(few)
        else:
            row[:] = rng.dirichlet(np.ones(states))
    reward = rng.integers(-2, 3, (states, actions)).astype(float)
    if rng.random() < 0.5:
        reward = rng.normal(size=(states, actions))
    available = rng.random((states, actions)) < 0.8
    available[np.arange(states), rng.integers(actions, size=states)] = True
    return transition, reward, available


def limiting(transition):
    """The limit of the mean of powers of a chain: that of the powers of a lazy one."""
    power = 0.5 * (np.eye(len(transition)) + transition)
    for _ in range(60):
        power = power @ power
        power /= power.sum(axis=1, keepdims=True)
    return power


def best_gain(transition, reward, available):
    """The largest gain of all deterministic policies."""
    states = np.arange(len(transition))
    offered = [np.flatnonzero(row) for row in available]
    return np.max(
        [
            limiting(transition[states, list(choice)]) @ reward[states, list(choice)]
            for choice in itertools.product(*offered)
        ],
        axis=0,
    )


def test_gains_are_those_of_the_best_policy_of_small_models():
    classes = set()
    for seed in range(MODELS):
        transition, reward, available = random_tables(seed)
        mdp = TabularMDP(transition, reward, 0.5, available=available)
        found = solve_average_reward(mdp)
        expected = best_gain(transition, reward, available)
        assert found.converged, seed
        assert np.abs(found.gain - expected).max() <= found.error_bound + 1e-11, seed
        classes.add(int(found.classes.max()) + 1)
    assert classes >= {1, 2, 3}


@pytest.mark.parametrize("is_sparse", [False, True])
def test_gain_and_bias_of_a_policy_solve_their_equations(is_sparse):
    for seed in range(200):
        transition, reward, available = random_tables(seed)
        states, actions = reward.shape
        policy = np.random.default_rng(seed).dirichlet(np.ones(actions), states) * available
        policy /= policy.sum(axis=1, keepdims=True)
        given = (
            [sp.csr_array(transition[:, a]) for a in range(actions)] if is_sparse else transition
        )
        found = evaluate_average_reward(TabularMDP(given, reward, 0.9, None, available), policy)
        chain = np.einsum("sa,sat->st", policy, transition)
        earned = (policy * reward).sum(axis=1)
        long_run = limiting(chain)
        np.testing.assert_allclose(found.gain, long_run @ earned, atol=1e-10)
        np.testing.assert_allclose(found.gain + found.bias, earned + chain @ found.bias, atol=1e-10)
        np.testing.assert_allclose(long_run @ found.bias, 0.0, atol=1e-9)
        np.testing.assert_array_equal(found.classes == -1, long_run.max(axis=0) < 1e-9)


def test_gains_are_those_of_a_linear_program():
    # Puterman (1994), section 9.3: the least g with g >= P g and g + h >= r + P h.
    for seed in range(MODELS, MODELS + 100):
        transition, reward, available = random_tables(seed)
        states = len(transition)
        pairs = np.argwhere(available)
        rows = transition[tuple(pairs.T)] - np.eye(states)[pairs[:, 0]]
        zero = np.zeros_like(rows)
        here = -np.eye(states)[pairs[:, 0]]
        program = scipy.optimize.linprog(
            np.concatenate([np.ones(states), np.zeros(states)]),
            A_ub=np.block([[rows, zero], [here, rows]]),
            b_ub=np.concatenate([np.zeros(len(pairs)), -reward[tuple(pairs.T)]]),
            bounds=(-1e4, 1e4),
        )
        found = solve_average_reward(TabularMDP(transition, reward, 0.9, available=available))
        np.testing.assert_allclose(found.gain, program.x[:states], atol=1e-7)


def test_the_discounted_value_grows_as_the_gain():
    # (1 - γ) v -> g as γ -> 1 (Blackwell).
    transition, reward, available = random_tables(3)
    mdp = TabularMDP(transition, reward, 1 - 1e-8, available=available)
    np.testing.assert_allclose(
        1e-8 * solve_bellman(mdp).value, solve_average_reward(mdp).gain, atol=1e-6
    )


def test_howards_taxi():
    # Howard (1960), table 4.1: three towns, gain 13.34474, from the policy (2, 2, 2).
    rows = {
        0: [([1 / 2, 1 / 4, 1 / 4], [10, 4, 8]), ([1 / 16, 3 / 4, 3 / 16], [8, 2, 4]),
            ([1 / 4, 1 / 8, 5 / 8], [4, 6, 4])],
        1: [([1 / 2, 0, 1 / 2], [14, 0, 18]), ([1 / 16, 7 / 8, 1 / 16], [8, 16, 8])],
        2: [([1 / 4, 1 / 4, 1 / 2], [10, 2, 8]), ([1 / 8, 3 / 4, 1 / 8], [6, 4, 2]),
            ([3 / 4, 1 / 16, 3 / 16], [4, 0, 8])],
    }  # fmt: skip

    def step(town, action):
        chances, fares = rows[town][action]
        return [(p, t, fares[t]) for t, p in enumerate(chances) if p]

    mdp = TabularMDP.from_function([0, 1, 2], lambda town: range(len(rows[town])), step, 0.9)
    found = solve_average_reward(mdp)
    assert found.gain == pytest.approx(13.34454, abs=1e-4)
    chosen = [mdp.names.actions[a] for a in found.policy.argmax(axis=1)]
    assert [chosen[mdp.names.state_index(town)] for town in range(3)] == [1, 1, 1]


def test_a_policy_of_two_classes_has_two_gains():
    transition = np.zeros((3, 1, 3))
    transition[0, 0, 0] = transition[2, 0, 2] = 1.0
    transition[1, 0, [0, 2]] = 0.25, 0.75
    mdp = TabularMDP(transition, [[1.0], [5.0], [3.0]], 0.9)
    found = evaluate_average_reward(mdp, [0, 0, 0])
    assert found.gain.tolist() == [1.0, 2.5, 3.0]
    assert found.bias.tolist() == [0.0, 2.5, 0.0]
    assert found.classes.tolist() == [0, -1, 1]


def test_bad_arguments_are_named():
    mdp = TabularMDP(*random_tables(1)[:2], 0.9)
    refuses(lambda: solve_average_reward(3), "mdp must be a TabularMDP ... int")
    refuses(lambda: solve_average_reward(mdp, 0.0), "tolerance ... 0.0")
    refuses(lambda: evaluate_average_reward(mdp, np.ones((1, 1))), "policy")
    traced = jax.jit(lambda reward: solve_average_reward(mdp.with_reward(reward)).gain)
    refuses(lambda: traced(mdp.reward), "concrete arrays ... under jit")
