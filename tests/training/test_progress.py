"""A line in ten seconds where the output is piped, a bar in a terminal."""

import io
import re
import sys

import pytest

from hierax.training import progress as module
from hierax.training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """The time, which a test moves by ``clock.now += seconds``."""

    class Clock:
        now = 100.0

        def perf_counter(self):
            return self.now

    monkeypatch.setattr(module, "time", made := Clock())
    return made


def test_at_most_a_line_in_ten_seconds_where_it_is_piped(capsys, clock):
    with Progress(1000) as progress:
        for step in range(10, 1001, 10):
            clock.now += 1.0
            progress.show(step, [{"training/return": 1.0}])
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "compiling"
    assert len(lines) == 11
    assert lines[1].startswith("step 100 of 1000  return 1  10 steps/s  90 s left")
    assert lines[-1].startswith("step 1000 of 1000")


def test_the_rate_is_that_of_the_last_reports_and_has_their_evaluations(capsys, clock):
    with Progress(100_000) as progress:
        clock.now += 60.0  # compiles
        for step in range(1_000, 40_001, 1_000):
            clock.now += 1.0 if step <= 20_000 else 4.0
            with progress.evaluating():
                clock.now += 6.0
            progress.show(step, [{}])
    assert capsys.readouterr().err.splitlines()[-1].endswith("100 steps/s  600 s left")


def test_the_return_is_the_last_mean_over_seeds_and_never_nan(capsys, clock):
    with Progress(50) as progress:
        for step, metrics in (
            (10, [{"training/return": 1.0}, {}, {"training/return": 2.0}]),
            (20, [{}]),
            (30, [{"deterministic/return": 2.0, "training/return": 9.0}] * 2),
            (40, [{"training/return": float("nan")}]),
        ):
            clock.now += 10.0
            progress.show(step, metrics)
    returns = re.findall(r"return (\S+)", capsys.readouterr().err)
    assert returns == ["1.5", "1.5", "2", "-"]


def test_an_evaluation_is_told(capsys, clock):
    with Progress(100) as progress:
        clock.now += 20.0
        with progress.evaluating():
            pass
    assert capsys.readouterr().err.splitlines() == ["compiling", "evaluating"]


def test_nothing_where_it_is_not_wanted(capsys):
    with Progress(1000, enabled=False) as progress, progress.evaluating():
        progress.note("a sentence")
        progress.show(100, [{"training/return": 1.0}])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("steps", [[10, 20], []])
def test_a_bar_in_a_terminal(monkeypatch, steps):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    with Progress(20) as progress:
        for step in steps:
            progress.show(step, [{"training/return": 3.5}])
        progress.note("a sentence")
        with progress.evaluating():
            pass
    shown = terminal.getvalue()
    assert ("20 steps" in shown) == bool(steps)
    assert ("return 3.5" in shown) == bool(steps)
    assert "a sentence" in shown
    assert "evaluating" in shown


def test_no_bar_under_continuous_integration(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("CI", "true")
    with Progress(20) as progress:
        progress.show(20, [{"training/return": 3.5}])
    assert terminal.getvalue() == "compiling\nstep 20 of 20  return 3.5\n"
