"""solve_bellman with options as choices: identities and common mistakes (option_gradient.md).

Compiling costs more than computing, so one derivative serves all parameters and all results.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hierax.planning import (
    Boltzmann,
    HardMax,
    LogSumExp,
    Mellowmax,
    Option,
    OptionModel,
    TabularMDP,
    action_values,
    concatenate,
    condition_on_goals,
    evaluate_policy,
    option_model,
    primitive_model,
    solve_bellman,
)
from hierax.planning.bellman import METHODS
from hierax.worlds import four_rooms
from planning.models import (
    CYCLING,
    CYCLING_OPERATOR,
    optimal_value,
    random_tables,
    tables,
)
from planning.options.random_options import (
    actions_as_options,
    call_and_return,
    joined,
    random_options,
)
from refusals import assert_names, refusal

SEEDS = st.integers(0, 2**32 - 1)
MODERATE = tables((0.0, 0.5, 0.9))
CONTRACTIONS = (HardMax(), LogSumExp(0.3), Mellowmax(0.3))
EVERY_CONTRACTION = pytest.mark.parametrize("operator", CONTRACTIONS, ids=["H", "L", "M"])
SOFT = pytest.mark.parametrize("make", [LogSumExp, Mellowmax])
x64 = pytest.mark.usefixtures("x64")

TABLES = random_tables(11, states=5, actions=2, ragged=False)
MDP = TABLES.dense()
LIMITED = random_options(MDP.available, number=2, seed=4, initiation=True)
GOALS = np.array([3, 0])


def with_actions(mdp, option):
    return concatenate(option_model(mdp, option), primitive_model(mdp))


MODEL = with_actions(MDP, LIMITED)
FAMILY = condition_on_goals(
    MDP, Option(LIMITED.policy, LIMITED.termination), GOALS, primitives=True
)


# One solver for both levels


@given(MODERATE)
@settings(max_examples=25)
def test_actions_as_options_are_solved_as_actions(given):
    for operator in (*CONTRACTIONS, Boltzmann(2.0)):
        found, wanted = (
            solve_bellman(model, operator, "policy_iteration", 1e-13)
            for model in (primitive_model(given.sparse()), given.dense())
        )
        # I5: 1e-12.
        size = max(1.0, np.abs(wanted.value).max())
        for one, other in zip(found[:3], wanted[:3], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12 * size)
        assert found.converged == wanted.converged


@given(MODERATE, SEEDS)
@settings(max_examples=25)
def test_with_actions_the_best_value_is_the_best_of_all(given, seed):
    mdp, option = given.dense(), random_options(given.available, seed=seed % 1000)
    value = optimal_value(given)
    # I6: 1e-8. Options alone may fall short, and never do better.
    np.testing.assert_allclose(solve_bellman(with_actions(mdp, option)).value, value, atol=2e-8)
    assert (solve_bellman(option_model(mdp, option)).value <= value + 2e-8).all()


@EVERY_CONTRACTION
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_every_method_finds_the_same_value(operator, layout):
    given = random_tables(12, states=7, discount_kind="transition", garbage=np.nan)
    option = random_options(given.available, seed=1, initiation=True)
    family = condition_on_goals(
        given.dense(), Option(option.policy, option.termination), GOALS, primitives=True
    )
    exact = {}
    for name, model in (("options", option_model(getattr(given, layout)(), option)),
                        ("goals", family)):  # fmt: skip
        exact[name] = solve_bellman(model, operator, "policy_iteration", 1e-13)
        for method in METHODS:
            solution = solve_bellman(model, operator, method)
            assert solution.converged
            distance = np.abs(solution.value - exact[name].value).max()
            assert distance <= solution.error_bound + 1e-12
            np.testing.assert_allclose(solution.policy, exact[name].policy, atol=1e-6)
    assert exact["options"].value.shape == (7,)
    assert exact["goals"].policy.shape == (2, 7, 6)


@given(MODERATE, SEEDS)
@settings(max_examples=20)
def test_the_parts_of_a_solution_belong_together(given, seed):
    model = option_model(
        given.dense(), random_options(given.available, seed=seed % 1000, initiation=True)
    )
    for operator in CONTRACTIONS:
        solution = solve_bellman(model, operator)
        q = action_values(model, solution.value)
        size = 1.0 + np.abs(solution.value).max()
        np.testing.assert_allclose(solution.action_value, q, atol=1e-14 * size)
        np.testing.assert_allclose(solution.policy, operator.policy(q), atol=1e-12 * size)
        residual = np.abs(operator.value(q) - solution.value).max()
        assert solution.residual == pytest.approx(residual, abs=1e-14 * size)
        assert solution.error_bound == pytest.approx(solution.residual / (1 - model.contraction))
        assert solution.converged == (solution.error_bound <= 1e-8)
        assert solution.converged


def test_goals_are_solved_as_their_own_models_and_measured_by_the_worst():
    solution = solve_bellman(FAMILY, Mellowmax(0.1), "value_iteration", 1e-6)
    alone = [
        solve_bellman(model, Mellowmax(0.1), "value_iteration", 1e-6) for model in FAMILY.models()
    ]
    for index, one in enumerate(alone):
        for field in ("value", "action_value", "policy"):
            found = getattr(solution, field)[index]
            np.testing.assert_array_equal(found, getattr(one, field))
    for field in ("residual", "error_bound", "steps"):
        assert getattr(solution, field) == max(getattr(one, field) for one in alone)
    assert solution.converged


def test_a_family_that_fails_on_one_goal_has_not_converged():
    family = condition_on_goals(CYCLING, None, [0, 1], primitives=True)
    assert not solve_bellman(family, CYCLING_OPERATOR).converged
    assert solve_bellman(family, LogSumExp(0.5)).converged


def test_one_option_alone_is_evaluated():
    one = Option(LIMITED.policy[0], LIMITED.termination[0])
    model = option_model(MDP, one)
    for operator in (*CONTRACTIONS, Boltzmann(0.3)):
        solution = solve_bellman(model, operator)
        np.testing.assert_array_equal(solution.policy, np.ones((5, 1)))
        expected = evaluate_policy(MDP, LIMITED.policy[0])
        np.testing.assert_allclose(solution.value, expected, atol=1e-8)
    family = solve_bellman(condition_on_goals(MDP, one, GOALS))
    assert family.policy.shape == (2, 5, 1)


@given(SEEDS, st.floats(0.05, 1.0))
@settings(max_examples=20)
def test_soft_values_keep_their_distance_from_the_hard_one(seed, tau):
    mdp = random_tables(seed, ragged=False).dense()
    model = with_actions(mdp, random_options(mdp.available, number=2, seed=seed % 1000))
    hard = solve_bellman(mdp, tolerance=1e-10).value
    lse, mellow = (solve_bellman(model, make(tau)).value for make in (LogSumExp, Mellowmax))
    # I8 with five choices: an entropy for each decision, of which options make fewer than actions.
    farthest = tau * np.log(5) / (1 - 0.9) + 2e-8
    assert (lse - hard >= -2e-8).all()
    assert (lse - hard <= farthest).all()
    assert (hard - mellow >= -2e-8).all()
    assert (hard - mellow <= farthest).all()


def test_the_shift_between_the_smooth_values_holds_for_actions_and_not_for_options():
    tau = 0.3
    for model, number in ((primitive_model(MDP), 2), (FAMILY.model(0), 4)):
        lse, mellow = (
            solve_bellman(model, make(tau), tolerance=1e-12) for make in (LogSumExp, Mellowmax)
        )
        shift = lse.value - mellow.value - tau * np.log(number) / (1 - 0.9)
        # I7: 1e-9 at one level; options discount by their own durations.
        assert (np.abs(shift).max() <= 1e-9) == (number == 2)
        assert (np.abs(lse.policy - mellow.policy).max() <= 1e-9) == (number == 2)


@given(MODERATE, SEEDS)
@settings(max_examples=25)
def test_the_bellman_operator_of_options_contracts_by_their_largest_mass(given, seed):
    model = option_model(given.dense(), random_options(given.available, seed=seed % 1000))
    one, other = np.random.default_rng(seed).normal(size=(2, len(given.available))) * 3
    mass = model.transition.sum(axis=-1).max()
    assert model.contraction == mass
    for operator in CONTRACTIONS:
        backups = [operator.value(action_values(model, value)) for value in (one, other)]
        change = np.abs(backups[0] - backups[1]).max()
        assert change <= mass * np.abs(one - other).max() + 1e-12  # I9


def test_the_boltzmann_average_cycles_among_options_too():
    solution = solve_bellman(primitive_model(CYCLING), CYCLING_OPERATOR, "value_iteration")
    assert solution.residual == pytest.approx(1.13, abs=0.01)  # I9
    assert not solution.converged
    assert np.isposinf(solution.error_bound)


# Initiation sets


def fixed_point(model, tau, per_choice):
    """Soft value iteration over the choices that each state offers, one state after another."""
    value = np.zeros(model.states)
    for _ in range(2_000):
        new = np.zeros_like(value)
        for state in range(model.states):
            offered = np.flatnonzero(model.available[state])
            q = model.reward[offered, state] + model.transition[offered, state] @ value
            weight = 1.0 / len(offered) if per_choice else 1.0
            new[state] = tau * np.log((weight * np.exp(q / tau)).sum())
        value = new
    return value


@SOFT
def test_unavailable_options_are_as_if_they_were_not_there(make):
    model = option_model(MDP, LIMITED)
    numbers = model.available.sum(axis=1)
    assert numbers.min() < numbers.max()
    expected = fixed_point(model, 0.5, make is Mellowmax)
    for method in METHODS:
        solution = solve_bellman(model, make(0.5), method)
        np.testing.assert_allclose(solution.value, expected, atol=2e-8)
        assert (solution.policy[~model.available] == 0).all()
        np.testing.assert_array_equal(np.isneginf(solution.action_value), ~model.available)


def test_mellowmax_counts_the_options_of_the_state_and_no_others():
    # One choice in state 0, two equal ones in state 1: neither is charged for having a choice.
    initiation = [[True, True], [False, True]]
    model = OptionModel(np.ones((2, 2)), np.zeros((2, 2, 2)), np.ones((2, 2)), initiation)
    np.testing.assert_allclose(solve_bellman(model, Mellowmax(3.0)).value, 1.0, rtol=1e-14)
    lse = solve_bellman(model, LogSumExp(3.0)).value
    np.testing.assert_allclose(lse, [1.0, 1.0 + 3.0 * np.log(2)], rtol=1e-14)


NOWHERE = Option(LIMITED.policy, LIMITED.termination, np.arange(10).reshape(2, 5) % 5 != 3)


def test_a_state_without_a_choice_is_refused_by_every_way_in():
    model, family = option_model(MDP, NOWHERE), condition_on_goals(MDP, NOWHERE, GOALS)
    for operator in (*CONTRACTIONS, Boltzmann(0.3)):
        for method in METHODS:
            for without in (model, family):
                sentence = refusal(solve_bellman, without, operator, method)
                assert_names(sentence, "model must offer a choice ... none at state 3")
    empty = (np.ones((0, 2)), np.ones((0, 2, 2)), np.ones((0, 2)))
    assert_names(refusal(OptionModel, *empty), "at least one option")
    solve_bellman(concatenate(model, primitive_model(MDP)))


@x64
def test_a_state_without_a_choice_is_refused_under_a_transformation_where_it_is_known():
    model = option_model(MDP, NOWHERE)
    solve = jax.jit(lambda tau: solve_bellman(model, LogSumExp(tau)).value)
    assert_names(refusal(solve, 0.5), "model must offer a choice ... none at state 3")
    # Where it is not known nothing is certified.
    assert not jax.jit(lambda model: solve_bellman(model).converged)(model)


# Traps


def test_trap_2_no_further_discount_is_put_on_what_follows_an_option():
    model = option_model(MDP, LIMITED)
    solution = solve_bellman(model, tolerance=1e-12)
    for state in range(5):
        best = max(
            model.reward[k, state] + model.transition[k, state] @ solution.value
            for k in np.flatnonzero(model.available[state])
        )
        assert solution.value[state] == pytest.approx(best, abs=1e-11)
    flat = call_and_return(TABLES.discounted_transition(), TABLES.reward, LIMITED, solution.policy)
    np.testing.assert_allclose(solution.value, flat, atol=1e-10)


@SOFT
def test_trap_6_operator_and_policy_have_the_same_temperature(make):
    solution = solve_bellman(MODEL, make(0.2), tolerance=1e-12)
    q = np.where(MODEL.available, solution.action_value, -np.inf)
    weights = np.exp((q - q.max(axis=1, keepdims=True)) / 0.2)
    np.testing.assert_allclose(
        solution.policy, weights / weights.sum(axis=1, keepdims=True), atol=1e-13
    )
    # π = ∇Ω, by central differences of the value in each action value.
    step, slopes = 1e-5, np.zeros_like(q)
    for choice in range(q.shape[1]):
        shift = step * np.eye(q.shape[1])[choice]
        slopes[:, choice] = make(0.2).value(q + shift) - make(0.2).value(q - shift)
    np.testing.assert_allclose(solution.policy, slopes / (2 * step), atol=1e-8)


def test_trap_7_log_sum_exp_likes_short_options_and_mellowmax_long_ones():
    world = four_rooms((9, 9), slip=1 / 3, stay=False, bump=True, reward="arrival", discount=0.95)
    doors = np.eye(104)[[world.state_at(cell) for cell in ((3, 6), (6, 2), (7, 9), (10, 6))]]
    # To each door by the shortest way, and end there.
    ways = condition_on_goals(world.mdp, None, doors.argmax(axis=1), primitives=True)
    options = Option(solve_bellman(ways).policy, doors)
    family = condition_on_goals(world.mdp, options, [world.goal], primitives=True)
    shares = {}
    for make in (LogSumExp, Mellowmax):
        policy = solve_bellman(family, make(0.02)).policy[0]
        shares[make] = policy[:, :4].sum(axis=1).mean()
    # option_gradient.md, 1.1, has .023 and .562 for four options and four actions.
    assert shares[LogSumExp] < 0.1
    assert 0.4 < shares[Mellowmax] < 0.7
    # A second copy of an option raises the value under log-sum-exp, and not under mellowmax
    # where all choices are alike.
    one = option_model(MDP, Option(LIMITED.policy[0], LIMITED.termination[0]))
    single, double = (
        [solve_bellman(model, make(0.5), tolerance=1e-12).value for make in (LogSumExp, Mellowmax)]
        for model in (one, concatenate(one, one))
    )
    assert (double[0] > single[0] + 0.5 * np.log(2) - 1e-10).all()
    np.testing.assert_allclose(double[1], single[1], atol=1e-10)


@SOFT
def test_trap_8_the_true_return_is_that_of_the_policy_and_not_the_value_of_the_planner(make):
    library = joined(LIMITED, actions_as_options(MDP))
    plan = solve_bellman(MODEL, make(0.5), tolerance=1e-12)
    returned = evaluate_policy(MODEL, plan.policy)
    flat = call_and_return(TABLES.discounted_transition(), TABLES.reward, library, plan.policy)
    np.testing.assert_allclose(returned, flat, atol=1e-10)  # I4
    assert (returned <= optimal_value(TABLES) + 1e-10).all()
    assert np.abs(returned - plan.value).min() > 0.1
    if make is LogSumExp:  # a bonus that nobody earns
        assert (plan.value > optimal_value(TABLES)).all()


def test_trap_12_float32_arrays_are_solved_in_float64():
    assert not jax.config.read("jax_enable_x64")
    narrow = [np.asarray(t, np.float32) for t in (MODEL.reward, MODEL.transition, MODEL.duration)]
    for kind in (np.asarray, jnp.asarray):
        model = OptionModel(*map(kind, narrow), kind(MODEL.initiation))
        for operator in CONTRACTIONS:
            solution = solve_bellman(model, operator, tolerance=1e-12)
            assert solution.converged
            assert solution.residual <= 1e-13
            assert solution.value.dtype == np.float64
            np.testing.assert_allclose(
                solution.value, solve_bellman(MODEL, operator).value, atol=1e-4
            )


@x64
def test_trap_12_a_tolerance_below_rounding_ends_the_search():
    solve = jax.jit(lambda model: solve_bellman(model, LogSumExp(0.3), tolerance=1e-300))
    for solution in (solve(MODEL), solve_bellman(MODEL, LogSumExp(0.3), tolerance=1e-300)):
        assert solution.residual <= 1e-13
        assert solution.steps <= 20
        assert not solution.converged


@x64
@EVERY_CONTRACTION
def test_trap_13_value_iteration_may_take_as_many_steps_as_it_needs(operator):
    given = random_tables(13, states=4, discount=0.99)
    model = primitive_model(given.dense())
    exact = solve_bellman(model, operator, "policy_iteration", 1e-12).value
    solve = functools.partial(
        solve_bellman, operator=operator, method="value_iteration", tolerance=1e-10
    )
    for solution in (solve(model), jax.jit(solve)(model)):
        assert solution.converged
        assert solution.steps > 1_500
        np.testing.assert_allclose(solution.value, exact, atol=1e-10)


# Derivatives

PARAMETERS = {
    "reward": TABLES.reward,
    "transition": TABLES.transition,
    "discount": 0.9,
    "policy": LIMITED.policy,
    "termination": 0.1 + 0.8 * LIMITED.termination,
    "temperature": 0.4,
}
WEIGHTS = np.random.default_rng(0).normal(size=(3, 2, 5, 4))


def summed(solution, offered):
    """One number each from value, action value and policy, goals last or not at all."""
    xp = jnp if isinstance(solution.value, jax.Array) else np
    q = xp.where(offered, solution.action_value, 0.0)
    numbers = (solution.value[..., None], q, solution.policy)
    goals = 2 if solution.value.ndim == 2 else 1
    return xp.stack([
        (weights[:goals] * table).sum() for weights, table in zip(WEIGHTS, numbers, strict=True)
    ])  # fmt: skip


def of_options(parameters, make, **options):
    mdp = TabularMDP(parameters["transition"], parameters["reward"], parameters["discount"])
    option = Option(parameters["policy"], parameters["termination"], LIMITED.initiation)
    solution = solve_bellman(
        with_actions(mdp, option), make(parameters["temperature"]), tolerance=1e-12, **options
    )
    return summed(solution, MODEL.available)


def of_goals(parameters, make, **options):
    mdp = TabularMDP(parameters["transition"], parameters["reward"], parameters["discount"])
    option = Option(parameters["policy"], parameters["termination"])
    family = condition_on_goals(mdp, option, GOALS, primitives=True)
    solution = solve_bellman(family, make(parameters["temperature"]), tolerance=1e-12, **options)
    return summed(solution, True)


CASES = pytest.mark.parametrize(
    ("outcomes", "make"), [(of_options, Mellowmax), (of_goals, LogSumExp)], ids=["options", "goals"]
)


@functools.cache
def derivative(outcomes, make, implicit=True):
    """Derivatives of the three outcomes by every parameter, in reverse mode."""
    function = functools.partial(outcomes, make=make, implicit=implicit)
    return jax.tree.map(np.asarray, jax.jit(jax.jacrev(function))(PARAMETERS))


def direction(name):
    """A random direction in which a parameter stays allowed (rows of chances sum to 1)."""
    if name in ("discount", "temperature"):
        return 1.0
    step = np.random.default_rng(1).normal(size=PARAMETERS[name].shape)
    return step - step.mean(axis=-1, keepdims=True) if name in ("transition", "policy") else step


@x64
@CASES
@pytest.mark.parametrize("name", PARAMETERS)
def test_implicit_derivatives_are_finite_differences(outcomes, make, name):
    step = 1e-4  # fourth order: an error of about step⁴, and rounding of 1e-13 / step
    host = functools.partial(outcomes, make=make, method="policy_iteration")

    def at(distance):
        return host(PARAMETERS | {name: PARAMETERS[name] + distance * direction(name)})

    expected = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    along = direction(name) * derivative(outcomes, make)[name]
    found = along.reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    # Trap 22: no derivative is silently zero, but where the parameter plays no part.
    assert (np.abs(found) > 1e-3).any() == (outcomes is of_options or name != "reward")


@x64
@pytest.mark.parametrize(
    ("outcomes", "make"),
    [
        pytest.param(of_options, Mellowmax, id="options"),
        pytest.param(of_goals, LogSumExp, id="goals", marks=pytest.mark.slow),  # compiles long
    ],
)
def test_implicit_derivatives_are_those_of_the_unrolled_steps(outcomes, make):
    for name, expected in derivative(outcomes, make, implicit=False).items():
        found = derivative(outcomes, make)[name]
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@x64
def test_traps_9_and_10_the_derivative_solves_in_the_states_and_is_their_occupancy():
    """I10 for options: reward and transition have more entries than there are states."""
    operator = Mellowmax(0.4)

    def value(reward, transition):
        model = OptionModel(reward, transition, MODEL.duration, MODEL.initiation)
        return solve_bellman(model, operator, tolerance=1e-12).value

    slopes = jax.jacrev(value, argnums=(0, 1))
    by_reward, by_transition = jax.jit(slopes)(MODEL.reward, MODEL.transition)
    solution = solve_bellman(MODEL, operator, tolerance=1e-13)
    step = np.einsum("sk,kst->st", solution.policy, MODEL.transition)
    decisions = np.linalg.inv(np.eye(5) - step)
    occupancy = np.einsum("xs,sk->xks", decisions, solution.policy)
    np.testing.assert_allclose(by_reward, occupancy, atol=1e-9)
    np.testing.assert_allclose(by_transition, occupancy[..., None] * solution.value, atol=1e-8)
    # Each decision weighed by the time until the next is the whole horizon.
    np.testing.assert_allclose((by_reward * MODEL.duration).sum(axis=(1, 2)), 10.0, atol=1e-9)
    # Systems have a row for each state, not one for each state and choice.
    program = str(jax.make_jaxpr(slopes)(MODEL.reward, MODEL.transition))
    assert "f64[5,5]" in program
    assert "f64[20,20]" not in program
    assert np.ndim(solution.residual) == 0


@x64
def test_traps_21_and_22_reverse_mode_works_and_says_what_forward_mode_does():
    along = {name: direction(name) for name in PARAMETERS}
    function = functools.partial(of_options, make=Mellowmax)
    _, forward = jax.jit(lambda at, along: jax.jvp(function, (at,), (along,)))(PARAMETERS, along)
    reverse = derivative(of_options, Mellowmax)
    found = sum((along[name] * reverse[name]).reshape(3, -1).sum(axis=1) for name in PARAMETERS)
    np.testing.assert_allclose(forward, found, rtol=1e-9)
    assert (np.abs(found) > 0.1).all()
    for name in PARAMETERS:
        assert (np.abs(reverse[name]) > 1e-3).any()


@x64
def test_both_engines_hold_the_same_numbers():
    cases = ((MODEL, Mellowmax(0.3)), (FAMILY, HardMax()), (FAMILY, Mellowmax(0.3)))
    solve = jax.jit(lambda cases: [solve_bellman(*case) for case in cases])
    for traced, case in zip(solve(cases), cases, strict=True):
        host = solve_bellman(*case)
        for one, other in zip(traced[:3], host[:3], strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, atol=1e-7)
        assert traced.converged
        assert host.converged


@x64
def test_options_map_one_by_one():
    def value(option):
        return solve_bellman(with_actions(MDP, option), Mellowmax(0.3)).value

    free = Option(LIMITED.policy, LIMITED.termination)
    found = jax.jit(jax.vmap(value))(free)
    for index in range(2):
        expected = value(Option(LIMITED.policy[index], LIMITED.termination[index]))
        np.testing.assert_allclose(found[index], expected, atol=2e-8)


@pytest.mark.parametrize("model", [MODEL, FAMILY], ids=["options", "goals"])
def test_bad_arguments_are_refused(model):
    for operator in (HardMax, "max", None):
        assert_names(
            refusal(solve_bellman, model, operator),
            "operator must be of type HardMax, LogSumExp, Mellowmax or Boltzmann",
        )
    for method in ("newton", None, 3):
        assert_names(
            refusal(solve_bellman, model, HardMax(), method),
            f"method must be one of ... got {method!r}",
        )
    for tolerance in (0, np.nan, "1e-8"):
        sentence = refusal(solve_bellman, model, HardMax(), "auto", tolerance)
        assert_names(sentence, f"tolerance must be a finite number > 0 ... got {tolerance!r}")


def test_without_64_bit_types_the_refusal_says_what_to_do():
    for model in (MODEL, FAMILY):
        solve = jax.jit(lambda tau, model=model: solve_bellman(model, LogSumExp(tau)).value)
        assert_names(refusal(solve, 0.5), 'jax.config.update("jax_enable_x64", True)')
