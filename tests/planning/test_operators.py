"""The hard maximum and the smooth operators: definitions, bounds, derivatives, errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hierax.planning import Boltzmann, HardMax, LogSumExp, Mellowmax
from hierax.planning.operators import TIE, Operator, uniform_over_best
from refusals import assert_names, refusal

SOFT = (LogSumExp, Mellowmax, Boltzmann)
EVERY = pytest.mark.parametrize("make", [lambda _: HardMax(), *SOFT], ids=["HardMax", *"LMB"])
TEMPERATURES = st.floats(0.1, 10.0)
ROWS = st.integers(1, 5).flatmap(lambda n: arrays(float, n, elements=st.floats(-5, 5)))
Q = np.array([[1.0, 3.0, 2.0], [0.0, -1.0, 0.5], [4.0, 4.0, 4.0]])
AVAILABLE = np.array([[True, False, True], [True, True, True], [False, True, False]])


@given(ROWS, TEMPERATURES)
def test_values_and_policy_are_those_of_the_definitions(q, tau):
    weights = np.exp(q / tau)  # at most e^50
    policy = weights / weights.sum()
    expected = {
        LogSumExp: tau * np.log(weights.sum()),
        Mellowmax: tau * np.log(weights.mean()),
        Boltzmann: policy @ q,
    }
    for make, value in expected.items():
        assert make(tau).value(q) == pytest.approx(value, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(make(tau).policy(q), policy, rtol=1e-12)
    assert HardMax().value(q) == q.max()


@given(ROWS, TEMPERATURES)
def test_smooth_maxima_keep_their_bounds(q, tau):
    spread, slack = tau * np.log(q.size), 1e-12
    assert q.max() - slack <= LogSumExp(tau).value(q) <= q.max() + spread + slack
    assert max(q.mean(), q.max() - spread) - slack <= Mellowmax(tau).value(q) <= q.max() + slack
    assert q.mean() - slack <= Boltzmann(tau).value(q) <= q.max() + slack


@given(ROWS, ROWS, TEMPERATURES)
def test_all_but_boltzmann_do_not_expand_the_sup_norm(one, other, tau):
    size = min(one.size, other.size)
    one, other = one[:size], other[:size]
    for operator in (HardMax(), LogSumExp(tau), Mellowmax(tau)):
        assert operator.contracts
        change = abs(operator.value(one) - operator.value(other))
        assert change <= np.abs(one - other).max() + 1e-12


def test_boltzmann_expands_the_sup_norm_and_says_so():
    # option_gradient.md, erratum E1: the constant is 1.1997 for two actions.
    assert not Boltzmann(1.0).contracts
    gap = np.linspace(-6, 6, 2001)
    q = np.stack([gap, np.zeros_like(gap)], axis=1)
    weights = Boltzmann(1.0).policy(q)
    gradient = weights * (1 + q - Boltzmann(1.0).value(q)[:, None])
    assert np.abs(gradient).sum(axis=1).max() == pytest.approx(1.1997, abs=1e-4)


@EVERY
def test_unavailable_actions_are_as_if_they_were_not_there(make):
    operator = make(0.7)
    for garbage in (np.nan, np.inf, 1e300, -np.inf):
        q = np.where(AVAILABLE, Q, garbage)
        values, policies = operator.value(q, AVAILABLE), operator.policy(q, AVAILABLE)
        for row, offered in enumerate(AVAILABLE):
            alone = Q[row, offered]
            assert values[row] == pytest.approx(operator.value(alone), abs=1e-14)
            np.testing.assert_allclose(policies[row, offered], operator.policy(alone), atol=1e-15)
        assert (policies[~AVAILABLE] == 0).all()


@EVERY
def test_minus_infinity_means_unavailable(make):
    operator, q = make(0.7), np.where(AVAILABLE, Q, -np.inf)
    np.testing.assert_array_equal(operator.value(q), operator.value(Q, AVAILABLE))
    np.testing.assert_array_equal(operator.policy(q), operator.policy(Q, AVAILABLE))


@EVERY
def test_axes_before_the_last_are_a_batch(make):
    operator, batch = make(0.7), np.stack([Q, 2 * Q, -Q, Q + 1])
    assert operator.value(batch).shape == (4, 3)
    np.testing.assert_array_equal(operator.value(batch)[2], operator.value(-Q))
    np.testing.assert_array_equal(operator.policy(batch)[1], operator.policy(2 * Q))
    assert operator.value(Q[0]).shape == ()


@EVERY
def test_huge_values_overflow_nowhere(make):
    operator, q = make(1e-3), np.array([[1e6, -1e6, 1e6 - 1.0]])
    assert operator.value(q) == pytest.approx(1e6, abs=2e-3)
    np.testing.assert_array_equal(operator.policy(q), [[1, 0, 0]])


def test_the_hard_policy_takes_the_first_of_the_best_up_to_rounding():
    near, far = 1 + 1e-14, 1 + 1e-12
    q = np.array([[0.0, 1.0, near], [0.0, 1.0, far], [-np.inf, -1.0, -1.0]])
    np.testing.assert_array_equal(HardMax().policy(q), [[0, 1, 0], [0, 0, 1], [0, 1, 0]])


@EVERY
@pytest.mark.parametrize("kind", [list, np.float32, jnp.asarray])
def test_the_host_computes_in_float64_whatever_it_is_given(make, kind):
    value = make(0.7).value(kind(Q.tolist()))
    assert type(value) is np.ndarray
    assert value.dtype == np.float64
    np.testing.assert_array_equal(value, make(0.7).value(Q))


def test_a_temperature_on_a_device_is_used_in_float64():
    operator = jax.jit(lambda x: x)(LogSumExp(0.5))
    np.testing.assert_array_equal(operator.value(Q), LogSumExp(0.5).value(Q))
    np.testing.assert_array_equal(operator.policy(Q), LogSumExp(0.5).policy(Q))


@pytest.mark.usefixtures("x64")
@EVERY
def test_both_engines_hold_the_same_numbers(make):
    traced = jax.jit(lambda q, tau: (make(tau).value(q, AVAILABLE), make(tau).policy(q, AVAILABLE)))
    value, policy = traced(Q, 0.7)
    np.testing.assert_allclose(value, make(0.7).value(Q, AVAILABLE), rtol=1e-14)
    np.testing.assert_allclose(policy, make(0.7).policy(Q, AVAILABLE), rtol=1e-14)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("make", SOFT)
def test_temperatures_may_be_mapped_over(make):
    taus = np.array([0.3, 1.0, 3.0])
    values = jax.vmap(lambda tau: make(tau).value(Q))(taus)
    np.testing.assert_allclose(values, [make(tau).value(Q) for tau in taus], rtol=1e-14)
    mapped = jax.vmap(make)(taus)
    np.testing.assert_allclose(jax.vmap(lambda operator: operator.value(Q))(mapped), values)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("make", [lambda _: HardMax(), LogSumExp, Mellowmax], ids=["H", "L", "M"])
def test_the_policy_is_the_gradient_of_the_value(make):
    operator, q = make(0.7), Q[:2]
    gradient = jax.jit(jax.grad(lambda q: operator.value(q, AVAILABLE[:2]).sum()))(q)
    np.testing.assert_allclose(gradient, operator.policy(q, AVAILABLE[:2]), atol=1e-15)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("make", SOFT)
@pytest.mark.parametrize("result", ["value", "policy"])
def test_derivatives_by_temperature_are_finite_differences_with_actions_missing(make, result):
    weights = np.random.default_rng(0).normal(size=Q.shape)

    def outcome(tau):
        numbers = getattr(make(tau), result)(Q, AVAILABLE)
        return (numbers * (weights if result == "policy" else weights[:, 0])).sum()

    step = 1e-5  # of order step² ≈ 1e-10 away, and rounding 1e-16 / step
    expected = (outcome(0.7 + step) - outcome(0.7 - step)) / (2 * step)
    assert jax.jit(jax.grad(outcome))(0.7) == pytest.approx(expected, abs=1e-9)


@EVERY
def test_bad_action_values_and_masks_are_refused(make):
    for method in (make(1.0).value, make(1.0).policy):
        assert_names(refusal(method, Q, [True, False]), "available must have shape ... (2,)")
        assert_names(
            refusal(method, Q, AVAILABLE & [[1], [0], [1]] > 0),
            "available must offer an action ... none at index (1,)",
        )
        assert_names(refusal(method, "high"), "action_value must be an array ... got str")
        assert_names(refusal(method, 1.0), "action_value must have shape ... ()")
        assert_names(refusal(method, np.zeros((3, 0))), "action_value must have shape ... (3, 0)")


@pytest.mark.parametrize("make", SOFT)
@pytest.mark.parametrize("tau", [0, -1.0, np.nan, np.inf, None, "1", True, [1.0, 2.0], np.ones(2)])
def test_bad_temperatures_are_refused(make, tau):
    assert_names(refusal(make, tau), f"temperature must be a finite number > 0 ... got {tau!r}")


def test_the_shape_of_a_traced_temperature_is_checked_and_its_value_is_not():
    jax.jit(lambda tau: LogSumExp(tau).temperature)(-1.0)
    assert_names(refusal(jax.jit(LogSumExp), np.ones(2)), "temperature must have shape ... (2,)")


@EVERY
def test_operators_follow_the_protocol(make):
    assert isinstance(make(1.0), Operator)


def test_the_indifferent_policy_is_uniform_over_the_best_and_nothing_else():
    q = np.array([[1.0, 3.0, 2.0], [4.0, 4.0, 4.0], [0.0, -1.0, 0.0], [-np.inf, -2.0, -np.inf]])
    expected = [[0, 1, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0, 0.5], [0, 1, 0]]
    np.testing.assert_array_equal(uniform_over_best(q), expected)
    np.testing.assert_array_equal(uniform_over_best(q[1]), expected[1])
    batch = uniform_over_best(np.stack([q, q[::-1]]))
    np.testing.assert_array_equal(batch, [expected, expected[::-1]])


def test_ties_are_up_to_rounding_and_relative_to_the_values():
    for size in (1e-6, 1.0, 1e6):
        near = size * np.array([[1.0, 1.0 - TIE / 2, 0.0], [-1.0, -1.0 - 1.5 * TIE, -2.0]])
        # A state's values are compared by the largest of their magnitudes: -2 counts for row 1.
        np.testing.assert_array_equal(uniform_over_best(near), [[0.5, 0.5, 0], [0.5, 0.5, 0]])
        far = size * np.array([1.0, 1.0 - 10 * TIE, 0.0])
        np.testing.assert_array_equal(uniform_over_best(far), [1, 0, 0])
        np.testing.assert_array_equal(uniform_over_best(far, 1e-9), [0.5, 0.5, 0])
    np.testing.assert_array_equal(uniform_over_best(np.zeros((2, 4))), np.full((2, 4), 0.25))


@given(arrays(float, (3, 4), elements=st.sampled_from([-np.inf, -1.0, 0.0, 2.0, 2.0 + 1e-15])))
def test_the_indifferent_policy_gives_the_hard_maximum_what_it_would_have(q):
    q[:, 0] = np.maximum(q[:, 0], -3.0)  # every state offers one action
    policy = uniform_over_best(q)
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, rtol=1e-15)
    value = (policy * np.where(policy > 0, q, 0.0)).sum(axis=1)
    np.testing.assert_allclose(value, HardMax().value(q), rtol=1e-14)
    assert (policy[HardMax().policy(q) > 0] > 0).all()


@pytest.mark.usefixtures("x64")
def test_the_indifferent_policy_is_the_same_in_both_engines():
    q = np.where(AVAILABLE, np.array([[1.0, 3.0, 1.0], [2.0, 2.0, 2.0], [0.0, 1.0, 5.0]]), -np.inf)
    np.testing.assert_array_equal(jax.jit(uniform_over_best)(q), uniform_over_best(q))
