"""The progress bar: shown only at a terminal, and removed at the end."""

import io
import math
import sys

import pytest

from hierax.planning import SolveInterrupted, TabularMDP, progress_bar, solve_bellman
from hierax.planning.bellman_host import ROUNDS


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def watch(monkeypatch):
    """Replace stderr by a stream inside the test, because pytest replaces it before."""
    monkeypatch.setattr(progress_bar, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def put(stream):
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return put


def work():
    with progress_bar.ProgressBar("sweeping states") as bar:
        for tenth in range(10):
            bar.report(tenth / 10)


def test_a_bar_with_its_description_appears_at_a_terminal(watch):
    stream = watch(Terminal())
    work()
    assert "sweeping states" in stream.getvalue()
    assert "90%" in stream.getvalue()


def test_nothing_is_written_elsewhere(watch):
    stream = watch(io.StringIO())
    work()
    assert stream.getvalue() == ""


def test_nothing_is_written_before_patience_ends(watch, monkeypatch):
    stream = watch(Terminal())
    monkeypatch.setattr(progress_bar, "PATIENCE", 60.0)
    work()
    assert stream.getvalue() == ""


def test_the_bar_stops_when_the_work_fails(watch):
    stream = watch(Terminal())
    bar = progress_bar.ProgressBar("sweeping")

    def fail():
        with bar:
            bar.report(0.5)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    written = stream.getvalue()
    assert "sweeping" in written
    bar.report(0.6)  # a stopped bar draws no more
    assert stream.getvalue() == written


def test_one_bar_may_run_inside_another(watch):
    stream = watch(Terminal())
    with progress_bar.ProgressBar("outer") as outer:
        outer.report(0.1)
        work()
        outer.report(0.2)
    assert "outer" in stream.getvalue()
    assert "sweeping states" in stream.getvalue()


@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
def test_a_solve_shows_its_progress_at_a_terminal_alone(watch, kind):
    stream = watch(kind())
    ring = TabularMDP([[[0.5, 0.5]], [[1.0, 0.0]]], [[1.0], [0.0]], 0.99)
    solve_bellman(ring, method="value_iteration")
    assert ("value_iteration" in stream.getvalue()) == (kind is Terminal)


def test_lines_appear_elsewhere_on_request(watch, monkeypatch):
    stream = watch(io.StringIO())
    monkeypatch.setattr(progress_bar, "BETWEEN_LINES", 0.0)
    work()
    assert stream.getvalue() == ""
    with progress_bar.lines_without_terminal():
        work()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("sweeping states: 90.00% done, about ")


@pytest.mark.parametrize(
    ("seconds", "share", "text"),
    [
        (10.0, 0.5, "about 10 s left"),
        (10.0, 0.0, "time left unknown"),
        (60.0, 0.1, "about 9 min left"),
        (3600.0, 0.25, "about 3 h left"),
        (30.0, 1e-5, "about 35 days left"),
        (30.0, 1e-7, "about 10 years left"),
        (30.0, 1e-15, "over 1,000 years left"),
    ],
)
def test_the_time_that_is_left_has_one_unit(seconds, share, text):
    assert progress_bar.time_left(seconds, share) == text


def test_an_interrupted_solve_has_the_value_so_far_and_its_bound(watch, monkeypatch):
    """Next to discount 1 value iteration takes days, and its progress says so."""
    stream, made, shares = watch(io.StringIO()), [], []
    monkeypatch.setattr(progress_bar, "BETWEEN_LINES", 0.0)
    (backup, evaluate), report = ROUNDS["value_iteration"], progress_bar.ProgressBar.report

    def interrupted(search):
        if len(made) == 300:
            raise KeyboardInterrupt
        made.append(backup(search))

    def noted(bar, fraction):
        shares.append(fraction)
        report(bar, fraction)

    monkeypatch.setitem(ROUNDS, "value_iteration", (interrupted, evaluate))
    monkeypatch.setattr(progress_bar.ProgressBar, "report", noted)
    ring = TabularMDP([[[0.5, 0.5]], [[1.0, 0.0]]], [[1.0], [0.0]], 1 - 1e-9)
    with progress_bar.lines_without_terminal(), pytest.raises(SolveInterrupted) as caught:
        solve_bellman(ring, method="value_iteration")
    solution = caught.value.solution
    assert solution.steps == 300
    assert not solution.converged
    assert solution.value.max() == pytest.approx(200.0, abs=1.0)
    assert solution.error_bound == pytest.approx(2e9 / 3, rel=0.01)
    assert "after 300 steps the value is within 6.67e+08" in str(caught.value)
    assert len(stream.getvalue().splitlines()) == 300
    rounds = 1e9 * math.log(2 / 3 / 0.9e-17)
    assert shares[-1] == pytest.approx(300 / rounds, rel=0.05)
