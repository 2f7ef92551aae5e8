"""The progress bar: shown only at a terminal, and removed at the end."""

import io
import sys

import pytest

from hierax.planning import TabularMDP, progress_bar, solve_bellman


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
