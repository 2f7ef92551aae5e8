"""Lines where the output is piped, a bar in a terminal."""

import io
import re
import sys

import pytest

from hierax.training.progress import Progress


def test_a_line_for_each_call_where_it_is_piped(capsys):
    with Progress(1000) as progress:
        progress.show(100, [{"training/return": 1.0}])
        progress.show(200, [{}])
        progress.show(300, [{"deterministic/return": 2.0, "training/return": 9.0}] * 2)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert [line.split("  ")[:2] for line in lines] == [
        ["step 100 of 1000", "return 1"],
        ["step 200 of 1000", "return 1"],  # the last that was measured
        ["step 300 of 1000", "return 2"],
    ]
    assert lines[0].endswith("timing")
    assert re.search(r"\d+ steps/s  \d+ s left$", lines[-1])


def test_the_return_is_the_mean_over_seeds(capsys):
    with Progress(10) as progress:
        progress.show(5, [{"training/return": 1.0}, {}, {"training/return": 2.0}])
    assert "return 1.5" in capsys.readouterr().err


def test_nothing_where_it_is_not_wanted(capsys):
    with Progress(1000, enabled=False) as progress:
        progress.show(100, [{"training/return": 1.0}])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("steps", [[10, 20], []])
def test_a_bar_in_a_terminal(monkeypatch, steps):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with Progress(20) as progress:
        for step in steps:
            progress.show(step, [{"training/return": 3.5}])
    shown = terminal.getvalue()
    assert ("20 steps" in shown) == bool(steps)
    assert ("return 3.5" in shown) == bool(steps)
