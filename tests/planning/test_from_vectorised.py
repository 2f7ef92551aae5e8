"""Models from a function of arrays: the same as from a function of single states."""

import numpy as np
import pytest

from hierax.planning import TabularMDP, solve_bellman
from refusals import refuses

SIZE = 5


def single(state, action):
    """A slippery move on a line; leaving it at the right end ends the episode."""
    after = state + (1, -1)[action]
    yield 0.75, min(max(after, 0), SIZE - 1), -1.0, after >= SIZE
    yield 0.25, state, -2.0, False


def vectorised(states, action):
    after = states + (1, -1)[action]
    following = np.stack([np.clip(after, 0, SIZE - 1), states], axis=1)
    ends = np.stack([after >= SIZE, np.zeros(states.size, bool)], axis=1)
    reward = np.broadcast_to([-1.0, -2.0], following.shape)
    return np.broadcast_to([0.75, 0.25], following.shape), following, reward, ends


def changed(**fields):
    """The function with other arrays."""

    def step(states, action):
        names = ("probability", "following", "reward", "ends")
        given = dict(zip(names, vectorised(states, action), strict=True))
        return tuple((given | fields).values())

    return step


def test_it_is_the_model_of_single_states():
    one = TabularMDP.from_function(range(SIZE), (0, 1), single, 1.0)
    many = TabularMDP.from_vectorised(SIZE, 2, vectorised, 1.0, initial=0)
    # The end was found after state 4 in both.
    assert repr(one.names.states[SIZE]) == "END"
    np.testing.assert_allclose(one.transition.toarray()[:-1], many.transition.toarray()[:-1])
    np.testing.assert_allclose(one.reward, many.reward)
    np.testing.assert_array_equal(one.available, many.available)
    np.testing.assert_array_equal(one.initial, many.initial)
    np.testing.assert_allclose(solve_bellman(one).value, solve_bellman(many).value, atol=1e-12)


def test_without_ends_no_state_is_added():
    step = changed(ends=np.zeros((SIZE, 2), bool))
    mdp = TabularMDP.from_vectorised(SIZE, 2, step, 0.9)
    assert mdp.states == SIZE
    three = TabularMDP.from_vectorised(SIZE, 2, lambda s, a: vectorised(s, a)[:3], 0.9)
    np.testing.assert_array_equal(three.transition.toarray(), mdp.transition.toarray())


def test_actions_may_have_different_numbers_of_outcomes():
    def step(states, action):
        if action:
            return np.ones((SIZE, 1)), states[:, None], np.zeros(SIZE)
        return vectorised(states, action)[:3]

    mdp = TabularMDP.from_vectorised(SIZE, 2, step, 0.9)
    table = mdp.transition.toarray().reshape(SIZE, 2, SIZE)
    np.testing.assert_array_equal(table[:, 1], np.eye(SIZE))
    assert table[2, 0, 3] == 0.75


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda s, a: 3, "step must return probability (S, K) ... got int for action 0"),
        (changed(probability=np.ones(SIZE)), "S = 5 ... float64 (5,)"),
        (changed(following=np.zeros((SIZE, 2))), "integers as next states ... float64 (5, 2)"),
        (changed(following=np.full((SIZE, 2), 7)), "next state must be from 0 to 4, got 7"),
        (changed(reward=np.zeros(3)), "reward (S, K) or (S,) ... (3,)"),
        (changed(probability=np.full((SIZE, 2), 0.4)), "transition must sum to 1 ... 0.8"),
        (changed(reward=np.full((SIZE, 2), np.nan)), "reward must be finite"),
    ],
)
def test_what_makes_no_model_is_named(step, words):
    refuses(lambda: TabularMDP.from_vectorised(SIZE, 2, step, 0.9), words)


def test_numbers_of_states_and_actions_are_checked():
    refuses(lambda: TabularMDP.from_vectorised(0, 2, vectorised, 0.9), "states")
    refuses(lambda: TabularMDP.from_vectorised(SIZE, 2.5, vectorised, 0.9), "actions")
    refuses(
        lambda: TabularMDP.from_vectorised(SIZE, 2, vectorised, 0.9, available=np.ones((2, 2))),
        "available ... (5, 2)",
    )
