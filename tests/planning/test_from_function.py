"""Models from a function of state and action: names, ends, limits, and what is refused."""

import numpy as np
import pytest

from hierax.planning import TabularMDP, evaluate_policy, solve_bellman
from refusals import refuses


def walk(state, action):
    """A walk on 0 ... 9; a step succeeds with .8, and one beyond 9 ends the episode."""
    after = max(state + action, 0)
    yield 0.2, state, -1.0
    yield 0.8, min(after, 9), -1.0, after > 9


@pytest.fixture
def model():
    return TabularMDP.from_function([0], (-1, 1), walk, 1.0)


def test_states_are_found_in_order_and_an_end_is_added(model):
    assert model.names.states[:10] == list(range(10))
    assert repr(model.names.states[10]) == "END"
    assert model.names.actions == (-1, 1)
    assert (model.states, model.actions, model.is_sparse) == (11, 2, True)
    assert model.available[-1].tolist() == [True, False]


def test_each_step_takes_one_and_a_quarter_tries(model):
    found = solve_bellman(model)
    np.testing.assert_allclose(found.value[:10], -(10 - np.arange(10)) / 0.8, atol=1e-9)
    assert found.value[10] == 0.0


def test_tables_are_those_of_the_function():
    rng = np.random.default_rng(0)
    transition, reward = rng.dirichlet(np.ones(6), (6, 3)), rng.normal(size=(6, 3, 6))

    def step(state, action):
        return [(transition[state, action, t], t, reward[state, action, t]) for t in range(6)]

    found = TabularMDP.from_function(range(6), range(3), step, 0.9, initial=4)
    expected = TabularMDP(transition, reward, 0.9, initial=4)
    table = found.transition.toarray().reshape(6, 3, 6)
    np.testing.assert_allclose(table, transition, atol=1e-15)
    np.testing.assert_allclose(found.reward, expected.reward, atol=1e-15)
    np.testing.assert_array_equal(found.initial, expected.initial)


def test_actions_may_depend_on_the_state():
    def actions(stock):
        return [f"order {n}" for n in range(3 - stock)]

    def step(stock, action):
        after = stock + int(action[-1])
        yield 0.5, after, -after
        yield 0.5, max(after - 1, 0), 2.0 - after

    mdp = TabularMDP.from_function([0], actions, step, 0.9)
    assert sorted(mdp.names.states) == [0, 1, 2]
    index = {name: mdp.names.actions.index(name) for name in mdp.names.actions}
    assert not mdp.available[mdp.names.state_index(2), index["order 1"]]
    assert mdp.available[mdp.names.state_index(0), index["order 2"]]


def test_values_are_read_by_the_names_of_states(model):
    value = model.names.by_state(evaluate_policy(model, [1] * 10 + [0]))
    assert value[9] == pytest.approx(-1.25)
    refuses(lambda: model.names.state_index(77), "state must be one of the 11 states ... 77")


def test_names_stay_where_a_table_changes(model):
    assert model.with_discount(0.5).names is model.names


def test_outcomes_of_probability_0_are_not_explored():
    mdp = TabularMDP.from_function([0], [0], lambda s, _: [(1.0, 0, 0.0), (0.0, s + 1, 0.0)], 0.9)
    assert mdp.names.states == [0]


def stepping(*outcomes):
    return lambda: TabularMDP.from_function(["a"], ["go"], lambda *_: outcomes, 0.9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (stepping((0.5, "a", 0.0)), "sum to 1 ... 0.5 at state 'a', action 'go'"),
        (stepping((1.5, "a", 0.0), (-0.5, "a", 0.0)), "probability ... negative ... -0.5"),
        (stepping((1.0, ["a"], 0.0)), "states must be hashable, got list"),
        (stepping((1.0, "a")), "step must yield (probability, next state, reward)"),
        (stepping((1.0, "a", "high")), "step must yield ... 'high'"),
        (stepping((1.0, "a", np.nan)), "reward must be finite ... state 'a', action 'go'"),
        (stepping(), "sum to 1 ... got 0 at state 'a'"),
        (stepping(3), "step must yield ... got 3"),
        (
            lambda: TabularMDP.from_function([0], [0], lambda s, _: [(1, s + 1, 0)], 0.9, limit=9),
            "limit=9 states ... such as 9",
        ),
        (lambda: TabularMDP.from_function([], [0], walk, 0.9), "at least one state"),
        (lambda: TabularMDP.from_function([0], [], walk, 0.9), "actions ... none in 0"),
        (lambda: TabularMDP.from_function([0], [1], walk, 1.5), "discount must be in [0, 1]"),
        (lambda: TabularMDP.from_function([0], [1], walk, 1, initial=-4), "state must be one of"),
        (lambda: TabularMDP.from_function([0], [1], walk, 1, limit=0), "limit"),
    ],
)
def test_what_makes_no_model_is_named(make, words):
    refuses(make, words)
