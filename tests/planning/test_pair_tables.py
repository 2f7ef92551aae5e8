"""Models from rows of state-action pairs, as other libraries have them."""

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import TabularMDP
from refusals import refuses

S, A = 4, 3
RNG = np.random.default_rng(0)
P = RNG.dirichlet(np.ones(S), (S, A))
R = RNG.normal(size=(S, A))
OFFERED = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 0], [1, 1, 0]], bool)
STATES, ACTIONS = np.nonzero(OFFERED)


def shuffled():
    """The rows of the offered pairs in another order."""
    order = np.random.default_rng(1).permutation(STATES.size)
    pairs = STATES[order], ACTIONS[order]
    return P[pairs], R[pairs], pairs


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.coo_matrix])
def test_rows_of_given_pairs_are_the_model_of_these_pairs(kind):
    rows, reward, pairs = shuffled()
    found = TabularMDP.from_arrays(kind(rows), reward, 0.9, "pairs", initial=1, pairs=pairs)
    expected = TabularMDP(P, R, 0.9, initial=1, available=OFFERED)
    table = found.transition.toarray().reshape(S, A, S)
    np.testing.assert_array_equal(table, expected.transition)
    np.testing.assert_array_equal(found.reward, expected.reward)
    np.testing.assert_array_equal(found.available, OFFERED)
    np.testing.assert_array_equal(found.initial, expected.initial)


def test_without_pairs_the_rows_are_all_pairs():
    found = TabularMDP.from_arrays(P.reshape(-1, S), R.ravel(), 0.9, "pairs")
    np.testing.assert_array_equal(found.transition.toarray().reshape(S, A, S), P)
    assert found.available.all()


def build(**changes):
    rows, reward, pairs = shuffled()
    given = {"transition": rows, "reward": reward, "pairs": pairs, **changes}
    return lambda: TabularMDP.from_arrays(discount=0.9, layout="pairs", **given)


ROWS, REWARD, PAIRS = shuffled()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (build(transition=P), "must have shape (L, S), got (4, 3, 4)"),
        (build(reward=R), "reward must have shape (8,)"),
        (build(pairs=3), "pairs must be (states, actions), got int"),
        (build(pairs=(PAIRS[0], PAIRS[1][:-1])), "actions of pairs must have shape (8,)"),
        (build(pairs=(PAIRS[0] + 1, PAIRS[1])), "states of pairs ... from 0 to 3 ... 4"),
        (build(pairs=(PAIRS[0] * 0.5, PAIRS[1])), "states of pairs must be integers"),
        (build(pairs=(PAIRS[0], 0 * PAIRS[1])), "pairs must be different ... twice"),
        (build(pairs=(np.minimum(PAIRS[0], 2), PAIRS[1])), "twice"),
        (build(transition=0.5 * ROWS), "transition must sum to 1 ... 0.5"),
        (build(available=OFFERED), "available must be left out"),
    ],
)
def test_what_does_not_fit_is_named(make, words):
    refuses(make, words)


def test_rows_that_are_no_multiple_of_the_states_need_pairs():
    refuses(
        build(transition=ROWS[:7], reward=REWARD[:7], pairs=None), "A*4 rows, got 7: give pairs"
    )


def test_pairs_are_for_this_layout():
    refuses(
        lambda: TabularMDP.from_arrays(P, R, 0.9, "sas", pairs=PAIRS),
        "pairs are for layout 'pairs'",
    )
