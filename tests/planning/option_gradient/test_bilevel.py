"""The bi-level problem end to end: reward and termination, two planners, the true return.

Three answers for one gradient: the library's by automatic differentiation, finite differences of
the library's own return, and the hand-derived adjoint of `bilevel_oracle`. One compiled function
serves option sets with and without actions, since compiling costs more than computing.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import (
    LogSumExp,
    Mellowmax,
    Option,
    concatenate,
    evaluate_policy,
    multistep_model,
    option_model,
    primitive_model,
    solve_bellman,
)
from hierax.planning.option_gradient import IntrinsicOptions
from planning.models import random_policy, random_tables
from planning.option_gradient.bilevel_oracle import Bilevel

OPTIONS, STATES, ACTIONS = 2, 6, 3
INTRINSIC_DISCOUNT, LOWER, UPPER = 0.8, 0.3, 0.2
STEP = 1e-3  # fourth order: an error of about step⁴, and rounding of 1e-15 / step
x64 = pytest.mark.usefixtures("x64")


class Case(NamedTuple):
    """Which problem: rewards of pairs or of states entered, and what the intrinsic task is."""

    pairs: bool
    intrinsic: str = "plain"
    terminations: str = "learned"

    @property
    def mdp(self):
        # With goals here and there, since the discount belongs to the state entered.
        kind = "state" if self.intrinsic == "termination_aware" else "number"
        return random_tables(3, STATES, ACTIONS, discount_kind=kind).dense()

    @property
    def parameters(self):
        rng = np.random.default_rng(0)
        shape = (OPTIONS, STATES, ACTIONS) if self.pairs else (OPTIONS, STATES)
        return rng.normal(size=shape), rng.normal(size=(OPTIONS, STATES)) - 1.0


CASES = [
    Case(pairs, intrinsic)
    for pairs in (False, True)
    for intrinsic in ("plain", "termination_aware")
]
PLAIN = Case(pairs=True)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[:2]}")
with_primitives = pytest.mark.parametrize("primitives", [False, True])


def returns(reward, logits, case):
    """``J`` of options alone and of options with actions, ``(2,)``."""
    mdp = case.mdp
    library = IntrinsicOptions(
        reward,
        logits,
        operator=LogSumExp(LOWER),
        discount=INTRINSIC_DISCOUNT,
        terminations=case.terminations,
        intrinsic=case.intrinsic,
    )
    options = option_model(mdp, library.option(mdp))
    found = []
    for model in (options, concatenate(options, primitive_model(mdp))):
        plan = solve_bellman(model, Mellowmax(UPPER), tolerance=1e-12)
        found.append(mdp.initial @ evaluate_policy(model, plan.policy))
    return jnp.stack(found)


@functools.cache
def compiled(case):
    """Derivatives by reward and logits of both returns, and the returns."""

    def twice(*theta):
        value = returns(*theta, case)
        return value, value

    return jax.jit(jax.jacrev(twice, (0, 1), has_aux=True))


def library(case, primitives, theta=None):
    """``J`` and its two derivatives as the library has them."""
    slopes, value = compiled(case)(*(case.parameters if theta is None else theta))
    row = int(primitives)
    return np.asarray(value)[row], *(np.asarray(slope)[row] for slope in slopes)


def oracle(case, primitives, theta=None):
    """``J`` and its two derivatives by the hand-derived adjoint."""
    mdp = case.mdp
    reward, logits = case.parameters if theta is None else theta
    problem = Bilevel(
        *(mdp.transition, mdp.reward, mdp.discount, mdp.initial, mdp.available),
        *(INTRINSIC_DISCOUNT, LOWER, UPPER),
        primitives,
        aware=case.intrinsic == "termination_aware",
    )
    if case.pairs:
        return problem.solve(reward, logits)
    value, slope, logit_slope = problem.solve(
        np.einsum("sat,kt->ksa", mdp.transition, reward), logits
    )
    return value, np.einsum("sat,ksa->kt", mdp.transition, slope), logit_slope


def difference(function, theta, direction):
    """Central difference of fourth order along ``direction``, a pair of arrays."""

    def at(distance):
        return function([x + distance * d for x, d in zip(theta, direction, strict=True)])

    near, far = at(STEP) - at(-STEP), at(2 * STEP) - at(-2 * STEP)
    return (8 * near - far) / (12 * STEP)


def directions(theta, seed):
    """A random unit direction in the rewards alone, and one in the logits alone."""
    for index in range(2):
        step = [np.zeros_like(x) for x in theta]
        step[index] = np.random.default_rng(seed).normal(size=theta[index].shape)
        yield [x / np.linalg.norm(step[index]) for x in step]


@x64
@with_primitives
@each_case
def test_the_gradient_is_the_hand_derived_adjoint(case, primitives):
    found, expected = library(case, primitives), oracle(case, primitives)
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    for slope, by_hand in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(slope, by_hand, rtol=1e-9, atol=1e-9 * np.abs(by_hand).max())


@x64
@with_primitives
@each_case
def test_the_gradient_is_that_of_finite_differences(case, primitives):
    theta = case.parameters
    slopes = library(case, primitives)[1:]
    for seed in range(3):
        for direction in directions(theta, seed):
            found = sum((g * d).sum() for g, d in zip(slopes, direction, strict=True))
            expected = difference(lambda t: library(case, primitives, t)[0], theta, direction)
            assert found == pytest.approx(expected, rel=1e-6)


@with_primitives
@each_case
def test_the_hand_derived_adjoint_is_that_of_its_own_finite_differences(case, primitives):
    theta = case.parameters
    slopes = oracle(case, primitives)[1:]
    for direction in directions(theta, seed=5):
        found = sum((g * d).sum() for g, d in zip(slopes, direction, strict=True))
        expected = difference(lambda t: oracle(case, primitives, t)[0], theta, direction)
        assert found == pytest.approx(expected, rel=1e-6)


@x64
def test_implicit_gradients_of_both_levels_are_those_of_the_unrolled_steps():
    mdp, theta = PLAIN.mdp, PLAIN.parameters

    def unrolled(reward, logits):
        task = mdp.with_discount(INTRINSIC_DISCOUNT)
        policy = jax.vmap(
            lambda r: solve_bellman(task.with_reward(r), LogSumExp(LOWER), implicit=False).policy
        )(reward)
        options = option_model(mdp, Option(policy, jax.nn.sigmoid(logits)))
        both = concatenate(options, primitive_model(mdp))
        plan = solve_bellman(both, Mellowmax(UPPER), implicit=False)
        return mdp.initial @ evaluate_policy(both, plan.policy)

    expected = jax.jit(jax.grad(unrolled, (0, 1)))(*theta)
    for found, slope in zip(library(PLAIN, primitives=True)[1:], expected, strict=True):
        np.testing.assert_allclose(found, slope, rtol=1e-8, atol=1e-10)


@x64
@with_primitives
@each_case
def test_permuting_options_permutes_gradients(case, primitives):
    swapped = library(case, primitives, [x[::-1] for x in case.parameters])
    value, *slopes = library(case, primitives)
    assert swapped[0] == pytest.approx(value, rel=1e-12)
    for found, slope in zip(swapped[1:], slopes, strict=True):
        np.testing.assert_allclose(found, slope[::-1], atol=1e-12 * np.abs(slope).max())


@x64
def test_given_terminations_have_exactly_no_gradient_and_the_rewards_keep_theirs():
    given = PLAIN._replace(terminations="given")
    for primitives in (False, True):
        _, slope, logit_slope = library(given, primitives)
        np.testing.assert_array_equal(logit_slope, 0.0)
        np.testing.assert_allclose(slope, library(PLAIN, primitives)[1], rtol=1e-12)


@x64
@with_primitives
@each_case
def test_trap_15_identical_options_receive_identical_gradients(case, primitives):
    alike = [np.repeat(x[:1], OPTIONS, axis=0) for x in case.parameters]
    _, slope, logit_slope = library(case, primitives, alike)
    np.testing.assert_allclose(slope[0], slope[1], atol=1e-12 * np.abs(slope).max())
    np.testing.assert_allclose(logit_slope[0], logit_slope[1], atol=1e-14)
    assert np.abs(slope).max() > 1e-4


@x64
@with_primitives
def test_trap_14_the_gradient_is_flat_along_constants_and_potentials(primitives):
    slope = library(PLAIN, primitives)[1]
    size = np.abs(slope).max()
    # R + c, and R + γ P Φ - Φ for every Φ, mean the same options.
    np.testing.assert_allclose(slope.sum(axis=(1, 2)), 0.0, atol=1e-12 * size)
    entering = np.einsum("sat,ksa->kt", PLAIN.mdp.transition, slope)
    leaving = slope.sum(axis=2)
    np.testing.assert_allclose(INTRINSIC_DISCOUNT * entering, leaving, atol=1e-12 * size)
    weights = library(PLAIN._replace(pairs=False), primitives)[1]
    np.testing.assert_allclose(weights.sum(axis=1), 0.0, atol=1e-12 * np.abs(weights).max())


@x64
@with_primitives
@each_case
def test_trap_16_saturated_terminations_have_a_finite_gradient(case, primitives):
    reward, logits = case.parameters
    for size in (40.0, 1e4):
        saturated = size * np.sign(logits)
        value, *slopes = library(case, primitives, (reward, saturated))
        assert np.isfinite(value)
        assert all(np.isfinite(slope).all() for slope in slopes)
        np.testing.assert_allclose(slopes[1], 0.0, atol=1e-15)  # the sigmoid is flat there
        assert np.abs(slopes[0]).max() > 0.0


@x64
def test_a_termination_has_no_gradient_where_there_is_nothing_to_choose_after_it():
    """Alone or beside its likeness an option goes on as it would have: λ cannot change v_π."""
    alike = [np.repeat(x[:1], OPTIONS, axis=0) for x in PLAIN.parameters]
    np.testing.assert_allclose(library(PLAIN, False, alike)[2], 0.0, atol=1e-14)


@x64
@each_case
def test_trap_16_options_that_never_end_have_a_finite_gradient(case):
    reward, logits = case.parameters
    value, *slopes = library(case, False, (reward, np.full_like(logits, -1e4)))
    assert np.isfinite(value)
    assert all(np.isfinite(slope).all() for slope in slopes)


@x64
@each_case
def test_trap_22_no_gradient_is_silently_zero(case):
    mdp = case.mdp
    goes_on = np.broadcast_to(mdp.discount > 0.0, mdp.states)  # elsewhere no option can go on
    for primitives in (False, True):
        _, slope, logit_slope = library(case, primitives)
        matters = mdp.available if case.pairs else np.ones(mdp.states, bool)
        np.testing.assert_array_equal(slope != 0.0, np.broadcast_to(matters, slope.shape))
        assert (logit_slope[:, goes_on] != 0.0).all()


@pytest.mark.parametrize("discount_kind", ["number", "state"])
def test_the_gradient_by_continuation_is_that_of_finite_differences(discount_kind):
    mdp = random_tables(4, STATES, ACTIONS, discount_kind=discount_kind).dense()
    policy, rng = random_policy(mdp.available), np.random.default_rng(1)
    continuation, bootstrap, weights = rng.uniform(0.1, 0.9, STATES), *rng.normal(size=(2, STATES))

    def backup(λ):
        model = multistep_model(mdp, policy, λ)
        return model.reward + model.transition @ bootstrap

    # c·x with x = N (r_π + T_π B v) and W = Nᵀ c has the derivative (T_πᵀ W) ∘ (x - v).
    chain = np.einsum("sa,sat->st", policy, mdp.transition * mdp.discount)
    visits = np.linalg.solve((np.eye(STATES) - chain * continuation).T, weights)
    slope = (chain.T @ visits) * (backup(continuation) - bootstrap)
    for direction in np.eye(STATES):
        expected = difference(lambda λ: weights @ backup(λ[0]), [continuation], [direction])
        assert slope @ direction == pytest.approx(expected, rel=1e-6, abs=1e-12)
    # The continuation cannot change the value of the same policy.
    bootstrap = evaluate_policy(mdp, policy)
    np.testing.assert_allclose(backup(continuation), bootstrap, atol=1e-12)
    np.testing.assert_allclose(backup(0.5 * continuation), bootstrap, atol=1e-12)
