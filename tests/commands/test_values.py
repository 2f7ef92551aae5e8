"""Words become values of the type that was asked for, or are refused in words."""

import ast

import pytest

from hierax.commands.errors import UsageError
from hierax.commands.values import allowed, guess_value, read_value


def read(kind, words):
    return read_value("--agent.x", ast.parse(kind, mode="eval").body, words.split())


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("int", "-3", -3),
        ("float", "1e-3", 1e-3),
        ("float", "2", 2.0),
        ("bool", "", True),
        ("bool", "False", False),
        ("str", "none", "none"),
        ("float | None", "none", None),
        ("float | None", "0.5", 0.5),
        ("Literal['flat', 'uniform']", "uniform", "uniform"),
        ("tuple[int, ...]", "64 32", (64, 32)),
        ("tuple[int, ...]", "64,32", (64, 32)),
        ("tuple[int, ...]", "64", (64,)),
        ("tuple[float, float]", "6 -6", (6.0, -6.0)),
        ("tuple[str, ...] | None", "none", None),
        ("tuple[str, ...] | None", "position,goal", ("position", "goal")),
        ("tuple[float, float] | Literal['multi']", "multi", "multi"),
        ("tuple[float, float] | Literal['multi']", "8 0", (8.0, 0.0)),
    ],
)
def test_words_become_values(kind, words, value):
    found = read(kind, words)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        ("int", "1.5", "--agent.x is '1.5', but must be a whole number"),
        ("int", "", "--agent.x is given no value, but must be a whole number"),
        ("float", "1 2", "--agent.x is '1 2', but must be a finite number"),
        ("float", "nan", "--agent.x is 'nan', but must be a finite number"),
        ("float | None", "much", "--agent.x is 'much', but must be a finite number or none"),
        ("bool", "perhaps", "--agent.x is 'perhaps', but must be true or false"),
        ("tuple[int, ...]", "a", "--agent.x is 'a', but must be one or more whole numbers"),
        ("tuple[float, float]", "1", "--agent.x is '1', but must be 2 numbers"),
        (
            "Literal['flat', 'uniform']",
            "unifrom",
            "--agent.x is 'unifrom', but must be flat or uniform; did you mean uniform?",
        ),
    ],
)
def test_other_words_are_refused(kind, words, message):
    with pytest.raises(UsageError) as refused:
        read(kind, words)
    assert str(refused.value) == message


def test_types_in_words():
    kind = ast.parse("tuple[str, ...] | Literal['all', 'no'] | None", mode="eval").body
    assert allowed(kind) == "one or more words or all or no or none"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["3"], 3),
        (["0.5"], 0.5),
        (["True"], True),
        (["none"], None),
        (["goal"], "goal"),
        (["1", "2"], (1, 2)),
        (["1,a"], (1, "a")),
        ([], True),
    ],
)
def test_without_a_type_words_are_what_they_look_like(words, value):
    assert guess_value(words) == value
