"""Option models against step-by-step execution, by an oracle and by simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hierax.planning import (
    LogSumExp,
    Option,
    OptionModel,
    TabularMDP,
    action_values,
    concatenate,
    evaluate_policy,
    option_model,
    primitive_model,
    solve_bellman,
)
from hierax.planning.options import multistep
from planning.models import random_policy, random_tables, tables
from planning.options.random_options import (
    actions_as_options,
    call_and_return,
    followed,
    joined,
    random_options,
)
from refusals import assert_names, refusal

SEEDS = st.integers(0, 2**32 - 1)
TABLES = random_tables(3, states=6, garbage=np.nan)
MDP = TABLES.dense()
OPTIONS = random_options(MDP.available, seed=1)
LIMITED = random_options(MDP.available, seed=1, initiation=True)
FIELDS = ("reward", "transition", "duration")
x64 = pytest.mark.usefixtures("x64")


def assert_same(found, wanted, atol):
    for field in FIELDS:
        np.testing.assert_allclose(getattr(found, field), getattr(wanted, field), atol=atol)
    np.testing.assert_array_equal(found.available, wanted.available)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("discount_kind", ["number", "state", "transition"])
@pytest.mark.parametrize("kind", ["stochastic", "deterministic", "disconnected"])
def test_a_model_is_what_happens_step_by_step(layout, discount_kind, kind):
    given = random_tables(4, states=6, kind=kind, discount_kind=discount_kind, garbage=np.nan)
    option = random_options(given.available, seed=2)
    model = option_model(getattr(given, layout)(), option)
    table, reward = given.discounted_transition(), given.expected_reward()
    for index in range(3):
        policy, termination = option.policy[index], option.termination[index]
        expected = followed(table, reward, policy, termination)
        for field, wanted in zip(FIELDS, expected, strict=True):
            np.testing.assert_allclose(getattr(model, field)[index], wanted, atol=1e-12)


@given(tables((0.0, 0.5, 0.9)), SEEDS)
def test_the_value_of_a_policy_is_that_of_its_option_model(given, seed):
    mdp, option = given.dense(), random_options(given.available, seed=seed % 1000)
    model = option_model(mdp, option)
    for index, policy in enumerate(option.policy):
        value = evaluate_policy(mdp, policy)
        backup = model.reward[index] + model.transition[index] @ value
        # I1: 1e-10 asked, and 1e-12 of the values reached.
        np.testing.assert_allclose(backup, value, atol=1e-12 * max(1.0, np.abs(value).max()))


@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9, 0.99]))
def test_what_an_option_keeps_is_one_less_its_duration_discounted(seed, discount):
    mdp = random_tables(seed, discount=discount).dense()
    model = option_model(mdp, random_options(mdp.available, seed=seed % 1000))
    # I2: 1e-12; hence the planner's contraction is that of the shortest option.
    mass = 1 - (1 - discount) * model.duration
    np.testing.assert_allclose(model.transition.sum(axis=-1), mass, atol=1e-12)
    assert model.contraction == pytest.approx(mass.max(), abs=1e-12)
    assert model.contraction <= discount + 1e-12
    assert (model.transition >= -1e-14).all()


def test_the_limits_are_actions_and_whole_policies():
    ones = np.ones_like(OPTIONS.termination)
    at_once, never = (option_model(MDP, Option(OPTIONS.policy, b)) for b in (ones, 0 * ones))
    transition = np.einsum("ksa,sat->kst", OPTIONS.policy, TABLES.discounted_transition())
    reward = np.einsum("ksa,sa->ks", OPTIONS.policy, TABLES.expected_reward())
    # I3: 1e-12.
    np.testing.assert_allclose(at_once.reward, reward, atol=1e-12)
    np.testing.assert_allclose(at_once.transition, transition, atol=1e-12)
    for index, policy in enumerate(OPTIONS.policy):
        np.testing.assert_allclose(never.reward[index], evaluate_policy(MDP, policy), atol=1e-12)
    np.testing.assert_array_equal(never.transition, 0.0)


@pytest.mark.parametrize("discount_kind", ["number", "transition"])
@pytest.mark.parametrize("initiation", [False, True])
def test_choosing_options_is_the_flat_chain_on_states_and_options(discount_kind, initiation):
    given = random_tables(8, states=6, discount_kind=discount_kind, garbage=np.nan)
    mdp = given.dense()
    option = random_options(mdp.available, seed=3, initiation=initiation)
    everything = joined(option, actions_as_options(mdp))
    models = {
        "options alone": (option, option_model(mdp, option)),
        "with actions": (everything, concatenate(option_model(mdp, option), primitive_model(mdp))),
    }
    for library, model in models.values():
        choosing = random_policy(model.available, seed=5)
        flat = call_and_return(
            given.discounted_transition(), given.expected_reward(), library, choosing
        )
        # I4: 1e-10 asked; also option_gradient.md, E11.
        np.testing.assert_allclose(evaluate_policy(model, choosing), flat, atol=1e-12)


def rolled_out(given, policy, termination, start, runs, rng):
    """Discounted return, discount at the end and last state of many runs of one option."""
    chances = np.einsum("sa,sat->sat", policy, given.transition).reshape(len(policy), -1)
    cumulative = np.cumsum(chances / chances.sum(axis=1, keepdims=True), axis=1)
    states, actions = policy.shape
    state, discount, earned = np.full(runs, start), np.ones(runs), np.zeros(runs)
    running = np.arange(runs)
    while running.size:
        draws = rng.random(running.size)
        pairs = (cumulative[state[running]] < draws[:, None]).sum(axis=1)
        action, entered = np.divmod(np.minimum(pairs, actions * states - 1), states)
        earned[running] += discount[running] * given.reward[state[running], action]
        discount[running] *= given.discount
        state[running] = entered
        ends = rng.random(running.size) < termination[entered]
        running = running[~(ends | (discount[running] < 1e-12))]
    return earned, discount, state


def test_simulated_options_earn_and_end_as_their_models_say():
    given = random_tables(21, states=5, ragged=False)
    option = random_options(given.available, number=1, seed=4)
    policy = option.policy[0]
    termination = np.clip(option.termination[0], 0.1, 0.6)
    termination[2] = 1.0  # the option begins in a state where it would end on entering
    model = option_model(given.dense(), Option(policy, termination))
    rng, runs = np.random.default_rng(0), 200_000
    earned, discount, last = rolled_out(given, policy, termination, 2, runs, rng)
    # I14: four standard errors of the mean.
    error = earned.std() / np.sqrt(runs)
    assert abs(earned.mean() - model.reward[0, 2]) <= 4 * error
    assert abs(earned.mean()) > 40 * error  # ending before the first step would earn nothing
    for state in range(5):
        ended = discount * (last == state)
        distance = abs(ended.mean() - model.transition[0, 2, state])
        assert distance <= 4 * ended.std() / np.sqrt(runs)


def test_trap_1_an_option_that_would_end_where_it_starts_still_takes_a_step():
    ends = np.zeros((1, 6))
    ends[0, 0] = 1.0
    model = option_model(MDP, Option(OPTIONS.policy[:1], ends))
    first = (OPTIONS.policy[0, 0] * TABLES.expected_reward()[0]).sum()
    rest = OPTIONS.policy[0, 0] @ TABLES.discounted_transition()[0]
    expected = first + (rest * (1 - ends[0])) @ model.reward[0]
    assert model.duration[0, 0] > 1.0
    assert abs(expected) > 0.1
    np.testing.assert_allclose(model.reward[0, 0], expected, atol=1e-12)


def test_trap_2_the_discount_is_inside_the_transition_and_counts_once():
    # A corridor walked to its end: three steps, one reward a step.
    corridor = TabularMDP(np.eye(4)[[[1], [2], [3], [3]]], np.ones((4, 1)), 0.5)
    model = option_model(corridor, Option(np.ones((4, 1)), [0, 0, 0, 1]))
    np.testing.assert_allclose(model.transition[0, 0], [0, 0, 0, 0.125], atol=1e-15)
    np.testing.assert_allclose(model.reward[0], [1.75, 1.5, 1.0, 1.0], atol=1e-15)
    np.testing.assert_array_equal(action_values(model, np.eye(4)[3])[0], [1.75 + 0.125])
    # Choosing it for ever is the policy for ever: v = 2, which a second discount would lessen.
    np.testing.assert_allclose(evaluate_policy(model, np.ones((4, 1))), 2.0, rtol=1e-14)


@x64
def test_trap_16_options_that_never_end_have_finite_models_and_gradients():
    never = Option(OPTIONS.policy, np.zeros_like(OPTIONS.termination))
    model = option_model(MDP, never)
    np.testing.assert_array_equal(model.transition, 0.0)
    np.testing.assert_allclose(model.duration, 10.0, rtol=1e-13)  # 1 / (1 - γ)
    solution = solve_bellman(model)
    np.testing.assert_allclose(solution.value, model.reward.max(axis=0), rtol=1e-14)
    assert solution.converged

    def outcome(termination):
        model = option_model(MDP, Option(OPTIONS.policy, termination))
        return solve_bellman(model, LogSumExp(0.5)).value.sum()

    slope = jax.jit(jax.grad(outcome))(never.termination)
    assert np.isfinite(slope).all()
    assert (np.abs(slope) > 1e-3).any()


def test_trap_24_three_hundred_states_are_as_exact_as_six():
    given = random_tables(0, states=300, actions=2, kind="sparse", discount=0.95)
    option = random_options(given.available, number=2, seed=0)
    for mdp in (given.dense(), given.sparse()):
        model = option_model(mdp, option)
        for index, policy in enumerate(option.policy):
            value = evaluate_policy(mdp, policy)
            backup = model.reward[index] + model.transition[index] @ value
            np.testing.assert_allclose(backup, value, atol=1e-10)


def test_an_action_is_the_option_that_takes_it_and_ends():
    for case in (TABLES, random_tables(9, discount_kind="transition", garbage=np.inf)):
        mdp = case.dense()
        # Where an action is not available its option is not started: any policy will do there.
        offered = mdp.available.T
        anything = random_policy(mdp.available)
        policy = np.where(offered[:, :, None], np.eye(mdp.actions)[:, None], anything)
        option = Option(policy, np.ones(policy.shape[:2]), offered)
        assert_same(primitive_model(mdp), option_model(mdp, option), 1e-14)
        assert_same(primitive_model(case.sparse()), primitive_model(mdp), 0.0)
        model = primitive_model(mdp)
        np.testing.assert_allclose(model.reward.T, case.expected_reward(), atol=1e-15)
        table = np.moveaxis(model.transition, 0, 1)
        np.testing.assert_allclose(table, case.discounted_transition(), atol=1e-15)
        np.testing.assert_array_equal(model.duration, 1.0)


def test_an_unstacked_option_gives_a_model_of_one_choice():
    model = option_model(MDP, Option(OPTIONS.policy[1], OPTIONS.termination[1]))
    stack = option_model(MDP, OPTIONS)
    assert model.reward.shape == (1, 6)
    assert model.available.shape == (6, 1)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(model, field)[0], getattr(stack, field)[1], atol=1e-14)


def test_where_an_option_may_not_be_started_its_model_is_empty_and_elsewhere_the_same():
    limited, free = option_model(MDP, LIMITED), option_model(MDP, OPTIONS)
    startable = LIMITED.startable
    assert not startable.all()
    np.testing.assert_array_equal(limited.available, startable.T)
    np.testing.assert_array_equal(limited.initiation, startable)
    np.testing.assert_array_equal(limited.reward, np.where(startable, free.reward, 0.0))
    np.testing.assert_array_equal(
        limited.transition, np.where(startable[:, :, None], free.transition, 0.0)
    )
    q = action_values(limited, np.zeros(6))
    np.testing.assert_array_equal(np.isneginf(q), ~startable.T)


def test_concatenated_choices_keep_their_order():
    first, second = option_model(MDP, LIMITED), primitive_model(MDP)
    both = concatenate(first, second, first)
    value = np.random.default_rng(0).normal(size=6)
    parts = [action_values(model, value) for model in (first, second, first)]
    np.testing.assert_array_equal(action_values(both, value), np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(
        both.duration, np.concatenate([first.duration, second.duration, first.duration])
    )
    assert_same(concatenate(first), first, 0.0)


@x64
def test_both_engines_hold_the_same_numbers_and_stacks_map():
    def make(mdp, option):
        return concatenate(option_model(mdp, option), primitive_model(mdp))

    traced = jax.jit(make)(MDP, LIMITED)
    assert_same(traced, make(MDP, LIMITED), 1e-13)
    # Three options one by one, and two libraries side by side.
    single = jax.jit(jax.vmap(option_model, in_axes=(None, 0)))(MDP, LIMITED)
    together = option_model(MDP, LIMITED)
    for field in FIELDS:
        found = np.asarray(getattr(single, field))[:, 0]
        np.testing.assert_allclose(found, getattr(together, field), atol=1e-13)
    np.testing.assert_array_equal(single.available[:, :, 0].T, together.available)


@given(SEEDS)
@settings(max_examples=15)
def test_dense_and_sparse_agree(seed):
    given = random_tables(seed, discount_kind="transition", kind="sparse")
    option = random_options(given.available, seed=seed % 1000, initiation=True)
    assert_same(option_model(given.sparse(), option), option_model(given.dense(), option), 1e-13)


def test_tables_on_a_device_give_float64_models_on_the_host():
    on_device = jax.tree.map(jnp.asarray, OPTIONS)
    model = option_model(jax.tree.map(jnp.asarray, MDP), on_device)
    for field in FIELDS:
        assert type(getattr(model, field)) is np.ndarray
        assert getattr(model, field).dtype == np.float64
    # float32 tables are off by 1e-7 of the values.
    assert_same(model, option_model(MDP, OPTIONS), 1e-5)


R, P, D = np.ones((2, 3)), np.full((2, 3, 3), 0.3), np.ones((2, 3))
ONE = np.eye(3)[1]


def test_rows_in_float32_may_exceed_1_by_rounding():
    rounded = np.full((1, 3, 3), 1 / 3 + 1e-6, np.float32)
    model = OptionModel(np.ones((1, 3)), rounded, np.ones((1, 3)))
    assert abs(model.transition.sum(axis=-1) - 1.0).max() <= 4e-16
    assert_names(
        refusal(OptionModel, np.ones((1, 3)), rounded.astype(float), np.ones((1, 3))),
        "transition must sum to at most 1",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((R[0], P, D), "reward must have shape (K, S) ... (3,)"),
        ((np.ones((2, 0)), np.ones((2, 0, 0)), np.ones((2, 0))), "reward must have ... (2, 0)"),
        (("high", P, D), "reward must be an array ... got str 'high'"),
        ((None, P, D), "reward must be an array ... got NoneType"),
        ((R * [1, np.nan, 1], P, D), "reward must be finite ... nan at option 0, state 1"),
        ((R, P[0], D), "transition must have shape (2, 3, 3) ... (3, 3)"),
        ((R, P[:, :, :2], D), "transition must have shape ... (2, 3, 2)"),
        ((R, np.inf * P, D), "transition must be finite ... inf at option 0, state 0, next"),
        ((R, P - ONE, D), "transition must not be negative ... -0.7 at option 0, state 0"),
        ((R, P + 0.2, D), "transition must sum to at most 1 ... 1.5 ... at option 0, state 0"),
        ((R, P, D[0]), "duration must have shape (2, 3) ... (3,)"),
        ((R, P, None), "duration must be an array ... got NoneType"),
        ((R, P, D, [True, False]), "initiation must have shape (2, 3) ... (2,)"),
        ((R, P, D, "all"), "initiation must be an array ... got str 'all'"),
    ],
)  # fmt: skip
def test_bad_tables_of_a_model_are_refused(arguments, words):
    assert_names(refusal(OptionModel, *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((R, P, np.nan * D), "duration must be finite ... nan at option 0, state 0"),
        ((R, P, -D), "duration must not be negative ... -1.0 at option 0, state 0"),
        ((R, P, D, 0.5 * R), "initiation must be true or false ... 0.5 at option 0, state 0"),
        ((R, P, D, np.nan * R), "initiation must be true or false ... nan at option 0, state 0"),
        ((R, P, D, np.full((2, 3), "yes")), "initiation"),
        ((R, P, D, [[True], [True, False]]), "initiation must be an array ... got list"),
    ],
)
def test_nonsense_in_tables_of_the_right_shape_is_refused(arguments, words):
    assert_names(refusal(OptionModel, *arguments), words)


def test_what_stands_where_an_option_may_not_be_started_is_ignored():
    initiation = np.array([[True, True, True], [False, True, True]])
    garbage = np.where(initiation, 1.0, np.nan)
    model = OptionModel(garbage * R, garbage[:, :, None] * P, D, initiation)
    assert model.reward[1, 0] == 0.0
    np.testing.assert_array_equal(model.transition[1, 0], 0.0)


def test_options_of_another_model_are_refused():
    for nothing in (None, 3, OPTIONS.policy, [OPTIONS], primitive_model(MDP)):
        sentence = refusal(option_model, MDP, nothing)
        assert_names(sentence, f"option must be an Option ... got {type(nothing).__name__}")
        assert_names(sentence, "must be an Option")
    smaller = random_options(np.ones((5, 3), bool))
    assert_names(
        refusal(option_model, MDP, smaller),
        "policy of the option must have shape (6, 3) ... (5, 3)",
    )
    state, action = np.argwhere(~MDP.available)[0]
    anything = random_options(np.ones((6, 3), bool))
    sentence = refusal(option_model, MDP, anything)
    assert_names(
        sentence, f"policy must be 0 where ... 0. ... at option 0, state {state}, action {action}"
    )
    assert_names(sentence, "not available")


def test_what_is_no_model_is_refused():
    model = primitive_model(MDP)
    for function in (lambda mdp: option_model(mdp, OPTIONS), primitive_model):
        assert_names(refusal(function, None), "mdp must be a TabularMDP ... got NoneType")
        assert_names(refusal(function, model), "mdp must be a TabularMDP ... got OptionModel")
        stack = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), MDP)
        assert_names(refusal(function, stack), "stack of models")
    assert_names(refusal(concatenate), "models must be of type OptionModel ... nothing")
    assert_names(
        refusal(concatenate, model, MDP), "of type OptionModel ... OptionModel, TabularMDP"
    )
    assert_names(refusal(concatenate, [model, model]), "of type OptionModel ... list")
    other = primitive_model(random_tables(0, states=4).dense())
    assert_names(refusal(concatenate, model, other), "same number of states ... 6 and 4")


def test_a_model_too_large_for_a_dense_inverse_is_refused(monkeypatch):
    monkeypatch.setattr(multistep, "LARGEST_EXECUTION", 5)
    assert_names(refusal(option_model, MDP, OPTIONS), "at most 5 states ... 6")
    primitive_model(MDP)


@x64
def test_a_sparse_model_under_a_transformation_is_refused():
    made = jax.jit(lambda b: option_model(TABLES.sparse(), Option(OPTIONS.policy, b)).reward)
    assert_names(refusal(made, OPTIONS.termination), "must be a dense")


def test_without_64_bit_types_the_refusal_says_what_to_do():
    made = jax.jit(lambda b: option_model(MDP, Option(OPTIONS.policy, b)).reward)
    assert_names(refusal(made, OPTIONS.termination), 'jax.config.update("jax_enable_x64", True)')
