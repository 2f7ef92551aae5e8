"""A broken rule is a ValueError of one sentence with the name, the rule and the given value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax import checks
from hierax.planning import model_checks
from refusals import assert_names, refusal, refuses

AVAILABLE = np.array([[True, True], [True, False]])
EVEN = np.array([[0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (-1, "-1"), (3, "3"), (True, "True"), (np.bool_(False), "False"), (1.0, "1.0"),
        ("0", "'0'"), (np.int64(-2), "-2"), (jnp.array(7), "7"), (np.nan, "nan"), (1j, "1j"),
        ([0.5, 0.5], "(2,)"), (np.ones((3, 1)), "(3, 1)"), ([[1, 2], [3]], "[[1, 2], [3]]"),
        ([1.5, -0.5, 0.0], "-0.5 at state 1"), ([0.2, 0.2, 0.2], "sum to 1 within 1e-8, got 0.6"),
        ([1.0, np.inf, 0.0], "finite, got inf at state 1"), ([1 / 3 + 1e-8] * 3, "1.00000003"),
    ],
)  # fmt: skip
def test_distribution_refuses(given, words):
    refuses(lambda: model_checks.distribution("initial", given, 3), "initial", words)


@pytest.mark.parametrize("given", [2, np.int64(2), np.uint8(2), np.array(2), jnp.array(2)])
def test_distribution_of_an_index_is_one_hot(given):
    np.testing.assert_array_equal(model_checks.distribution("initial", given, 3), [0.0, 0.0, 1.0])


def test_distribution_of_nothing_is_uniform():
    np.testing.assert_array_equal(model_checks.distribution("initial", None, 4), np.full(4, 0.25))


def test_distribution_does_not_follow_later_changes_of_the_array():
    given = np.array([0.5, 0.5])
    kept = model_checks.distribution("initial", given, 2)
    given[0] = 7.0
    np.testing.assert_array_equal(kept, [0.5, 0.5])


def test_a_traced_index_is_one_hot_and_a_traced_float_refused():
    one_hot = jax.vmap(lambda state: model_checks.distribution("initial", state, 3))
    np.testing.assert_array_equal(one_hot(jnp.arange(3)), np.eye(3))
    assert "state index" in refusal(one_hot, jnp.ones(3))
    assert "(2,)" in refusal(
        jax.jit(lambda x: model_checks.distribution("initial", x, 3)), np.ones(2)
    )


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (EVEN[0], "(2,)"), (np.add(EVEN, [[0, 1e-7], [0, 0]]), "1.0000001 at state 0"),
        ([[0.5, 0.5], [0.9, 0.1]], "0 where the action is not available, got 0.1 at state 1"),
        ([[1.5, -0.5], [1.0, 0.0]], "not be negative, got -0.5 at state 0, action 1"),
        ([[0.5, 0.5], [1.0, np.nan]], "nan at state 1, action 1"), (None, "None"), ("ab", "'ab'"),
    ],
)  # fmt: skip
def test_policy_table_refuses(policy, words):
    refuses(lambda: model_checks.policy_table("policy", policy, AVAILABLE), "policy must", words)


def test_policy_table_lets_rows_miss_one_by_1e_8():
    model_checks.policy_table("policy", EVEN * (1 + 0.9e-8), AVAILABLE)
    refusal(model_checks.policy_table, "policy", EVEN * (1 + 1.1e-8), AVAILABLE)


def test_shapes_are_checked_under_tracing_and_values_are_not():
    check = jax.jit(lambda policy: model_checks.policy_table("policy", policy, AVAILABLE))
    check(-EVEN)
    assert "(1, 2)" in refusal(check, EVEN[:1])


NOT_POSITIVE = (0, -1.0, np.nan, np.inf, None, "1", True, np.bool_(True), [1.0], [1, [2]], 1j)


@pytest.mark.parametrize("given", [*NOT_POSITIVE, np.ones(1), jnp.zeros(()), np.array("1")])
def test_positive_refuses(given):
    refuses(lambda: checks.positive("temperature", given), "temperature", "> 0", repr(given))


@pytest.mark.parametrize("given", [2, 2.0, np.float32(2), np.int8(2), np.array(2.0), jnp.array(2)])
def test_positive_gives_a_float(given):
    number = checks.positive("temperature", given)
    assert type(number) is float
    assert number == 2.0


def test_positive_checks_the_shape_of_a_tracer():
    assert jax.jit(lambda x: checks.positive("temperature", x))(-1.0) == -1.0
    assert "(2,)" in refusal(jax.jit(lambda x: checks.positive("temperature", x)), np.ones(2))


@pytest.mark.parametrize("given", ["Auto", "", None, 3, ["auto"], np.array(["auto", "other"])])
def test_one_of_refuses(given):
    allowed = ("auto", "other")
    refuses(
        lambda: checks.one_of("method", given, allowed), "method", "'auto', 'other'", repr(given)
    )


@pytest.mark.parametrize("given", [0, -3, 1.0, True, np.bool_(True), "1", None, np.ones(2, int)])
def test_count_refuses(given):
    refuses(lambda: checks.count("iterations", given, 1), "iterations", "integer >= 1", repr(given))


def test_count_takes_whole_numbers():
    checks.count("iterations", 1, 1)
    checks.count("iterations", np.int32(5), 1)


@pytest.mark.parametrize("given", [3, -1, 1.0, True, np.bool_(False), "1", None])
def test_index_refuses(given):
    refuses(lambda: checks.index("number", given, 3), "number", "from 0 to 2", repr(given))
    checks.index("number", np.int64(2), 3)


@pytest.mark.parametrize(("value", "words"), [([1.0, np.nan], "nan at state 1"), ([1.0], "(1,)")])
def test_state_values_refuses(value, words):
    assert words in refusal(model_checks.state_values, "value", value, 2)


STATE_ACTION = ("state", "action")


@pytest.mark.parametrize(
    ("array", "axes", "words"),
    [
        ([0.5, 1.1], ("state",), "in [0, 1], got 1.1 at state 1"),
        ([[0.0, 1.0], [-1e-9, 2.0]], STATE_ACTION, "-1e-09 at state 1, action 0"),
        ([np.nan], ("state",), "nan at state 0"), ([1.0, np.inf], ("state",), "inf at state 1"),
        (-0.5, (), "in [0, 1], got -0.5"), (np.nan, (), "got nan"),
    ],
)  # fmt: skip
def test_probabilities_refuses(array, axes, words):
    check, table = model_checks.probabilities, np.asarray(array)
    refuses(lambda: check("termination", array, table, axes), "termination", words)


def test_probabilities_lets_the_ends_pass_and_does_not_look_at_tracers():
    def check(table, axes):
        return model_checks.probabilities("termination", table, table, axes)

    ends = np.array([0.0, -0.0, 0.5, 1.0])
    np.testing.assert_array_equal(check(ends, ("state",)), ends)
    assert check(np.array(1.0), ()) == 1.0
    assert check(np.zeros((0, 3)), STATE_ACTION).shape == (0, 3)
    jax.jit(lambda x: check(x, ("state",)))(np.array([7.0, np.nan]))


def test_probabilities_without_their_rounding_are_in_the_unit_interval():
    rounded = np.array([-1e-13, 1.0 + 1e-13])
    found = model_checks.probabilities("termination", rounded, rounded, ("state",))
    np.testing.assert_array_equal(found, [0.0, 1.0])


@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf, None, "0", True, [0.0]])
def test_not_negative_refuses(value):
    assert checks.not_negative("decay", 0) == 0.0
    assert checks.not_negative("decay", np.float32(0.5)) == 0.5
    refuses(lambda: checks.not_negative("decay", value), "decay", ">= 0", repr(value))


@pytest.mark.parametrize("value", [np.nan, -np.inf, None, "0", True, [0.0]])
def test_finite_refuses(value):
    assert checks.finite("centre", -2) == -2.0
    refuses(lambda: checks.finite("centre", value), "centre must be a finite number", repr(value))


def test_an_instance_of_something_else_is_shown_in_short():
    checks.instance("number", 3, float, int)
    sentence = refusal(checks.instance, "number", "x" * 1000, float, int)
    assert_names(sentence, "number", "float or int", "'xxx")
    assert len(sentence) < 130


def test_a_class_in_place_of_an_instance_is_told():
    sentence = refusal(checks.instance, "learner", float, float, int)
    assert_names(sentence, "learner", "float or int", "got the class float")
