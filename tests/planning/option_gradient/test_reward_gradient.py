"""The gradient of the extrinsic return by the intrinsic reward, against three other ways to it.

Finite differences are taken of a return computed here in plain NumPy, of fourth order along random
unit directions.
"""

import jax
import numpy as np
import pytest

from hierax.planning import LogSumExp, TabularMDP, evaluate_policy, solve_bellman
from hierax.planning.option_gradient import intrinsic_reward_gradient
from hierax.worlds import four_rooms
from planning.models import random_tables
from planning.option_gradient.bilevel_oracle import soft_plan
from refusals import assert_names, refusal

STATES, ACTIONS = 8, 3
STEP = 1e-3  # an error of about (step / τ)⁴, and rounding of 1e-15 / step
TAU = 0.3
KINDS = pytest.mark.parametrize("kind", ["number", "state", "transition"])
LAYOUTS = pytest.mark.parametrize("layout", ["dense", "sparse"])
x64 = pytest.mark.usefixtures("x64")


def problem(kind="number", layout="dense", garbage=np.nan, **options):
    """Tables, their model, and an intrinsic reward."""
    tables = random_tables(
        7, STATES, ACTIONS, discount_kind=kind, garbage=garbage, **options
    )  # ragged
    reward = np.random.default_rng(1).normal(size=(STATES, ACTIONS))
    return tables, getattr(tables, layout)(), reward


def extrinsic_return(tables, reward, tau=TAU):
    """``J``, and the policy it is of, by dense solves of plain NumPy."""
    discounted = tables.discounted_transition()
    _, policy = soft_plan(reward, discounted, tables.available, tau, mellow=False)
    system = np.eye(STATES) - np.einsum("sa,sat->st", policy, discounted)
    earned = np.einsum("sa,sa->s", policy, tables.expected_reward())
    return tables.initial @ np.linalg.solve(system, earned), policy


def differentiated(mdp, tau=TAU, **options):
    """The gradient by automatic differentiation through the planner, compiled."""

    def value(reward):
        plan = solve_bellman(mdp.with_reward(reward), LogSumExp(tau), tolerance=1e-12, **options)
        return mdp.initial @ evaluate_policy(mdp, plan.policy)

    return jax.jit(jax.grad(value))


@LAYOUTS
@KINDS
def test_the_gradient_is_that_of_finite_differences(kind, layout):
    tables, mdp, reward = problem(kind, layout)
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    for direction in np.random.default_rng(2).normal(size=(10, STATES, ACTIONS)):
        unit = np.where(tables.available, direction, 0.0)
        unit /= np.linalg.norm(unit)
        near, far = (
            extrinsic_return(tables, reward + step * unit)[0]
            - extrinsic_return(tables, reward - step * unit)[0]
            for step in (STEP, 2 * STEP)
        )
        expected = (8 * near - far) / (12 * STEP)
        assert (found.gradient * unit).sum() == pytest.approx(expected, rel=1e-6)


@LAYOUTS
@KINDS
def test_value_and_policy_are_those_of_the_soft_planner(kind, layout):
    tables, mdp, reward = problem(kind, layout)
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    value, policy = extrinsic_return(tables, reward)
    assert found.value == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(found.policy, policy, atol=1e-11)


@x64
@pytest.mark.parametrize("kind", ["number", "transition"])
def test_the_gradient_is_that_of_automatic_differentiation(kind):
    _, mdp, reward = problem(kind, garbage=0.0)
    expected = differentiated(mdp)(reward)
    found = intrinsic_reward_gradient(mdp, reward, TAU).gradient
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


@x64
def test_the_gradient_is_that_of_the_unrolled_steps():
    _, mdp, reward = problem(garbage=0.0)
    found = intrinsic_reward_gradient(mdp, reward, TAU).gradient
    unrolled = differentiated(mdp, method="value_iteration", implicit=False)(reward)
    np.testing.assert_allclose(found, unrolled, atol=1e-10 * np.abs(unrolled).max())


@x64
def test_both_engines_hold_the_same_numbers():
    _, mdp, reward = problem("state", garbage=0.0)
    traced = jax.jit(intrinsic_reward_gradient)(mdp, reward, TAU)
    host = intrinsic_reward_gradient(mdp, reward, TAU)
    for name, found, expected in zip(host._fields, traced, host, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-11, err_msg=name)


def test_a_world_that_is_held_sparse_has_the_gradient_of_the_dense_one():
    found = []
    for sparse in (False, True):
        world = four_rooms(slip=1 / 3, stay=False, bump=True, reward="arrival", sparse=sparse)
        reward = np.random.default_rng(4).normal(size=world.mdp.available.shape)
        found.append(intrinsic_reward_gradient(world.mdp, reward, TAU))
    dense, sparse = found
    assert sparse.value == pytest.approx(dense.value, rel=1e-9)
    size = np.abs(dense.gradient).max()
    assert size > 1e-6
    np.testing.assert_allclose(sparse.gradient, dense.gradient, atol=1e-9 * size)


@LAYOUTS
def test_unavailable_pairs_have_no_gradient_and_no_chance(layout):
    tables, mdp, reward = problem(layout=layout)
    assert not tables.available.all()
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    for table in (found.gradient, found.policy):
        np.testing.assert_array_equal(table[~tables.available], 0.0)
        assert np.isfinite(table).all()


@KINDS
def test_a_step_along_the_gradient_earns_more(kind):
    _, mdp, reward = problem(kind)
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    better = intrinsic_reward_gradient(mdp, reward + 1e-3 * found.gradient, TAU)
    gain = 1e-3 * (found.gradient**2).sum()
    assert better.value - found.value == pytest.approx(gain, rel=0.05)


@pytest.mark.parametrize("factor", [0.1, 0.01, 10.0])
def test_trap_11_the_gradient_grows_as_one_over_the_temperature(factor):
    """Of rewards that keep their size relative to it: the policy is the same."""
    _, mdp, reward = problem()
    found = intrinsic_reward_gradient(mdp, factor * reward, factor * TAU)
    expected = intrinsic_reward_gradient(mdp, reward, TAU)
    np.testing.assert_allclose(found.policy, expected.policy, atol=1e-8)
    size = np.abs(expected.gradient).max()
    np.testing.assert_allclose(factor * found.gradient, expected.gradient, atol=1e-8 * size)


def test_trap_11_the_gradient_vanishes_where_the_policy_is_saturated():
    _, mdp, reward = problem()
    sizes = [
        np.abs(intrinsic_reward_gradient(mdp, reward, tau).gradient).max()
        for tau in (10.0, 1.0, 1e-4)
    ]
    assert sizes[0] < sizes[1]
    assert sizes[2] < 1e-12 * sizes[1]


@pytest.mark.parametrize("kind", ["number", "transition"])
def test_trap_14_constants_and_potentials_change_neither_policy_nor_gradient(kind):
    tables, mdp, reward = problem(kind)
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    potential = np.random.default_rng(3).normal(size=STATES)
    shaping = tables.discounted_transition() @ potential - potential[:, None]
    shaped = intrinsic_reward_gradient(mdp, reward + shaping, TAU)
    np.testing.assert_allclose(shaped.policy, found.policy, atol=1e-10)
    np.testing.assert_allclose(shaped.gradient, found.gradient, atol=1e-10)
    assert (found.gradient * shaping).sum() == pytest.approx(0.0, abs=1e-11)
    if kind == "number":
        assert found.gradient.sum() == pytest.approx(0.0, abs=1e-11)


def test_the_extrinsic_reward_scales_the_gradient_and_its_level_does_not_count():
    _, mdp, reward = problem()
    found = intrinsic_reward_gradient(mdp, reward, TAU)
    richer = intrinsic_reward_gradient(mdp.with_reward(3.0 * mdp.reward + 2.0), reward, TAU)
    np.testing.assert_allclose(richer.gradient, 3.0 * found.gradient, atol=1e-10)
    assert richer.value == pytest.approx(3.0 * found.value + 2.0 / (1.0 - 0.9))


def test_without_a_choice_there_is_no_gradient():
    mdp = TabularMDP(np.full((3, 1, 3), 1 / 3), np.arange(3.0)[:, None], 0.9)
    found = intrinsic_reward_gradient(mdp, np.zeros((3, 1)), TAU)
    np.testing.assert_allclose(found.gradient, 0.0, atol=1e-14)
    assert found.value == pytest.approx(10.0)


@LAYOUTS
def test_bad_arguments_are_refused(layout):
    _, mdp, reward = problem(layout=layout)
    for wrong in (0.0, -1.0, np.nan, np.inf, "warm", None):
        assert_names(refusal(intrinsic_reward_gradient, mdp, reward, wrong), "temperature")
    assert_names(
        refusal(intrinsic_reward_gradient, mdp, reward.T, TAU),
        "reward must have shape (8, 3) ... got (3, 8)",
    )
    assert_names(
        refusal(intrinsic_reward_gradient, mdp, np.full_like(reward, np.nan), TAU), "finite"
    )
    assert_names(refusal(intrinsic_reward_gradient, None, reward, TAU), "must be a TabularMDP")


def test_under_a_transformation_64_bit_types_are_asked_for():
    _, mdp, reward = problem()
    sentence = refusal(jax.jit(lambda r: intrinsic_reward_gradient(mdp, r, TAU)), reward)
    assert_names(sentence, "jax_enable_x64")
