"""solve_bellman on the host: optimal values, error bounds, termination, invalid arguments."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hierax.planning import (
    Boltzmann,
    HardMax,
    LogSumExp,
    Mellowmax,
    TabularMDP,
    action_values,
    evaluate_policy,
    solve_bellman,
)
from hierax.planning.bellman import METHODS
from planning.models import (
    CYCLING,
    CYCLING_OPERATOR,
    optimal_value,
    random_tables,
    rounding,
    tables,
)
from refusals import assert_names, refusal

EVERY_METHOD = pytest.mark.parametrize("method", METHODS)
SEEDS = st.integers(0, 2**32 - 1)
CONTRACTIONS = (HardMax(), LogSumExp(0.3), Mellowmax(0.3))
MODERATE = (0.0, 0.5, 0.9, 0.99)  # discounts for which plain sweeps are quick


def fixed_point(given, tau, shift):
    """``v`` with ``v = τ log Σ exp(q / τ) - shift(n)`` by plain iteration, to rounding."""
    transition, reward = given.discounted_transition(), given.expected_reward()
    value, change, before = np.zeros(len(reward)), np.inf, np.inf
    while change < before or before == np.inf:  # changes of a contraction fall until rounding
        q = np.where(given.available, (reward + transition @ value) / tau, -np.inf)
        new = tau * np.logaddexp.reduce(q, axis=1) - shift(given.available.sum(1))
        before, change, value = change, np.abs(new - value).max(), new
    return value


def check_certificate(solution, value, slack):
    """The error bound holds for the distance from ``value``, up to rounding of one backup."""
    assert np.abs(solution.value - value).max() <= solution.error_bound + slack


@EVERY_METHOD
@given(given=tables(MODERATE))
@settings(max_examples=25)
def test_the_error_bound_holds_against_enumeration_of_all_policies(method, given):
    value = optimal_value(given)
    for mdp in (given.dense(), given.sparse()):
        solution = solve_bellman(mdp, method=method)
        assert solution.converged
        check_certificate(solution, value, rounding(given, value))


@pytest.mark.parametrize("method", ["auto", "policy_iteration"])
@given(given=tables((0.999, 0.9999)))
@settings(max_examples=30)
def test_the_error_bound_holds_for_discounts_near_one(method, given):
    value = optimal_value(given)
    solution = solve_bellman(given.dense(), method=method)
    check_certificate(solution, value, rounding(given, value))
    # The certificate cannot be better than what rounding leaves of the residual.
    assert solution.error_bound <= max(1e-8, rounding(given, value))


@EVERY_METHOD
@given(given=tables((0.0, 0.5, 0.9)))
@settings(max_examples=15)
def test_soft_values_agree_with_plain_iteration(method, given):
    for operator, shift in (
        (LogSumExp(0.3), lambda n: 0.0 * n),
        (Mellowmax(0.3), lambda n: 0.3 * np.log(n)),
    ):
        value = fixed_point(given, 0.3, shift)
        solution = solve_bellman(given.sparse(), operator, method)
        assert solution.converged
        check_certificate(solution, value, 2 * rounding(given, value))


@EVERY_METHOD
def test_a_linear_program_finds_the_same_value(method):
    given = random_tables(7, states=30, actions=4, kind="sparse", discount=0.95)
    rows = given.available.ravel()
    matrix = np.repeat(np.eye(30), 4, axis=0) - given.discounted_transition().reshape(-1, 30)
    program = scipy.optimize.linprog(
        np.ones(30), -matrix[rows], -given.expected_reward().ravel()[rows], bounds=(None, None)
    )
    # The program is solved to 1e-7 in its constraints, which the horizon of 20 multiplies.
    np.testing.assert_allclose(
        solve_bellman(given.dense(), method=method).value, program.x, atol=5e-6
    )


@pytest.mark.parametrize("operator", CONTRACTIONS)
@given(given=tables(MODERATE), exponent=st.integers(-14, 3), method=st.sampled_from(METHODS))
@settings(max_examples=30)
def test_the_parts_of_a_solution_belong_together(operator, given, exponent, method):
    mdp, tolerance = given.dense(), 10.0**exponent
    solution = solve_bellman(mdp, operator, method, tolerance)
    q = action_values(mdp, solution.value)
    # The host sums in another order: a few units of rounding of the values.
    size = 1.0 + np.abs(solution.value).max()
    np.testing.assert_allclose(solution.action_value, q, atol=1e-14 * size)
    np.testing.assert_allclose(solution.policy, operator.policy(q), atol=1e-13 * size)
    residual = np.abs(operator.value(q) - solution.value).max()
    assert solution.residual == pytest.approx(residual, abs=1e-14 * size)
    # A residual below half a digit of the values is not evidence of a smaller error.
    known = max(solution.residual, 0.5 * math.ulp(np.abs(solution.value).max()))
    assert solution.error_bound == pytest.approx(known / (1 - mdp.contraction))
    assert solution.converged == (solution.error_bound <= tolerance)
    assert solution.converged or tolerance < 1e-8
    np.testing.assert_allclose(solution.policy.sum(axis=1), 1.0, rtol=1e-14)
    assert (solution.policy[~given.available] == 0).all()
    assert np.isneginf(q[~given.available]).all()


@given(given=tables(MODERATE))
@settings(max_examples=25)
def test_dense_and_sparse_agree(given):
    for operator in CONTRACTIONS:
        dense = solve_bellman(given.dense(), operator, "policy_iteration")
        sparse = solve_bellman(given.sparse(), operator, "policy_iteration")
        # Newton's method ends far below the tolerance, but maybe a step earlier in one of the two.
        atol = dense.error_bound + sparse.error_bound + 1e-12 + rounding(given, dense.value)
        np.testing.assert_allclose(sparse.value, dense.value, atol=atol)


@given(given=tables(MODERATE))
def test_the_hard_policy_attains_the_value(given):
    mdp = given.dense()
    solution = solve_bellman(mdp, tolerance=1e-10)
    # A policy greedy for values within ε of the optimum loses at most 2 ε / (1 - c).
    loss = 2 * max(solution.error_bound, 1e-10 * (1 + np.abs(solution.value).max()))
    attained = evaluate_policy(mdp, solution.policy)
    np.testing.assert_allclose(attained, solution.value, atol=2 * loss / (1 - mdp.contraction))


def torus(size):
    """Unit cost until the goal 0 on a deterministic torus: most states have two best moves."""
    cells = np.arange(size * size).reshape(size, size)
    moves = [np.roll(cells, *move).ravel() for move in ((1, 0), (-1, 0), (1, 1), (-1, 1), (0, 0))]
    rows = np.arange(size * size)
    matrices = [sp.csr_array((np.ones(rows.size), (rows, columns))) for columns in moves]
    discount = np.full(rows.size, 0.99)
    discount[0] = 0.0
    return TabularMDP(matrices, np.full((rows.size, 5), -1.0), discount)


@EVERY_METHOD
def test_ties_make_no_method_cycle(method):
    size = 12
    solution = solve_bellman(torus(size), method=method)
    ring = np.minimum(np.arange(size), size - np.arange(size))
    distance = (ring[:, None] + ring).ravel().astype(float)
    distance[0] = 1.0  # at the goal, staying enters it again
    # Costs of the steps, discounted: (1 - γ^d) / (1 - γ).
    np.testing.assert_allclose(solution.value, -(1 - 0.99**distance) / 0.01, atol=1e-8)
    assert solution.converged
    assert solution.steps <= (40 if "iteration" in method or method == "auto" else 400)


@EVERY_METHOD
def test_equal_actions_and_equal_rewards_end_at_once(method):
    mdp = TabularMDP(np.full((6, 4, 6), 1 / 6), np.zeros((6, 4)), 0.999)
    solution = solve_bellman(mdp, method=method)
    np.testing.assert_array_equal(solution.value, 0.0)
    assert solution.steps <= 2


@EVERY_METHOD
@pytest.mark.parametrize("states", [1, 4])
def test_one_action_is_evaluation(method, states):
    given = random_tables(1, states=states, actions=1)
    expected = evaluate_policy(given.dense(), np.ones((states, 1)))
    for operator in (*CONTRACTIONS, Boltzmann(0.3)):
        value = solve_bellman(given.dense(), operator, method).value
        np.testing.assert_allclose(value, expected, atol=1e-8)


@EVERY_METHOD
def test_with_discount_zero_the_value_is_the_best_reward(method):
    mdp = random_tables(2, discount=0.0).dense()
    best = np.where(mdp.available, mdp.reward, -np.inf).max(axis=1)
    np.testing.assert_array_equal(solve_bellman(mdp, method=method).value, best)


@given(SEEDS, st.floats(0.05, 2.0))
@settings(max_examples=20)
def test_log_sum_exp_is_mellowmax_shifted(seed, tau):
    mdp = random_tables(seed, ragged=False).dense()
    lse, mellow = (
        solve_bellman(mdp, make(tau), tolerance=1e-11) for make in (LogSumExp, Mellowmax)
    )
    # I7 of option_gradient.md: 1e-9.
    shift = tau * np.log(3) / (1 - 0.9)
    np.testing.assert_allclose(lse.value - mellow.value, shift, atol=1e-9)
    np.testing.assert_allclose(lse.policy, mellow.policy, atol=1e-9)


@given(tables(MODERATE), st.floats(0.05, 2.0))
@settings(max_examples=20)
def test_soft_values_keep_their_distance_from_the_hard_one(given, tau):
    mdp = given.dense()
    hard = optimal_value(given)
    lse, mellow = (solve_bellman(mdp, make(tau)).value for make in (LogSumExp, Mellowmax))
    # I8: the entropy of each step is at most τ log A; both sides are certified to 1e-8.
    farthest = tau * np.log(mdp.actions) / (1 - mdp.contraction) + 2e-8
    assert (lse - hard >= -2e-8).all()
    assert (lse - hard <= farthest).all()
    assert (hard - mellow >= -2e-8).all()
    assert (hard - mellow <= farthest).all()


@given(tables(MODERATE), SEEDS)
def test_the_bellman_operator_contracts_by_the_contraction(given, seed):
    mdp, rng = given.dense(), np.random.default_rng(seed)
    one, other = rng.normal(size=(2, mdp.states)) * 3
    for operator in CONTRACTIONS:
        backups = [operator.value(action_values(mdp, value)) for value in (one, other)]
        change = np.abs(backups[0] - backups[1]).max()
        assert change <= mdp.contraction * np.abs(one - other).max() + 1e-12  # I9


@EVERY_METHOD
def test_the_boltzmann_average_cycles_and_is_never_certified(method):
    solution = solve_bellman(CYCLING, CYCLING_OPERATOR, method)
    assert not solution.converged
    assert np.isposinf(solution.error_bound)
    assert np.isfinite(solution.value).all()


def test_value_iteration_with_the_boltzmann_average_cycles_at_a_large_residual():
    solution = solve_bellman(CYCLING, CYCLING_OPERATOR, "value_iteration")
    assert solution.residual == pytest.approx(1.13, abs=0.01)  # as option_gradient.md, 1.1 has it
    assert solution.steps >= 1_000


def test_where_the_boltzmann_average_settles_it_still_certifies_nothing():
    solution = solve_bellman(random_tables(0, discount=0.5).dense(), Boltzmann(2.0))
    assert solution.residual < 1e-8
    assert np.isposinf(solution.error_bound)
    assert not solution.converged


def test_an_impossible_tolerance_ends_and_is_not_called_converged():
    mdp = random_tables(3, discount=0.99).dense()
    for method in METHODS:
        solution = solve_bellman(mdp, method=method, tolerance=1e-300)
        assert solution.residual < 1e-12
        assert solution.converged == (solution.error_bound <= 1e-300)


@given(SEEDS)
@example(0)
@settings(max_examples=20)
def test_shifting_and_scaling_rewards_shifts_and_scales_values(seed):
    mdp = random_tables(seed).dense()
    value = solve_bellman(mdp).value
    shifted = solve_bellman(mdp.with_reward(mdp.reward + 2.0)).value
    scaled = solve_bellman(mdp.with_reward(100 * mdp.reward), tolerance=1e-6).value
    np.testing.assert_allclose(shifted, value + 2.0 / (1 - 0.9), atol=2e-8)
    np.testing.assert_allclose(scaled, 100 * value, atol=2e-6)


def test_float32_and_device_tables_are_solved_in_float64():
    P, r = np.full((4, 2, 4), 0.25), np.arange(8.0).reshape(4, 2)
    expected = solve_bellman(TabularMDP(P, r, 0.875)).value
    for kind in (np.float32, jnp.asarray):
        solution = solve_bellman(TabularMDP(kind(P), kind(r), kind(0.875)))
        np.testing.assert_array_equal(solution.value, expected)
        assert solution.value.dtype == np.float64
        assert type(solution.value) is np.ndarray
    on_device = jax.tree.map(jnp.asarray, LogSumExp(0.5))
    lse = solve_bellman(TabularMDP(P, r, 0.875), on_device)
    assert lse.converged
    assert type(lse.policy) is np.ndarray


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_bad_arguments_are_refused(layout):
    mdp = getattr(random_tables(0), layout)()
    assert_names(
        refusal(solve_bellman, None),
        "model must be a TabularMDP or an OptionModel ... got NoneType",
    )
    for operator in (HardMax, "max", None, np.max):
        assert_names(
            refusal(solve_bellman, mdp, operator),
            "operator must be of type HardMax, LogSumExp, Mellowmax or Boltzmann",
        )
    for method in ("newton", None, 3, np.array(["auto", "auto"])):
        assert_names(
            refusal(solve_bellman, mdp, HardMax(), method),
            f"method must be one of ... got {method!r}",
        )
    for tolerance in (0, -1e-8, np.nan, np.inf, None, "1e-8", True, [1e-8]):
        sentence = refusal(solve_bellman, mdp, HardMax(), "auto", tolerance)
        assert_names(sentence, f"tolerance must be a finite number > 0 ... got {tolerance!r}")
