"""Options: shapes, stacks, initiation sets, and invalid arguments."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import Option, condition_on_goals, option_model
from planning.models import random_tables
from planning.options.random_options import random_options
from refusals import assert_names, refusal

STACK = random_options(np.ones((4, 2), bool), number=3, seed=1, initiation=True)
POLICY, TERMINATION = STACK.policy, STACK.termination


def test_one_option_and_a_stack_know_which_they_are():
    one = Option(POLICY[0], TERMINATION[0])
    assert not one.is_stacked
    assert STACK.is_stacked
    assert STACK.stacked() is STACK
    alone = one.stacked()
    assert alone.is_stacked
    np.testing.assert_array_equal(alone.policy, POLICY[:1])
    np.testing.assert_array_equal(alone.termination, TERMINATION[:1])
    assert alone.initiation is None


def test_stacking_keeps_the_initiation_set():
    one = Option(POLICY[1], TERMINATION[1], STACK.initiation[1])
    np.testing.assert_array_equal(one.stacked().initiation, STACK.initiation[1:2])


def test_an_option_may_be_started_everywhere_unless_told():
    np.testing.assert_array_equal(Option(POLICY, TERMINATION).startable, np.ones((3, 4), bool))
    np.testing.assert_array_equal(Option(POLICY[0], TERMINATION[0]).startable, np.ones(4, bool))
    assert not STACK.startable.all()
    np.testing.assert_array_equal(STACK.startable, STACK.initiation)


@pytest.mark.parametrize("kind", [bool, int, float, jnp.float32])
def test_initiation_of_any_type_is_true_or_false(kind):
    given = np.array([1, 0, 0, 1])
    option = Option(POLICY[0], TERMINATION[0], given.astype(kind))
    assert option.initiation.dtype == bool
    np.testing.assert_array_equal(option.initiation, given == 1)


@pytest.mark.parametrize("kind", [np.asarray, np.float32, jnp.asarray, np.ndarray.tolist])
def test_tables_are_float64_on_the_host_whatever_they_are_given_as(kind):
    even, ends = np.full((4, 2), 0.5), np.array([0.0, 1.0, 0.25, 0.5])
    option = Option(kind(even), kind(ends))
    for table, given in ((option.policy, even), (option.termination, ends)):
        assert type(table) is np.ndarray
        assert table.dtype == np.float64
        np.testing.assert_array_equal(table, given)


ACTIONS = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize("kind", [np.asarray, np.uint8, jnp.asarray, np.ndarray.tolist])
def test_integers_are_the_actions_of_deterministic_policies(kind):
    mdp = random_tables(0, states=4, actions=2, ragged=False).dense()
    for actions, ends in ((ACTIONS, TERMINATION), (ACTIONS[0], TERMINATION[0])):
        option = Option(kind(actions), ends)
        assert option.is_deterministic
        assert option.is_stacked == (actions.ndim == 2)
        assert option.stacked().termination.shape == (actions.size // 4, 4)
        table = Option(np.eye(2)[actions], ends)
        assert not table.is_deterministic
        found, wanted = option_model(mdp, option), option_model(mdp, table)
        np.testing.assert_array_equal(found.transition, wanted.transition)
        np.testing.assert_array_equal(found.reward, wanted.reward)
        goals = [condition_on_goals(mdp, each, [1, 2]) for each in (option, table)]
        np.testing.assert_array_equal(goals[0].reward, goals[1].reward)


def test_a_table_of_integers_is_a_table():
    assert not Option(
        np.eye(4, 2, dtype=int) | [[0, 0], [0, 0], [0, 1], [1, 0]], TERMINATION[0]
    ).is_deterministic


def test_actions_that_a_model_does_not_have_are_refused():
    mdp = random_tables(0, states=4, actions=2, ragged=False).dense()
    option = Option(ACTIONS + 1, TERMINATION)
    words = "policy of the option ... from 0 to 1, got 2 at option 0, state 1"
    assert_names(refusal(option_model, mdp, option), words)
    words = "policy must have indices of actions >= 0, got -1 at option 0, state 0"
    assert_names(refusal(Option, ACTIONS - 1, TERMINATION), words)
    words = "termination must have shape (3,) ... (4,)"
    assert_names(refusal(Option, ACTIONS[0, :3], TERMINATION[0]), words)
    words = "policy must be 0 where the action is not available"
    lacking = random_tables(0, states=4, actions=2).dense()
    choice = (~lacking.available).argmax(axis=1)
    assert_names(refusal(option_model, lacking, Option(choice, TERMINATION[0])), words)


@pytest.mark.usefixtures("x64")
def test_traced_actions_make_an_option():
    mdp = random_tables(0, states=4, actions=2, ragged=False).dense()
    make = jax.jit(lambda actions: option_model(mdp, Option(actions, TERMINATION)).reward)
    wanted = option_model(mdp, Option(ACTIONS, TERMINATION)).reward
    np.testing.assert_allclose(make(ACTIONS), wanted, atol=1e-13)


def test_an_option_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STACK.policy = POLICY


def test_a_stack_maps_to_its_options():
    kinds = []

    def ends(option):
        kinds.append(option.is_stacked)
        return option.termination * option.startable

    found = jax.vmap(ends)(STACK)
    assert kinds == [False]
    np.testing.assert_allclose(found, TERMINATION * STACK.initiation, rtol=1e-6)


def test_shapes_are_checked_under_tracing_and_values_are_not():
    make = jax.jit(lambda policy, termination: Option(policy, termination).termination)
    make(-POLICY, 7 * TERMINATION)
    assert_names(refusal(make, POLICY, TERMINATION[0]), "termination must have shape ... (4,)")
    assert_names(refusal(make, POLICY[0, 0], TERMINATION), "policy must have shape ... (2,)")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (POLICY[0, 0], "(2,)"), (POLICY[None], "(1, 3, 4, 2)"), (np.ones((4, 0)), "(4, 0)"),
        (np.ones((0, 4, 2)), "(0, 4, 2)"), (None, "NoneType 'None'"), ("up", "str 'up'"),
        ([[0.5, 0.5], [1.0]], "list '[[0.5, 0.5], [1.0]]'"),
        (1.1 * POLICY, "sum to 1 ... 1.1 at option 0, state 0"),
        (POLICY[0] / 2, "sum to 1 ... 0.5 at state 0"),
        (POLICY * [2.0, -1.0], "not be negative ... at option 0, state 0, action 1"),
        (np.where(np.arange(4)[:, None] == 2, np.nan, POLICY), "finite ... nan at option 0"),
        (np.inf * POLICY[0], "finite ... inf at state 0, action 0"),
    ],
)  # fmt: skip
def test_bad_policies_are_refused(policy, words):
    sentence = refusal(Option, policy, TERMINATION)
    assert sentence.startswith("policy")
    assert_names(sentence, words)


@pytest.mark.parametrize(
    ("termination", "words"),
    [
        (TERMINATION[0], "shape (3, 4) ... (4,)"), (0.5, "()"), (POLICY, "(3, 4, 2)"),
        (None, "NoneType"), ("never", "str 'never'"), ([[0.5], [1.0, 1.0]], "list"),
        (TERMINATION + 2.0, "in [0, 1] ... at option 0, state 0"),
        (np.where(np.arange(4) == 3, -1e-9, TERMINATION), "-1e-09 at option 0, state 3"),
        (np.where(np.arange(4) == 1, np.nan, TERMINATION), "nan at option 0, state 1"),
    ],
)  # fmt: skip
def test_bad_terminations_are_refused(termination, words):
    sentence = refusal(Option, POLICY, termination)
    assert sentence.startswith("termination")
    assert_names(sentence, words)


@pytest.mark.parametrize(
    ("initiation", "words"),
    [
        (STACK.initiation[0], "shape (3, 4) ... (4,)"), (True, "()"),
        ("all", "str 'all'"), (np.full((3, 4), 2), "true or false ... 2.0 at option 0, state 0"),
        (np.full((3, 4), 0.5), "true or false ... 0.5 at option 0, state 0"),
        (np.full((3, 4), np.nan), "nan at option 0, state 0"),
    ],
)  # fmt: skip
def test_bad_initiation_sets_are_refused(initiation, words):
    sentence = refusal(Option, POLICY, TERMINATION, initiation)
    assert sentence.startswith("initiation")
    assert_names(sentence, words)


def test_a_refusal_of_one_option_speaks_of_states_alone():
    sentence = refusal(Option, POLICY[0], TERMINATION[0] - 2.0)
    assert_names(sentence, "in [0, 1] ... at state 0")
    assert "option" not in sentence
