"""Options that know whether they were given."""

import dataclasses
from typing import Annotated

import pytest
import tyro

from hierax.commands.options import number, whole_number, word


@dataclasses.dataclass(frozen=True)
class Options:
    rate: Annotated[float | None, *number("RATE", "the usual rate")] = None
    count: Annotated[int | None, *whole_number("N", "12")] = None
    rule: Annotated[str | None, *word("stay", "goal", default="stay")] = None


def parse(*words):
    return tyro.cli(Options, args=words)


def test_what_is_left_out_is_none():
    assert parse() == Options(None, None, None)


def test_what_is_given_has_its_type():
    given = parse("--rate", "1e-2", "--count", "3", "--rule", "goal")
    assert given == Options(0.01, 3, "goal")
    assert type(given.count) is int
    assert type(parse("--rate", "1").rate) is float


@pytest.mark.parametrize("words", [("--rate", "much"), ("--count", "1.5"), ("--rule", "money")])
def test_what_cannot_be_read_is_refused(words, capsys):
    with pytest.raises(SystemExit) as end:
        parse(*words)
    assert end.value.code == 2
    assert words[0].strip("-") in capsys.readouterr().err


def test_help_tells_what_holds_without_them(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    text = " ".join(capsys.readouterr().out.split())
    for words in ("--rate RATE", "[default: the usual rate]", "[default: 12]", "{stay,goal}"):
        assert words in text
