"""Orders of axes: layouts that are stated, wrong orders, and orders that nobody can tell apart."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import TabularMDP, evaluate_policy
from hierax.planning.model_tables import _warn_once
from planning.models import random_tables
from refusals import assert_names, refusal

TABLES = random_tables(3, ragged=False, discount_kind="transition", reward_axes=3)
P, R, D = TABLES.transition, TABLES.reward, TABLES.discount
S, A = P.shape[:2]
FIELDS = ("transition", "reward", "discount", "initial", "available")
AMBIGUOUS = random_tables(1, states=3, actions=3, ragged=False).transition


def assert_same(found, wanted):
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(found, field), getattr(wanted, field))


def actions_first(table):
    return np.moveaxis(table, 1, 0)


@pytest.mark.parametrize("reward", [R, R.sum(-1)], ids=["of moves", "of pairs"])
@pytest.mark.parametrize("discount", [D, 0.9, np.full(S, 0.5)], ids=["(S,A,S)", "()", "(S,)"])
def test_each_layout_is_the_same_model(reward, discount):
    offered = np.ones((S, A), bool)
    offered[2, 1] = False
    wanted = TabularMDP(P, reward, discount, 1, offered)
    given = (P, reward, discount)
    assert_same(TabularMDP.from_arrays(*given, "sas", 1, offered), wanted)
    first = [actions_first(x) if np.ndim(x) == 3 else x for x in given]
    found = TabularMDP.from_arrays(*first, layout="ass", initial=1, available=offered)
    assert_same(found, wanted)
    assert found.transition.flags.c_contiguous


def test_a_list_of_matrices_has_the_action_first():
    wanted = TabularMDP(P, R, 0.9)
    assert_same(
        TabularMDP.from_arrays(list(actions_first(P)), actions_first(R), 0.9, "ass"), wanted
    )
    matrices = [sp.csr_array(matrix) for matrix in actions_first(P)]
    found = TabularMDP.from_arrays(matrices, actions_first(R), 0.9, "ass")
    np.testing.assert_array_equal(found.transition.toarray(), P.reshape(S * A, S))
    np.testing.assert_allclose(found.reward, wanted.reward, atol=1e-15)
    words = "layout of sparse matrices must be 'ass' ... got 'sas'"
    assert_names(refusal(TabularMDP.from_arrays, matrices, R, 0.9, "sas"), words)


def test_an_unknown_layout_is_refused():
    assert_names(refusal(TabularMDP.from_arrays, P, R, 0.9, "ssa"), "layout must be one of 'sas'")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transition": actions_first(P)},
         "(S, A, S) ... (3, 5, 5), which fits (A, S, S) ... from_arrays with layout='ass'"),
        ({"transition": np.moveaxis(P, 1, 2)},
         "(S, A, S) ... (5, 5, 3), which fits (S, S, A) ... np.moveaxis(transition, 2, 1)"),
        ({"reward": R[:, :, 0].T}, "(5, 3) or (5, 3, 5), got (3, 5), which fits (A, S): transpose"),
        ({"reward": actions_first(R)}, "got (3, 5, 5), which fits (A, S, S) ... layout='ass'"),
        ({"discount": np.moveaxis(D, 1, 2)},
         "got (5, 5, 3), which fits (S, S, A) ... np.moveaxis(discount, 2, 1)"),
        ({"available": np.ones((A, S))}, "got (3, 5), which fits (A, S): transpose it"),
    ],
)  # fmt: skip
def test_another_order_of_axes_is_named_with_its_cure(change, words):
    given = {"transition": P, "reward": R, "discount": 0.9, **change}
    sentence = refusal(lambda: TabularMDP(**given))
    assert_names(sentence, f"{next(iter(change))} must have shape", words)


def test_a_stated_layout_that_does_not_fit_is_named():
    words = "(A, S, S) ... got shape (5, 3, 5), which fits (S, A, S) ... layout='sas'"
    assert_names(refusal(TabularMDP.from_arrays, P, R, 0.9, "ass"), words)
    words = "reward must have shape (5, 3) or (3, 5, 5), got (5, 3, 5) ... layout='sas'"
    assert_names(refusal(TabularMDP.from_arrays, actions_first(P), R, 0.9, "ass"), words)


def test_a_policy_with_another_order_of_axes_is_named():
    mdp = TabularMDP(P, R, 0.9)
    policy = np.full((S, A), 1 / A)
    words = "policy must have shape (5, 3), got (3, 5), which fits (A, S): transpose it"
    assert_names(refusal(evaluate_policy, mdp, policy.T), words)


def warned(*arguments, build=TabularMDP, **keywords):
    """Return the warnings of a first model of the process."""
    _warn_once.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build(*arguments, **keywords)
        build(*arguments, **keywords)
    return [str(each.message) for each in caught]


def test_a_model_of_two_readings_warns_once_a_process():
    (message,) = warned(AMBIGUOUS, np.zeros((3, 3)), 0.9)
    assert_names(message, "(S, A, S)", "(A, S, S)", "from_arrays", "layout='sas'")


def test_rewards_and_discounts_of_moves_have_an_order_too():
    even = np.full((2, 2, 2), 0.5)
    uneven = np.arange(8.0).reshape(2, 2, 2)
    assert warned(even, np.zeros((2, 2)), 0.9) == []
    assert len(warned(even, uneven, 0.9)) == 1
    assert len(warned(even, np.zeros((2, 2)), uneven / 8)) == 1


@pytest.mark.parametrize("layout", ["sas", "ass"])
def test_a_stated_layout_is_not_warned_of(layout):
    build = TabularMDP.from_arrays
    assert warned(AMBIGUOUS, np.zeros((3, 3)), 0.9, build=build, layout=layout) == []


def test_one_valid_reading_is_not_warned_of():
    assert warned(P, R, 0.9) == []  # S is not A
    alone = AMBIGUOUS.copy()
    alone[0, 1] = np.nan  # not a row of (S, A, S), but one of (A, S, S)
    offered = np.ones((3, 3), bool)
    offered[0, 1] = False
    assert warned(alone, np.zeros((3, 3)), 0.9, available=offered) == []
    matrices = [sp.csr_array(matrix) for matrix in AMBIGUOUS]
    assert warned(matrices, np.zeros((3, 3)), 0.9) == []


def test_actions_that_do_not_depend_on_the_order_are_not_warned_of():
    symmetric = AMBIGUOUS.copy()
    for s, a in ((0, 1), (0, 2), (1, 2)):
        symmetric[a, s] = symmetric[s, a]
    assert warned(symmetric, np.zeros((3, 3)), 0.9) == []
