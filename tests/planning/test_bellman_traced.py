"""solve_bellman under jit, grad and vmap: the host's numbers, and exact derivatives.

Compiling costs more than computing, so one derivative serves all parameters and all results.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import (
    Boltzmann,
    HardMax,
    LogSumExp,
    Mellowmax,
    TabularMDP,
    solve_bellman,
    successor_representation,
)
from planning.models import CYCLING, CYCLING_OPERATOR, random_tables
from refusals import assert_names, refusal

TABLES = random_tables(11, states=4, actions=3, garbage=np.nan)
AVAILABLE = TABLES.available
PARAMETERS = {
    "reward": TABLES.reward,
    "transition": TABLES.transition,
    "discount": 0.9,
    "temperature": 0.4,
}
WEIGHTS = np.random.default_rng(0).normal(size=(3, 4, 3))
SOFT = pytest.mark.parametrize("make", [LogSumExp, Mellowmax])
x64 = pytest.mark.usefixtures("x64")


def outcomes(parameters, make, **options):
    """One number each from value, action value and policy."""
    mdp = TabularMDP(
        parameters["transition"], parameters["reward"], parameters["discount"], None, AVAILABLE
    )
    solution = solve_bellman(mdp, make(parameters["temperature"]), tolerance=1e-12, **options)
    xp = jnp if isinstance(solution.value, jax.Array) else np
    action_value = xp.where(AVAILABLE, solution.action_value, 0.0)
    return xp.stack([
        (WEIGHTS[0, :, 0] * solution.value).sum(),
        (WEIGHTS[1] * action_value).sum(),
        (WEIGHTS[2] * solution.policy).sum(),
    ])  # fmt: skip


@functools.cache
def derivative(make, implicit=True, method="auto"):
    """Derivatives of the three outcomes by every parameter."""
    function = functools.partial(outcomes, make=make, implicit=implicit, method=method)
    return jax.jit(jax.jacrev(function))(PARAMETERS)


def direction(name):
    """A random direction in which a parameter stays allowed (rows of the transition sum to 1)."""
    rng = np.random.default_rng(1)
    if name in ("discount", "temperature"):
        return 1.0
    step = rng.normal(size=PARAMETERS[name].shape)
    return step - step.mean(axis=-1, keepdims=True) if name == "transition" else step


def shifted(name, distance):
    return PARAMETERS | {name: PARAMETERS[name] + distance * direction(name)}


@x64
@SOFT
@pytest.mark.parametrize("name", PARAMETERS)
def test_implicit_derivatives_are_finite_differences(make, name):
    step = 1e-3  # fourth order: an error of about step⁴, and rounding of 1e-13 / step
    host = functools.partial(outcomes, make=make, method="policy_iteration")
    near = host(shifted(name, step)) - host(shifted(name, -step))
    far = host(shifted(name, 2 * step)) - host(shifted(name, -2 * step))
    expected = (8 * near - far) / (12 * step)
    along = np.nan_to_num(direction(name)) * np.asarray(derivative(make)[name])
    found = along.reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@x64
@SOFT
def test_implicit_derivatives_are_those_of_the_unrolled_steps(make):
    for name, expected in derivative(make, implicit=False).items():
        np.testing.assert_allclose(derivative(make)[name], expected, rtol=1e-8, atol=1e-8)


@x64
def test_implicit_derivatives_do_not_depend_on_the_method():
    for name, expected in derivative(LogSumExp, method="value_iteration").items():
        np.testing.assert_allclose(derivative(LogSumExp)[name], expected, rtol=1e-8, atol=1e-8)


@x64
@SOFT
def test_derivatives_at_unavailable_pairs_are_zero(make):
    for name in ("reward", "transition"):
        found = np.asarray(derivative(make)[name])
        assert np.isfinite(found).all()
        assert (found[:, ~AVAILABLE] == 0).all()
        assert (found[:, AVAILABLE] != 0).any()


@x64
@pytest.mark.parametrize("make", [LogSumExp, Mellowmax, lambda _: HardMax()], ids=["L", "M", "H"])
def test_the_envelope_is_the_occupancy_of_the_optimal_policy(make):
    mdp, operator = TABLES.dense(), make(0.4)
    found = jax.jit(jax.jacrev(lambda r: solve_bellman(mdp.with_reward(r), operator).value))(
        mdp.reward
    )
    solution = solve_bellman(mdp, operator, tolerance=1e-12)
    # I10 of option_gradient.md: 1e-9; the rows sum to the horizon 1 / (1 - γ).
    visits = successor_representation(mdp, solution.policy)
    np.testing.assert_allclose(found, visits[:, :, None] * solution.policy, atol=1e-9)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 10.0, atol=1e-9)


@x64
def test_derivatives_under_the_hard_maximum_are_finite_and_those_of_the_greedy_policy():
    def smallest(parameters):
        return outcomes(parameters, lambda _: HardMax())

    found = jax.jit(jax.jacrev(smallest))(PARAMETERS)
    for table in jax.tree.leaves(found):
        assert np.isfinite(table).all()
        np.testing.assert_array_equal(table[2], 0.0)  # the policy does not move
    # Ties: both best actions share the derivative.
    mdp = TabularMDP(np.ones((1, 2, 1)), np.ones((1, 2)), 0.5)
    tied = jax.jit(jax.jacrev(lambda r: solve_bellman(mdp.with_reward(r)).value[0]))(mdp.reward)
    np.testing.assert_allclose(tied, [[1.0, 1.0]])


@x64
@pytest.mark.parametrize(
    ("operator", "method"),
    [
        (HardMax(), "auto"),
        (HardMax(), "value_iteration"),
        (LogSumExp(0.4), "policy_iteration"),
        (Mellowmax(0.4), "auto"),
        (Boltzmann(2.0), "auto"),
    ],
)
def test_both_engines_hold_the_same_numbers(operator, method):
    mdp = random_tables(12, states=4, discount_kind="transition", garbage=np.nan).dense()
    traced = jax.jit(lambda mdp, operator: solve_bellman(mdp, operator, method))(mdp, operator)
    host = solve_bellman(mdp, operator, method)
    # Each is within the tolerance 1e-8 of the optimum.
    np.testing.assert_allclose(traced.value, host.value, atol=2e-8)
    np.testing.assert_allclose(traced.action_value, host.action_value, atol=2e-8)
    np.testing.assert_allclose(traced.policy, host.policy, atol=1e-7)
    assert bool(traced.converged) == bool(host.converged) == operator.contracts
    assert bool(traced.converged) == bool(traced.error_bound <= 1e-8)


@x64
def test_the_bound_holds_under_jit_for_a_traced_tolerance():
    mdp = TABLES.dense()
    exact = solve_bellman(mdp, LogSumExp(0.4), "policy_iteration", 1e-13).value
    solve = jax.jit(lambda t: solve_bellman(mdp, LogSumExp(0.4), "value_iteration", t))
    steps = []
    for tolerance in (1e-1, 1e-9):
        solution = solve(tolerance)
        assert solution.converged
        assert np.abs(solution.value - exact).max() <= solution.error_bound + 1e-13
        steps.append(int(solution.steps))
    assert steps[0] < steps[1]


@x64
def test_models_and_operators_map():
    models = [random_tables(seed, states=4).dense() for seed in range(3)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *models)
    taus = np.array([0.2, 0.4, 0.8])
    solve = jax.jit(jax.vmap(lambda mdp, tau: solve_bellman(mdp, Mellowmax(tau))))
    solution = solve(stacked, taus)
    for i, (mdp, tau) in enumerate(zip(models, taus, strict=True)):
        expected = solve_bellman(mdp, Mellowmax(tau))
        np.testing.assert_allclose(solution.value[i], expected.value, atol=2e-8)
    assert solution.converged.all()


@x64
def test_goals_and_absorbing_and_unreachable_states_have_derivatives():
    transition = np.zeros((4, 2, 4))
    transition[:, 0] = np.eye(4)[[1, 2, 0, 3]]
    transition[:, 1] = np.eye(4)[[0, 0, 0, 3]]
    mdp = TabularMDP(transition, np.arange(8.0).reshape(4, 2), [0.5, 0.5, 0.0, 0.5])
    found = jax.jit(jax.jacrev(lambda r: solve_bellman(mdp.with_reward(r), LogSumExp(1.0)).value))(
        mdp.reward
    )
    visits = successor_representation(mdp, solve_bellman(mdp, LogSumExp(1.0)).policy)
    np.testing.assert_allclose(found.sum(axis=2), visits, atol=1e-8)
    assert (np.asarray(found)[:3, 3] == 0).all()


@x64
def test_the_boltzmann_average_ends_uncertified():
    solution = jax.jit(solve_bellman)(CYCLING, CYCLING_OPERATOR)
    assert np.isfinite(solution.value).all()
    assert np.isposinf(solution.error_bound)
    assert not solution.converged


@x64
@pytest.mark.parametrize("method", ["modified_policy_iteration", "gauss_seidel"])
def test_the_compiled_sweeps_are_refused_under_a_transformation(method):
    mdp = TABLES.dense()
    sentence = refusal(
        jax.jit(lambda r: solve_bellman(mdp.with_reward(r), method=method)), mdp.reward
    )
    assert_names(sentence, repr(method))
    assert_names(sentence, "under jit")


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap], ids=["jit", "grad", "vmap"])
def test_without_64_bit_types_the_refusal_says_what_to_do(transform):
    mdp = TABLES.dense()
    solve = transform(lambda x: solve_bellman(mdp.with_reward(x * mdp.reward)).value.sum())
    sentence = refusal(solve, np.ones(2) if transform is jax.vmap else 1.0)
    assert_names(sentence, 'jax.config.update("jax_enable_x64", True)')
