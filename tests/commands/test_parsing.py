"""From words to options: errors are one line, with the option, the rule and the value."""

import dataclasses
from typing import Annotated, Literal

import pytest
from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError
from hierax.commands.options import whole_number
from hierax.commands.parsing import normal, parse, values_of


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of all kinds."""

    place: Annotated[Positional[str], arg(metavar="PLACE")]
    """Where."""
    steps: Annotated[int, *whole_number("N", None, 1)]
    """How many."""
    rate: float | None = None
    """How fast."""
    sizes: tuple[int, ...] = (3,)
    """How large."""
    goal: tuple[float, float] | Literal["multi"] = (1.0, 2.0)
    """To where."""
    scales: tuple[float, float] = (0.1, 1.0)
    """Between what."""
    mode: Literal["fast", "slow", "still"] = "fast"
    """In which way."""
    is_dry: bool = False
    """Whether."""


def refusal(*words):
    with pytest.raises(UsageError) as error:
        parse(Options, words, "prog")
    message = str(error.value)
    assert "\n" not in message
    return message


def test_options_are_read():
    words = "here --steps 4 --rate None --sizes 5 6 --goal 6 -6 --mode slow --is-dry"
    options = parse(Options, words.split(), "prog")
    assert options == Options("here", 4, None, (5, 6), (6.0, -6.0), mode="slow", is_dry=True)
    assert parse(Options, ["here", "--steps=4", "--is_dry"], "prog").is_dry
    assert parse(Options, ["x", "--steps", "4", "--goal", "multi"], "prog").goal == "multi"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("x --stops 4", "unknown option '--stops'; did you mean '--steps'?"),
        ("x --steps 4 --colour=red", "unknown option '--colour'; known: --goal, --help"),
        ("x --steps 4 --is-dry yes", "unexpected word 'yes'"),
        ("x", "missing: --steps"),
        ("--rate 3", "missing: PLACE, --steps"),
        ("x --steps", "--steps must have a value, got none"),
        ("x --steps 4 --scales", "--scales must have 2 values, got none"),
        ("x --steps 4 --scales 1", "--scales must have 2 values, got 1"),
        ("x --steps 0", "--steps must be an integer >= 1, got '0'"),
        ("x --steps 1e-5", "--steps must be an integer >= 1, got '1e-5'"),
        ("x --steps inf", "--steps must be an integer >= 1, got 'inf'"),
        ("x --steps 1.5", "--steps must be an integer >= 1, got '1.5'"),
        ("x --steps 4 --rate fast", "--rate must be None or a number, got 'fast'"),
        ("x --steps 4 --sizes 5 x", "--sizes must be integers, got '5 x'"),
        ("x --steps 4 --goal 3", "--goal must be 2 numbers or multi, got '3'"),
        ("x --steps 4 --mode slw", "must be fast, slow or still, got 'slw'; did you mean 'slow'?"),
        ("x --steps 4 --is-dry --is_dry", "--is-dry is given twice, but may be given once"),
    ],
)
def test_a_refusal_names_option_rule_and_value(words, message):
    assert message in refusal(*words.split())


def test_a_narrow_terminal_changes_no_message(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    message = "--rate must be None or a number, got 'fast'; see prog --help"
    assert refusal("x", "--steps", "4", "--rate", "fast") == message
    assert refusal("x", "--rate", "4") == "missing: --steps; see prog --help"


def test_help_has_a_text_above(capsys):
    with pytest.raises(SystemExit) as end:
        parse(Options, ["--help"], "prog", "A text above.")
    assert not end.value.code
    printed = capsys.readouterr().out
    assert printed.index("A text above.") < printed.index("--rate")


def test_the_words_of_an_option_are_those_up_to_the_next():
    words = ["x", "--a_b", "1", "-2", "--c=3", "4", "--d"]
    assert values_of("--a-b", words) == ["1", "-2"]
    assert values_of("--c", words) == ["3", "4"]
    assert values_of("--d", words) == values_of("--e", words) == []
    assert normal("--a_b.c=d_e") == "--a-b.c"
