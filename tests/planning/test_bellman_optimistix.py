"""Solvers and adjoints of optimistix give the same results as those of hierax."""

import functools
from typing import ClassVar

import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optimistix
import pytest

from hierax.planning import (
    Boltzmann,
    HardMax,
    LogSumExp,
    Mellowmax,
    Option,
    OptionModel,
    concatenate,
    condition_on_goals,
    option_model,
    primitive_model,
    solve_bellman,
)
from hierax.planning import bellman_optimistix as by_optimistix
from planning.models import CYCLING, CYCLING_OPERATOR, random_tables
from planning.options.random_options import random_options
from refusals import assert_names, refusal

x64 = pytest.mark.usefixtures("x64")
TABLES = random_tables(14, states=4, garbage=np.nan)
MDP = TABLES.dense()
OPTIONS = random_options(MDP.available, number=2, seed=1, initiation=True)
MODEL = concatenate(option_model(MDP, OPTIONS), primitive_model(MDP))
FAMILY = condition_on_goals(
    MDP, Option(OPTIONS.policy, OPTIONS.termination), [2, 0], primitives=True
)
OPERATOR = Mellowmax(0.4)
SOLVERS = {
    "Newton": optimistix.Newton(rtol=1e-12, atol=1e-12),
    "FixedPointIteration": optimistix.FixedPointIteration(rtol=1e-12, atol=1e-12),
    "damped": optimistix.FixedPointIteration(rtol=1e-12, atol=1e-12, damp=0.2),
}
ADJOINTS = {
    "implicit": optimistix.ImplicitAdjoint(),
    "GMRES": optimistix.ImplicitAdjoint(linear_solver=lineax.GMRES(rtol=1e-12, atol=1e-12)),
    "checkpoints": optimistix.RecursiveCheckpointAdjoint(),
}


def same(found, wanted, atol=1e-10):
    for one, other in zip(found[:3], wanted[:3], strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


@pytest.mark.parametrize("name", SOLVERS)
def test_concrete_models_are_solved_in_float64_with_64_bit_types_off(name):
    assert not jax.config.read("jax_enable_x64")
    for model in (MODEL, MDP)[: 1 + (name == "Newton")]:
        solution = solve_bellman(model, OPERATOR, SOLVERS[name])
        assert solution.value.dtype == np.float64
        assert all(type(table) is np.ndarray for table in solution[:3])
        assert type(solution.steps) is int
        assert solution.converged
        assert solution.error_bound <= 1e-9
        same(solution, solve_bellman(model, OPERATOR, tolerance=1e-12))
    assert not jax.config.read("jax_enable_x64")  # and it is left as it was


def test_goals_are_solved_one_by_one():
    solution = solve_bellman(FAMILY, OPERATOR, SOLVERS["FixedPointIteration"])
    wanted = solve_bellman(FAMILY, OPERATOR, tolerance=1e-12)
    assert solution.value.shape == (2, 4)
    assert solution.converged
    same(solution, wanted)


@pytest.mark.parametrize("operator", [HardMax(), LogSumExp(0.4), Boltzmann(2.0)], ids=[*"HLB"])
def test_every_operator_is_served(operator):
    solution = solve_bellman(MODEL, operator, SOLVERS["FixedPointIteration"])
    same(solution, solve_bellman(MODEL, operator, "value_iteration", 1e-12))
    assert solution.converged == operator.contracts


def test_trap_13_a_fixed_point_iteration_may_take_as_many_steps_as_it_needs():
    model = primitive_model(random_tables(13, states=4, discount=0.99).dense())
    exact = solve_bellman(model, OPERATOR, "policy_iteration", 1e-12).value
    solver = optimistix.FixedPointIteration(rtol=1e-14, atol=1e-13)
    solution = solve_bellman(model, OPERATOR, solver, 1e-10)
    assert solution.converged
    assert solution.steps > 1_500  # optimistix by itself gives up after 256
    np.testing.assert_allclose(solution.value, exact, atol=1e-10)


def test_a_search_that_fails_is_certified_as_failed_and_raises_nothing(monkeypatch):
    monkeypatch.setattr(by_optimistix, "MOST_BACKUPS", 5)
    solution = solve_bellman(MODEL, OPERATOR, SOLVERS["FixedPointIteration"])
    assert not solution.converged
    assert solution.error_bound > 1e-3
    assert solution.steps <= 5
    assert np.isfinite(solution.value).all()


def test_loose_tolerances_of_the_solver_show_in_the_certificate():
    exact = solve_bellman(MODEL, OPERATOR, tolerance=1e-12).value
    loose = optimistix.FixedPointIteration(rtol=1e-3, atol=1e-3)
    solution = solve_bellman(MODEL, OPERATOR, loose)
    assert not solution.converged
    distance = np.abs(solution.value - exact).max()
    assert 1e-8 < distance <= solution.error_bound


def test_a_family_of_which_one_goal_fails_has_not_converged():
    loose = optimistix.FixedPointIteration(rtol=1e-3, atol=1e-3)
    bounds = [solve_bellman(model, OPERATOR, loose).error_bound for model in FAMILY.models()]
    assert min(bounds) < 0.99 * max(bounds)
    between = np.mean(bounds)
    solution = solve_bellman(FAMILY, OPERATOR, loose, between)
    assert solution.error_bound == max(bounds) > between
    assert not solution.converged
    assert solve_bellman(FAMILY, OPERATOR, loose, max(bounds)).converged


def test_what_is_no_contraction_is_not_certified():
    solution = solve_bellman(CYCLING, CYCLING_OPERATOR, SOLVERS["Newton"])
    assert np.isposinf(solution.error_bound)
    assert not solution.converged


def test_a_sparse_model_is_refused_in_one_sentence():
    solve = functools.partial(solve_bellman, TABLES.sparse(), OPERATOR, SOLVERS["Newton"])
    assert_names(refusal(solve), "sparse")


def test_a_float32_model_on_a_device_is_solved_in_float64():
    model = jax.tree.map(jnp.asarray, MODEL)
    solution = solve_bellman(model, OPERATOR, SOLVERS["Newton"])
    assert solution.value.dtype == np.float64
    assert solution.residual <= 1e-13
    same(solution, solve_bellman(MODEL, OPERATOR), 1e-4)


# Derivatives


def outcome(parameters, method="auto", implicit=True):
    reward, tau = parameters
    model = OptionModel(reward, MODEL.transition, MODEL.duration, MODEL.initiation)
    solution = solve_bellman(model, Mellowmax(tau), method, 1e-12, implicit)
    weights = jnp.arange(1.0, 5.0)
    return weights @ solution.value + weights @ solution.policy[:, 0]


@functools.cache
def compiled_slope(method="auto", implicit=True):
    method, implicit = SOLVERS.get(method, method), ADJOINTS.get(implicit, implicit)
    return jax.jit(jax.grad(functools.partial(outcome, method=method, implicit=implicit)))


def slope(method="auto", implicit=True, reward=MODEL.reward):
    return jax.tree.map(np.asarray, compiled_slope(method, implicit)((reward, 0.4)))


@x64
@pytest.mark.parametrize(
    ("method", "adjoint"),
    [
        ("auto", "implicit"),
        ("auto", "checkpoints"),
        ("Newton", False),
        ("FixedPointIteration", "GMRES"),
    ],
)
def test_every_solver_with_every_adjoint_has_the_derivative_of_hierax(method, adjoint):
    for found, wanted in zip(slope(method, adjoint), slope(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-8)
        assert (np.abs(wanted) > 1e-3).any()


class Watched(optimistix.ImplicitAdjoint):
    """An adjoint that counts its calls."""

    asked: ClassVar[list] = []

    def apply(self, *arguments):
        self.asked.append(self)
        return super().apply(*arguments)


def test_the_adjoint_given_is_the_one_used():
    for method in ("auto", SOLVERS["Newton"]):
        before = len(Watched.asked)
        with jax.enable_x64(True):
            jax.jit(lambda tau, method=method: outcome((MODEL.reward, tau), method, Watched()))(0.4)
        assert len(Watched.asked) == before + 1


@x64
def test_trap_23_second_derivatives_need_an_adjoint_that_has_them():
    direction = np.random.default_rng(0).normal(size=MODEL.reward.shape)

    def along(distance, implicit=True):
        return outcome((MODEL.reward + distance * direction, 0.4), implicit=implicit)

    def first(distance):
        return (slope(reward=MODEL.reward + distance * direction)[0] * direction).sum()

    step = 1e-3  # fourth order, as in test_bellman_traced.py
    near, far = (first(d) - first(-d) for d in (step, 2 * step))
    expected = (8 * near - far) / (12 * step)
    for implicit in (ADJOINTS["implicit"], False):
        second = jax.jit(jax.grad(jax.grad(functools.partial(along, implicit=implicit))))
        np.testing.assert_allclose(second(0.0), expected, rtol=1e-6)
    assert "first order only" in solve_bellman.__doc__  # of the default, which is not tried here


@x64
def test_a_solver_runs_under_a_transformation_too():
    solve = jax.jit(lambda model: solve_bellman(model, OPERATOR, SOLVERS["Newton"]))
    solution = solve(FAMILY)
    assert solution.converged
    same(solution, solve_bellman(FAMILY, OPERATOR, tolerance=1e-12))


# What is neither


@pytest.mark.parametrize("method", ["Newton", None, 3, lineax.LU()], ids=str)
def test_what_is_no_method_is_refused(method):
    sentence = refusal(solve_bellman, MODEL, OPERATOR, method)
    assert_names(sentence, f"method must be one of ... got {method!r}")


def test_the_class_of_a_solver_is_no_method():
    assert_names(
        refusal(solve_bellman, MODEL, OPERATOR, optimistix.Newton), "method must be one of"
    )


NO_ADJOINTS = ("yes", None, 3, optimistix.ImplicitAdjoint, lineax.LU())


@x64
@pytest.mark.parametrize("implicit", NO_ADJOINTS, ids=["str", "None", "3", "class", "LU"])
def test_what_is_no_adjoint_is_refused(implicit):
    for method in ("auto", SOLVERS["Newton"]):
        solve = functools.partial(solve_bellman, MODEL, OPERATOR, method, 1e-8, implicit)
        assert_names(refusal(solve), "implicit must be True, False or an adjoint")
    solve = jax.jit(lambda tau: solve_bellman(MODEL, Mellowmax(tau), implicit=implicit).value)
    assert_names(refusal(solve, 0.4), "implicit must be True, False or an adjoint")
