"""Policies with bounds on costs, against prices of the costs, the optimum, and a coin."""

import jax
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp

from hierax.planning import (
    TabularMDP,
    evaluate_policy,
    occupancy,
    solve_bellman,
    solve_constrained,
)
from refusals import refuses

MODELS = 500


def random_model(seed):
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(1, 6)), int(rng.integers(2, 4))
    transition = rng.dirichlet(np.full(states, 0.5), (states, actions))
    available = rng.random((states, actions)) < 0.8
    available[np.arange(states), rng.integers(actions, size=states)] = True
    given = [sp.csr_array(transition[:, a]) for a in range(actions)] if seed % 2 else transition
    reward, discount = rng.normal(size=(states, actions)), rng.uniform(0.3, 0.95)
    mdp = TabularMDP(given, reward, discount, rng.dirichlet(np.ones(states)), available)
    return mdp, rng.random((1, states, actions)), rng


def worth(mdp, cost, price):
    """Value and cost of the best policy with costs at a price."""
    found = solve_bellman(mdp.with_reward(mdp.reward - price * cost))
    spent = mdp.initial @ evaluate_policy(mdp.with_reward(cost), found.policy)
    return mdp.initial @ found.value, spent


def bounded(seed):
    """A model, its cost, and a bound that is above the least cost."""
    mdp, cost, rng = random_model(seed)
    least, most = worth(mdp, cost[0], 1e6)[1], worth(mdp, cost[0], 0.0)[1]
    return mdp, cost, least + rng.uniform(0.05, 1.2) * (most - least)


def test_no_policy_is_better_at_the_price_of_the_cost():
    random = 0
    for seed in range(MODELS):
        mdp, cost, bound = bounded(seed)
        found = solve_constrained(mdp, cost, [bound])
        (price,) = found.shadow_prices
        # Weak duality: what the best policy earns at this price is at least the optimum.
        best = worth(mdp, cost[0], price)[0] + price * bound
        assert found.value == pytest.approx(best, abs=1e-8)
        assert 0.0 <= found.error_bound < 2e-8
        assert found.costs[0] <= bound + 1e-8
        assert price * (bound - found.costs[0]) == pytest.approx(0.0, abs=1e-7)
        np.testing.assert_allclose(found.policy.sum(axis=1), 1.0)
        np.testing.assert_allclose(found.occupancy.sum(axis=1), occupancy(mdp, found.policy))
        assert mdp.initial @ evaluate_policy(mdp, found.policy) == pytest.approx(found.value)
        random += bool((found.policy.max(axis=1) < 1 - 1e-9).any())
    assert random > MODELS / 4


@pytest.mark.parametrize("seed", range(10))
def test_the_value_is_the_least_of_all_prices(seed):
    mdp, cost, bound = bounded(seed)
    found = scipy.optimize.minimize_scalar(
        lambda price: worth(mdp, cost[0], price)[0] + price * bound,
        bounds=(0.0, 1e3),
        method="bounded",
        options={"xatol": 1e-9},
    )
    value = solve_constrained(mdp, cost, [bound]).value
    assert value == pytest.approx(found.fun, abs=1e-6)


@pytest.mark.parametrize("bounds", [[], [1e6], [1e6, 1e6]])
def test_without_a_bound_that_is_reached_it_is_the_optimum(bounds):
    for seed in range(20):
        mdp, cost, _ = random_model(seed)
        found = solve_constrained(mdp, np.repeat(cost, len(bounds), axis=0), bounds)
        assert found.value == pytest.approx(mdp.initial @ solve_bellman(mdp).value, abs=1e-8)
        assert found.shadow_prices.tolist() == [0.0] * len(bounds)


def test_half_of_the_budget_is_a_coin():
    # One state: to work pays 1 and costs 1, to rest nothing. The budget is half of 1 / (1 - .9).
    mdp = TabularMDP(np.ones((1, 2, 1)), [[1.0, 0.0]], 0.9)
    found = solve_constrained(mdp, [[[1.0, 0.0]]], [5.0])
    np.testing.assert_allclose(found.policy, [[0.5, 0.5]])
    assert (found.value, found.costs[0]) == (pytest.approx(5.0), pytest.approx(5.0))
    np.testing.assert_allclose(found.shadow_prices, [1.0])


def test_what_cannot_be_kept_or_read_is_named():
    mdp, cost, _ = random_model(0)
    least = worth(mdp, cost[0], 1e6)[1]
    refuses(lambda: solve_constrained(mdp, cost, [0.5 * least]), "bounds ... least cost ... itself")
    refuses(lambda: solve_constrained(mdp, cost[0], [1.0]), "costs must have shape (M, S, A)")
    refuses(lambda: solve_constrained(mdp, cost, [1.0, 2.0]), "bounds must have shape (1,)")
    refuses(lambda: solve_constrained(mdp, cost, [np.nan]), "bounds must be finite")
    refuses(lambda: solve_constrained(mdp, cost * np.inf, [1.0]), "costs must be finite")
    refuses(lambda: solve_constrained(3, cost, [1.0]), "mdp must be a TabularMDP")
    ended = TabularMDP(np.ones((1, 2, 1)), [[0.0, 0.0]], 1.0)
    refuses(lambda: solve_constrained(ended, np.ones((1, 1, 2)), [1.0]), "discount must be below 1")
    traced = jax.jit(lambda bound: solve_constrained(mdp, cost, bound).value)
    refuses(lambda: traced(np.ones(1)), "concrete arrays ... under jit")
