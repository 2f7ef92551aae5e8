"""Option models of many goals: rank one against a model built with the goal in it (I13)."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import (
    GoalOptionModels,
    Option,
    TabularMDP,
    action_values,
    concatenate,
    condition_on_goals,
    option_model,
    primitive_model,
)
from planning.models import random_tables
from planning.options.random_options import followed, random_options
from refusals import assert_names, refusal

FIELDS = ("reward", "transition", "duration")
TABLES = random_tables(5, states=6, garbage=np.nan)
MDP = TABLES.dense()
OPTIONS = random_options(MDP.available, seed=2)
LIMITED = random_options(MDP.available, seed=2, initiation=True)
GOALS = np.array([4, 0, 2])
x64 = pytest.mark.usefixtures("x64")


def with_goal(given, goal):
    """The task as a model of its own: entering the goal pays 1 and is discounted by 0."""
    reward = np.zeros(given.transition.shape)
    reward[:, :, goal] = 1.0
    discount = given.discounts() * (np.arange(given.transition.shape[-1]) != goal)
    if np.ndim(given.discount) < 2:
        discount = discount[0, 0]
    return TabularMDP(given.transition, reward, discount, given.initial, given.available)


def directly(given, option, goal, primitives):
    task = with_goal(given, goal)
    parts = [option_model(task, option), primitive_model(task)]
    return concatenate(*parts[: 1 + primitives])


def assert_same(found, wanted, atol=1e-12):
    np.testing.assert_array_equal(found.available, wanted.available)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(found, field), getattr(wanted, field), atol=atol)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("discount_kind", ["number", "state", "transition"])
@pytest.mark.parametrize("kind", ["stochastic", "deterministic", "absorbing"])
def test_the_rank_one_model_is_the_model_with_the_goal_in_it(layout, discount_kind, kind):
    given = random_tables(6, states=6, kind=kind, discount_kind=discount_kind, garbage=np.nan)
    option = random_options(given.available, seed=3)
    family = condition_on_goals(getattr(given, layout)(), option, GOALS, primitives=True)
    assert (len(family), family.states, family.options) == (3, 6, 6)
    for model, goal in zip(family.models(), GOALS, strict=True):
        # I13: 1e-10 asked. Duration included: the cut shortens it.
        assert_same(model, directly(given, option, goal, primitives=True))


def test_initiation_sets_do_not_change_what_an_option_does_once_started():
    family = condition_on_goals(MDP, LIMITED, np.arange(6))
    startable = LIMITED.startable
    assert not startable.all(axis=0).all()  # some goal is outside some initiation set
    value = np.random.default_rng(0).random((6, 6))
    backups = family.backup(value)
    for goal, model in enumerate(family.models()):
        wanted = directly(TABLES, LIMITED, goal, primitives=False)
        assert_same(model, wanted)
        q = action_values(wanted, value[goal])
        np.testing.assert_allclose(backups[goal], q, atol=1e-12)


def test_where_an_option_may_not_be_started_its_action_value_is_minus_infinity():
    family = condition_on_goals(MDP, LIMITED, GOALS, primitives=True)
    offered = np.concatenate([LIMITED.startable.T, MDP.available], axis=1)
    np.testing.assert_array_equal(family.available, offered)
    backups = family.backup(np.ones((3, 6)))
    np.testing.assert_array_equal(np.isneginf(backups), np.broadcast_to(~offered, (3, 6, 6)))
    for model in family.models():
        np.testing.assert_array_equal(model.available, offered)
        assert (model.reward[~offered.T] == 0).all()
        assert (model.transition[~offered.T] == 0).all()


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_a_family_backs_up_every_task_as_its_own_model_does(layout):
    given = random_tables(7, states=6, discount_kind="transition", garbage=np.nan)
    option = random_options(given.available, seed=1)
    family = condition_on_goals(getattr(given, layout)(), option, GOALS, primitives=True)
    value = np.random.default_rng(0).normal(size=(3, 6))
    backups = family.backup(value)
    assert backups.shape == (3, 6, 6)
    for index, goal in enumerate(GOALS):
        task = directly(given, option, goal, primitives=True)
        np.testing.assert_allclose(backups[index], action_values(task, value[index]), atol=1e-12)


def test_a_task_is_what_happens_step_by_step():
    family = condition_on_goals(MDP, OPTIONS, GOALS)
    for model, goal in zip(family.models(), GOALS, strict=True):
        table = TABLES.discounted_transition() * (np.arange(6) != goal)
        reward = np.where(TABLES.available, TABLES.transition[:, :, goal], 0.0)
        for index in range(3):
            policy, termination = OPTIONS.policy[index], OPTIONS.termination[index]
            expected = followed(table, reward, policy, termination)
            for field, wanted in zip(FIELDS, expected, strict=True):
                np.testing.assert_allclose(getattr(model, field)[index], wanted, atol=1e-12)


# Seven cells in a row; "east" goes to the next cell and stays in the last.
CORRIDOR = TabularMDP(
    np.stack([np.eye(7)[[1, 2, 3, 4, 5, 6, 6]], np.eye(7)[[0, 0, 1, 2, 3, 4, 5]]], axis=1),
    np.zeros((7, 2)),
    0.5,
)
EAST = Option(np.eye(2)[np.zeros(7, int)], np.eye(7)[6])


def test_trap_17_a_goal_is_entered_with_discount_0_and_has_no_absorbing_row():
    family = condition_on_goals(CORRIDOR, EAST, [3], primitives=True)
    model = family.model(0)
    assert model.states == 7
    np.testing.assert_array_equal(model.transition[:, :, 3], 0.0)
    # The goal itself is a state like others: one may leave it, and be paid for coming back.
    np.testing.assert_array_equal(model.transition[2, 3], 0.5 * np.eye(7)[2])
    np.testing.assert_array_equal(model.transition[0, 3], 0.125 * np.eye(7)[6])
    np.testing.assert_array_equal(model.reward[1], np.eye(7)[2])
    # What a value of the goal itself is does not matter to those on their way.
    value = np.random.default_rng(0).random((1, 7))
    np.testing.assert_array_equal(family.backup(value), family.backup(value + 100 * np.eye(7)[3]))


def test_trap_18_an_option_that_runs_through_a_goal_is_cut_there():
    goal_free = option_model(CORRIDOR, EAST)
    model = condition_on_goals(CORRIDOR, EAST, [3]).model(0)
    np.testing.assert_allclose(goal_free.transition[0, 0], 0.5**6 * np.eye(7)[6], atol=1e-15)
    np.testing.assert_array_equal(model.transition[0, :3], 0.0)
    np.testing.assert_allclose(model.reward[0, :3], [0.25, 0.5, 1.0], rtol=1e-14)
    np.testing.assert_allclose(model.duration[0, :3], [1.75, 1.5, 1.0], rtol=1e-14)
    # Started beyond the goal it never meets it.
    np.testing.assert_allclose(model.transition[0, 3:], goal_free.transition[0, 3:], atol=1e-15)
    np.testing.assert_array_equal(model.reward[0, 3:], 0.0)


def test_trap_18_an_option_that_may_not_be_started_at_the_goal_is_cut_there_too():
    before = Option(EAST.policy, EAST.termination, np.arange(7) < 3)
    model = condition_on_goals(CORRIDOR, before, [3]).model(0)
    np.testing.assert_array_equal(model.transition, 0.0)


def test_what_is_not_kept_for_later_is_lost_to_time_or_ends_at_the_goal():
    family = condition_on_goals(MDP, OPTIONS, np.arange(6))
    for model in family.models():
        # I2, with what would have been kept on entering the goal: γ of the reward.
        mass = model.transition.sum(axis=-1) + 0.9 * model.reward
        np.testing.assert_allclose(mass, 1 - 0.1 * model.duration, atol=1e-12)
        assert (model.reward >= -1e-14).all()


def test_actions_alone_are_a_family_too():
    family = condition_on_goals(MDP, None, GOALS, primitives=True)
    np.testing.assert_array_equal(family.correction, 0.0)
    for model, goal in zip(family.models(), GOALS, strict=True):
        assert_same(model, primitive_model(with_goal(TABLES, goal)), 1e-15)


def test_one_option_makes_a_family_of_one_choice():
    one = Option(OPTIONS.policy[1], OPTIONS.termination[1])
    family, stack = (condition_on_goals(MDP, option, GOALS) for option in (one, OPTIONS))
    assert family.options == 1
    np.testing.assert_allclose(family.reward[0], stack.reward[1], atol=1e-15)
    np.testing.assert_allclose(family.model(2).transition[0], stack.model(2).transition[1])


def test_the_reward_of_the_model_plays_no_part():
    other = MDP.with_reward(MDP.reward + 5.0)
    one, two = (condition_on_goals(mdp, OPTIONS, GOALS, True) for mdp in (MDP, other))
    for first, second in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_array_equal(first, second)


@x64
def test_both_engines_hold_the_same_numbers_and_goals_may_be_traced():
    value = np.random.default_rng(0).random((3, 6))

    def outcomes(mdp, option, goals, value):
        family = condition_on_goals(mdp, option, goals, primitives=True)
        model = family.model(1)
        return family, family.backup(value), model.transition, model.duration

    found = jax.jit(outcomes)(MDP, OPTIONS, GOALS, value)
    wanted = outcomes(MDP, OPTIONS, GOALS, value)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-13)


@x64
def test_no_table_of_a_family_has_a_matrix_for_every_goal():
    goals, value = np.arange(6), np.ones((6, 6))
    family = condition_on_goals(MDP, OPTIONS, goals)
    assert max(leaf.size for leaf in jax.tree.leaves(family)) == 3 * 6 * 6
    jaxpr = jax.make_jaxpr(
        lambda mdp, value: condition_on_goals(mdp, OPTIONS, goals).backup(value)
    )(MDP, value)
    shapes = re.findall(r"f64\[([\d,]+)\]", str(jaxpr))
    sizes = [math.prod(map(int, shape.split(","))) for shape in shapes]
    assert 3 * 6 * 6 <= max(sizes) < 3 * 6 * 6 * 6  # (K, S, S), and not (K, G, S, S)


def test_tables_on_a_device_give_float64_families_on_the_host():
    family = condition_on_goals(
        *jax.tree.map(jnp.asarray, (MDP, OPTIONS)), jnp.asarray(GOALS), primitives=True
    )
    assert type(family) is GoalOptionModels
    for leaf in jax.tree.leaves(family):
        assert type(leaf) is np.ndarray
        assert leaf.dtype in (np.float64, np.int32, bool)


@pytest.mark.parametrize(
    ("goals", "words"),
    [
        (3, "shape ()"), ([], "shape (0,)"), ([[0, 1]], "shape (1, 2)"), ([0.0], "type float64"),
        ([True], "type bool"), (None, "shape ()"), ("door", "shape ()"),
        ([0, 6], "goals must hold states from 0 to 5 ... got 6"),
        ([-1], "states from 0 to 5 ... -1"),
    ],
)  # fmt: skip
def test_bad_goals_are_refused(goals, words):
    sentence = refusal(condition_on_goals, MDP, OPTIONS, goals)
    assert sentence.startswith("goals")
    assert_names(sentence, words)


def test_bad_models_and_options_are_refused():
    assert_names(
        refusal(condition_on_goals, MDP, None, GOALS), "option must be an Option ... got None"
    )
    assert_names(
        refusal(condition_on_goals, MDP, "east", GOALS),
        "option must be an Option ... got str 'east'",
    )
    assert_names(
        refusal(condition_on_goals, None, OPTIONS, GOALS),
        "mdp must be a TabularMDP ... got NoneType",
    )
    assert_names(
        refusal(condition_on_goals, primitive_model(MDP), OPTIONS, GOALS),
        "mdp must be a TabularMDP ... got OptionModel",
    )
    assert_names(
        refusal(condition_on_goals, MDP, EAST, GOALS),
        "policy of the option must have shape (6, 3) ... (7, 2)",
    )
    anything = random_options(np.ones((6, 3), bool))
    assert_names(
        refusal(condition_on_goals, MDP, anything, GOALS),
        "policy must be 0 where the action is not available",
    )


def test_without_64_bit_types_the_refusal_says_what_to_do():
    made = jax.jit(lambda b: condition_on_goals(MDP, Option(OPTIONS.policy, b), GOALS).reward)
    assert_names(refusal(made, OPTIONS.termination), 'jax.config.update("jax_enable_x64", True)')
