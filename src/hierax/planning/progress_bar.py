"""The progress of long computations: a bar at a terminal, and lines elsewhere on request."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress

PATIENCE = 1.0
"""Seconds before a bar appears."""
BETWEEN_LINES = 10.0
"""Seconds before a line, and between two lines, where there is no terminal."""
BETWEEN_UPDATES = 0.1
UNITS = (("years", 365.25 * 86_400), ("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
MOST_YEARS = 1_000

_lines: ContextVar[bool] = ContextVar("lines of progress", default=False)


@contextmanager
def lines_without_terminal() -> Iterator[None]:
    """Return a context in which progress is printed where the error stream is no terminal."""
    token = _lines.set(True)
    try:
        yield
    finally:
        _lines.reset(token)


class ProgressBar:
    """A context manager that shows the share that is done, and the time that is left.

    ``report(fraction)`` updates it. A bar appears at a terminal after a second, lines appear in
    `lines_without_terminal`. Calls to ``report`` are cheap.
    """

    def __init__(self, description: str):
        self._description = description
        self._begin = time.monotonic()
        self._next = self._begin + min(PATIENCE, BETWEEN_LINES)
        self._bar: rich.progress.Progress | None = None
        self._fraction = 0.0

    def __enter__(self) -> "ProgressBar":
        return self

    def report(self, fraction: float) -> None:
        """Show that ``fraction`` of the work, 0 to 1, is done."""
        self._fraction, now = fraction, time.monotonic()
        if now < self._next:
            return
        if sys.stderr.isatty():
            self._next = now + BETWEEN_UPDATES
            self._bar = self._bar or self._shown()
            self._update(self._bar)
        elif now < self._begin + BETWEEN_LINES or not _lines.get():
            self._next = now + min(PATIENCE, BETWEEN_LINES)
        else:
            self._next = now + BETWEEN_LINES
            left = time_left(now - self._begin, fraction)
            print(f"{self._description}: {fraction:.2%} done, {left}", file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._update(self._bar)
            self._bar.stop()

    def _update(self, bar: "rich.progress.Progress") -> None:
        left = time_left(time.monotonic() - self._begin, self._fraction)
        bar.update(bar.task_ids[0], completed=self._fraction, left=left)

    def _shown(self) -> "rich.progress.Progress":
        # Imported here so that short computations do not load rich.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )  # fmt: skip
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(self._description, total=1.0, left="")
        bar.start()
        return bar


def time_left(seconds: float, fraction: float) -> str:
    """Return the time that is left, if ``fraction`` of the work took ``seconds``, in one unit."""
    if not fraction > 0.0:
        return "time left unknown"
    left = seconds * (1.0 - fraction) / fraction
    if left > MOST_YEARS * UNITS[0][1]:
        return f"over {MOST_YEARS:,} years left"
    name, size = next((unit for unit in UNITS if left >= 2 * unit[1]), UNITS[-1])
    return f"about {left / size:.0f} {name} left"
