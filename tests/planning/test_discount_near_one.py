"""Discounts up to 1 - 1e-12: the right value in bounded time, or an honest bound."""

import time
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from hierax.planning import LogSumExp, TabularMDP, evaluate_policy, solve_bellman
from planning.exact import (
    EPSILON,
    STALLING_REWARD,
    allowed,
    exact_value,
    random_model,
    stalling_transition,
)

POLICY_METHODS = pytest.mark.parametrize("method", ["auto", "policy_iteration"])


def model(transition, reward, discount, **more):
    return TabularMDP.from_arrays(transition, reward, discount, layout="sas", **more)


def check_against_fractions(seeds):
    for seed in seeds:
        transition, reward = random_model(seed)
        discount = 1.0 - 10.0 ** -(3 + seed % 10)
        want = exact_value(transition, reward, discount)
        size = float(max(map(abs, want)))
        for method in ("auto", "policy_iteration"):
            solution = solve_bellman(model(transition, reward, discount), method=method)
            errors = [
                abs(Fraction(got) - v) for got, v in zip(solution.value.tolist(), want, strict=True)
            ]
            error = float(max(errors))
            assert error <= allowed(discount) * size, (seed, method)
            assert error <= solution.error_bound + 4.0 * EPSILON / (1.0 - discount) * size
            assert error <= 1e-8 or not solution.converged, (seed, method)
            assert solution.steps <= 700, (seed, method)


def test_small_models_agree_with_exact_fractions():
    check_against_fractions([*range(30), 757])  # over-relaxed sweeps of 757 end where they begin


@pytest.mark.slow
def test_a_thousand_small_models_agree_with_exact_fractions():
    check_against_fractions(range(30, 1230))


@POLICY_METHODS
@pytest.mark.parametrize("exponent", [7, 8, 10, 12])
def test_a_model_on_which_sweeps_stall(method, exponent):
    discount = 1.0 - 10.0**-exponent
    mdp = model(stalling_transition(), STALLING_REWARD, discount)
    begin = time.process_time()
    solution = solve_bellman(mdp, method=method)
    assert time.process_time() - begin < 1.0
    want = float(exact_value(stalling_transition(), STALLING_REWARD, discount)[0])
    assert solution.value[0] == pytest.approx(want, rel=allowed(discount) / 10)
    if exponent == 7:
        assert solution.value[0] == pytest.approx(13_266_929.3208, abs=2e-3)
    assert not solution.converged
    assert solution.error_bound <= 1.1 * EPSILON * want / (1.0 - discount)


@POLICY_METHODS
@pytest.mark.parametrize("discount", [0.999, 0.9999, 1 - 1e-9])
def test_ties_at_rounding_level_end(method, discount):
    transition = np.eye(5)[np.array([[4, 3], [2, 0], [1, 0], [3, 3], [0, 2]])]
    solution = solve_bellman(model(transition, -np.ones((5, 2)), discount), method=method)
    np.testing.assert_allclose(solution.value, -1.0 / (1.0 - discount), rtol=1e-11)
    assert solution.steps <= 10
    assert solution.converged == (discount < 0.99999)


@POLICY_METHODS
@pytest.mark.parametrize("discount", [0.9999, 1 - 1e-7, 1 - 1e-11])
def test_full_rows_end_and_agree_with_one_linear_solve(method, discount):
    rng = np.random.default_rng(3)
    transition = rng.random((234, 3, 234))
    transition /= transition.sum(axis=2, keepdims=True)
    reward = rng.normal(size=(234, 3))
    solution = solve_bellman(model(transition, reward, discount), method=method)
    assert solution.steps <= 20
    choice, here = solution.policy.argmax(axis=1), np.arange(234)
    want = np.linalg.solve(np.eye(234) - discount * transition[here, choice], reward[here, choice])
    np.testing.assert_allclose(solution.value, want, rtol=allowed(discount))
    gain = reward + discount * transition @ want - want[:, None]
    assert gain.max() <= 40.0 * EPSILON * np.abs(want).max()


@pytest.mark.parametrize("discount", [1 - 1e-7, 1 - 1e-12])
def test_a_smooth_operator_ends_and_agrees_in_both_methods(discount):
    mdp = model(stalling_transition(), STALLING_REWARD, discount)
    one, other = (solve_bellman(mdp, LogSumExp(0.5), m) for m in ("auto", "policy_iteration"))
    np.testing.assert_allclose(one.value, other.value, rtol=allowed(discount))
    assert max(one.steps, other.steps) <= 50


def test_a_residual_of_zero_by_luck_is_no_evidence():
    """The float64 residual of -1 / (1 - γ) is 0, but the value has an error of rounding."""
    solution = solve_bellman(model(np.ones((1, 1, 1)), [[-1.0]], 1 - 1e-12))
    assert solution.residual == 0.0
    assert solution.error_bound >= 1.0
    assert not solution.converged


def test_rewards_of_any_size_scale_the_value():
    small, large = (
        solve_bellman(
            model(stalling_transition(), scale * STALLING_REWARD, 1 - 1e-9), tolerance=1e-8 * scale
        ).value
        / scale
        for scale in (2.0**-900, 2.0**900)
    )
    np.testing.assert_allclose(small, large, rtol=1e-14)


def stacked(columns, weights):
    """One sparse matrix for each action from successors and probabilities ``(A, k, S)``."""
    states = columns.shape[-1]
    rows = np.tile(np.arange(states), columns.shape[1])
    return [
        sp.csr_matrix((w.ravel(), (rows, c.ravel())), shape=(states, states))
        for c, w in zip(columns, weights, strict=True)
    ]


def grid(states, kind):
    """Four moves that slip, on a square; reward 1 at a corner, costs, or random rewards."""
    side = int(states**0.5)
    cells = np.pad(np.arange(side**2).reshape(side, side), 1, mode="edge")
    moves = np.stack([cells[:-2, 1:-1], cells[2:, 1:-1], cells[1:-1, :-2], cells[1:-1, 2:]])
    columns = np.broadcast_to(moves.reshape(4, -1), (4, 4, side**2)).copy()
    weights = np.broadcast_to((np.eye(4) * 11 + 1)[..., None] / 15, columns.shape)
    reward = np.zeros((side**2, 4))
    reward[-1] = 1.0
    if kind == "costs":
        reward -= 1.0
        columns[:, :, -1] = side**2 - 1
    elif kind == "random":
        reward = np.random.default_rng(0).normal(size=reward.shape)
    return stacked(columns, weights), reward


def three_successors(states, kind):
    rng = np.random.default_rng(1)
    branching = {"stochastic": 3, "deterministic": 1}[kind]
    columns = rng.integers(states, size=(3, branching, states))
    weights = np.moveaxis(rng.dirichlet(np.ones(branching), (3, states)), 2, 1)
    return stacked(columns, weights), rng.normal(size=(states, 3))


def chain(states, kind):
    """Two moves on a line; ``likely`` is the probability of the intended direction."""
    here = np.arange(states)
    left, right = np.maximum(here - 1, 0), np.minimum(here + 1, states - 1)
    likely = {"drift": 0.9, "against the stream": 0.6, "walk": 0.5}[kind]
    columns = np.array([[left, right], [right, left]])
    weights = np.broadcast_to(np.array([likely, 1 - likely])[:, None], columns.shape)
    reward = np.random.default_rng(0).normal(size=(states, 2))
    if kind == "against the stream":
        reward[:] = 0.0
        reward[0, 0], reward[-1, 1] = 0.005, 1.0
    return stacked(columns, weights), reward


FAMILIES = [
    *((grid, kind) for kind in ("goal", "costs", "random")),
    *((three_successors, kind) for kind in ("stochastic", "deterministic")),
    *((chain, kind) for kind in ("drift", "against the stream", "walk")),
]


def value_of_policy(tables, reward, policy, discount):
    """The value of a policy by sparse LU, refined in extended precision."""
    choice, here = policy.argmax(axis=1), np.arange(len(policy))
    stack = sp.vstack(tables, format="csr")
    transition = discount * stack[choice * len(policy) + here]
    gain = reward[here, choice]
    factors = spla.splu(
        sp.csc_matrix(sp.identity(len(policy)) - transition), permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0, options={"SymmetricMode": True},
    )  # fmt: skip
    value = factors.solve(gain).astype(np.longdouble)
    starts = transition.indptr[:-1]
    for _ in range(8):
        onward = transition.data.astype(np.longdouble) * value[transition.indices]
        value += factors.solve((gain + np.add.reduceat(onward, starts) - value).astype(float))
    return value


@pytest.mark.parametrize(("family", "kind"), FAMILIES)
@pytest.mark.parametrize("exponent", [6, 12])
def test_families_of_sparse_models(family, kind, exponent):
    check_family(family, kind, 400, exponent)


def check_family(family, kind, states, exponent):
    tables, reward = family(states, kind)
    discount = 1.0 - 10.0**-exponent
    solution = solve_bellman(TabularMDP(tables, reward, discount))
    want = value_of_policy(tables, reward, solution.policy, discount)
    size = float(np.abs(want).max())
    assert np.abs(solution.value - want).max() <= allowed(discount) * size
    onward = np.stack([table @ solution.value for table in tables], axis=1)
    residual = (reward + discount * onward).max(axis=1) - solution.value
    assert np.abs(residual).max() <= 20.0 * EPSILON * size


@pytest.mark.slow
@pytest.mark.parametrize(("family", "kind"), FAMILIES)
def test_large_models_take_little_more_time_than_at_99(family, kind):
    tables, reward = family(20_000, kind)
    if (family, kind) != (three_successors, "stochastic"):  # a random graph has no sparse factors
        check_family(family, kind, 20_000, 9)
    solve_bellman(TabularMDP(tables, reward, 1 - 1e-9))

    def seconds(discount):
        mdp, times = TabularMDP(tables, reward, discount), []
        for _ in range(2):
            begin = time.process_time()
            solution = solve_bellman(mdp)
            times.append(time.process_time() - begin)
        relative = solution.error_bound / np.abs(solution.value).max()
        assert relative <= allowed(discount)
        return min(times)

    most = max(10.0 * seconds(0.99), 5.0)  # iterations of values would take minutes
    for exponent in range(3, 13):
        assert seconds(1.0 - 10.0**-exponent) <= most, exponent


def test_a_value_beyond_float64_is_refused_in_one_sentence():
    for reward, discount in ((1e306, 0.999), (-1.7e308, 0.9)):
        mdp = model(np.ones((1, 1, 1)), [[reward]], discount)
        for method in ("auto", "policy_iteration", "value_iteration", "gauss_seidel"):
            with pytest.raises(ValueError, match=r"state 0 from rewards of up to .* available"):
                solve_bellman(mdp, method=method)
        with pytest.raises(ValueError, match=r"values must be below 1\.8e308"):
            evaluate_policy(mdp, [[1.0]])


def test_a_dead_end_with_a_huge_cost_is_avoided():
    transition = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [1, 0, 0]], [[0, 0, 1]] * 2], float)
    reward = np.array([[0.0, 1.0], [-1e300, 0.0], [-1e300, -1e300]])
    solution = solve_bellman(model(transition, reward, 0.9))
    assert solution.policy[:2].argmax(axis=1).tolist() == [1, 1]
    with pytest.raises(ValueError, match="state 2"):
        solve_bellman(model(transition, np.where(reward < -1, -1.7e308, reward), 0.9))
