"""The progress bar: silent where nobody watches, shown at a terminal, gone at the end."""

import io
import sys

import pytest

from hierax.planning import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def stderr(monkeypatch, request):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = request.param()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def work():
    with progress.Progress("sweeping states") as bar:
        for tenth in range(10):
            bar.report(tenth / 10)


at_a_terminal = pytest.mark.parametrize("stderr", [Terminal], indirect=True)


@at_a_terminal
def test_a_bar_with_its_description_appears_at_a_terminal(stderr):
    work()
    assert "sweeping states" in stderr.getvalue()
    assert "90%" in stderr.getvalue()


@pytest.mark.parametrize("stderr", [io.StringIO], indirect=True)
def test_nothing_is_written_elsewhere(stderr):
    work()
    assert stderr.getvalue() == ""


@at_a_terminal
def test_nothing_is_written_before_patience_ends(stderr, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 60.0)
    work()
    assert stderr.getvalue() == ""


@at_a_terminal
def test_the_bar_stops_when_the_work_fails(stderr):
    with pytest.raises(RuntimeError, match="broken"), progress.Progress("sweeping") as bar:
        bar.report(0.5)
        raise RuntimeError("broken")
    written = stderr.getvalue()
    bar.report(0.6)  # a stopped bar draws no more
    assert stderr.getvalue() == written


@at_a_terminal
def test_one_bar_may_run_inside_another(stderr):
    with progress.Progress("outer") as outer:
        outer.report(0.1)
        work()
        outer.report(0.2)
    assert "sweeping states" in stderr.getvalue()
