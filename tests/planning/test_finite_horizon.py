"""Backward induction, against the tree of all outcomes, known answers and derivatives."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import LogSumExp, TabularMDP, solve_bellman, solve_finite_horizon
from refusals import refuses


def random_model(seed, states=3, actions=2, discount=1.0, rounds=None):
    """A model in which some pairs are not available."""
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.ones(states), (states, actions))
    available = rng.random((states, actions)) < 0.8
    available[:, 0] = True
    return TabularMDP(transition, rng.normal(size=(states, actions)), discount, available=available)


def by_recursion(models, state, last, step=0):
    """The best expected return from a state: all actions and outcomes, one after the other."""
    if step == len(models):
        return last[state]
    model = models[step]
    table = np.asarray(model.transition) * model.discount
    return max(
        model.reward[state, action]
        + sum(
            table[state, action, after] * by_recursion(models, after, last, step + 1)
            for after in range(model.states)
        )
        for action in np.flatnonzero(model.available[state])
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_sparse", [False, True])
def test_values_are_those_of_the_tree_of_all_outcomes(seed, is_sparse):
    models = [random_model(10 * seed + step, discount=(1.0, 0.7)[step % 2]) for step in range(3)]
    last = np.random.default_rng(seed).normal(size=3)
    given = models
    if is_sparse:
        given = [
            TabularMDP(
                [sp.csr_array(m.transition[:, a]) for a in range(2)],
                m.reward, m.discount, available=m.available,
            )
            for m in models
        ]  # fmt: skip
    found = solve_finite_horizon(given, terminal_value=last)
    expected = [by_recursion(models, state, last) for state in range(3)]
    np.testing.assert_allclose(found.value[0], expected, atol=1e-12)
    np.testing.assert_array_equal(found.value[-1], last)
    followed = last
    for step in (2, 1, 0):
        q = np.where(models[step].available, found.action_value[step], 0.0)
        followed = (found.policy[step] * q).sum(axis=1)
        np.testing.assert_allclose(followed, found.value[step], atol=1e-12)
        assert not found.policy[step][~models[step].available].any()


def test_one_model_for_all_steps_is_a_sequence_of_it():
    mdp = random_model(0, discount=0.9)
    one, many = solve_finite_horizon(mdp, 5), solve_finite_horizon([mdp] * 5)
    for first, second in zip(one, many, strict=True):
        np.testing.assert_array_equal(first, second)
    assert [field.shape for field in one] == [(6, 3), (5, 3, 2), (5, 3, 2)]


def test_a_long_horizon_is_the_discounted_optimum():
    mdp = random_model(1, discount=0.8)
    found = solve_finite_horizon(mdp, 200)
    np.testing.assert_allclose(found.value[0], solve_bellman(mdp).value, atol=1e-8)


def test_a_house_is_sold_at_the_published_thresholds():
    # Ross (1983), an asset with offers uniform on 0 ... 1: accept an offer above a_n with n offers
    # left, where a_1 = 0 and a_{n+1} = (1 + a_n^2) / 2.
    offers = np.linspace(0.0, 1.0, 2_001)
    weights = np.full(offers.size, 1.0 / offers.size)
    states = offers.size + 1  # the last one: sold
    refuse = np.zeros((states, states))
    refuse[:-1, :-1] = weights
    refuse[-1, -1] = 1.0
    accept = np.zeros((states, states))
    accept[:, -1] = 1.0
    reward = np.zeros((states, 2))
    reward[:-1, 1] = offers
    mdp = TabularMDP(np.stack([refuse, accept], axis=1), reward, 1.0)
    found = solve_finite_horizon(mdp, 6)
    threshold = 0.0
    for left in range(1, 7):
        accepted = found.policy[6 - left, :-1, 1] > 0.5
        assert offers[accepted].min() == pytest.approx(threshold, abs=2e-3)
        threshold = (1.0 + threshold**2) / 2.0


def test_values_have_derivatives():
    mdp = random_model(2, discount=0.9)

    def start(reward):
        changed = mdp.with_reward(reward)
        return solve_finite_horizon(changed, 4, operator=LogSumExp(0.2)).value[0, 0]

    with jax.enable_x64(True):
        slope = np.asarray(jax.grad(start)(jnp.asarray(mdp.reward)))
    for pair in itertools.product(range(3), range(2)):
        step = np.zeros((3, 2))
        step[pair] = 1e-6
        numeric = (start(mdp.reward + step) - start(mdp.reward - step)) / 2e-6
        assert slope[pair] == pytest.approx(numeric, abs=1e-8)


def test_jax_and_the_host_agree_on_a_sequence():
    models = [random_model(seed) for seed in range(3)]

    def start(last):
        return solve_finite_horizon(models, terminal_value=last).value[0]

    last = np.array([1.0, -1.0, 0.5])
    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(start)(jnp.asarray(last)), start(last), atol=1e-12)


def test_bad_arguments_are_named():
    mdp = random_model(0)
    refuses(lambda: solve_finite_horizon(mdp), "horizon ... None")
    refuses(lambda: solve_finite_horizon(mdp, 0), "horizon ... 0")
    refuses(lambda: solve_finite_horizon([]), "mdp ... a model for each step ... empty")
    refuses(lambda: solve_finite_horizon([mdp, 3]), "mdp must be a TabularMDP ... int")
    refuses(lambda: solve_finite_horizon([mdp], 2), "horizon ... number of models, 1 ... 2")
    refuses(lambda: solve_finite_horizon(mdp, 2, [0.0]), "terminal_value ... (3,)")
    refuses(lambda: solve_finite_horizon(mdp, 2, operator=max), "operator")
    other = random_model(0, states=4)
    refuses(lambda: solve_finite_horizon([mdp, other]), "3 states ... 4 ... step 1")
