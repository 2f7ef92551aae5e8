"""A progress bar for long computations, shown only at a terminal."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress

PATIENCE = 1.0
"""Seconds before a bar appears."""


class ProgressBar:
    """A context manager that shows a bar after a second; ``report(fraction)`` updates it.

    Calls to ``report`` are cheap while no bar is shown.
    """

    def __init__(self, description: str):
        self._description = description
        self._begin = time.monotonic()
        self._bar: rich.progress.Progress | None = None

    def __enter__(self) -> "ProgressBar":
        return self

    def report(self, fraction: float) -> None:
        """Show that ``fraction`` of the work, 0 to 1, is done."""
        if self._bar is None and self._wanted():
            self._bar = self._shown()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=fraction)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _wanted(self) -> bool:
        return time.monotonic() - self._begin >= PATIENCE and sys.stderr.isatty()

    def _shown(self) -> "rich.progress.Progress":
        # Imported here so that short computations do not load rich.
        from rich.console import Console
        from rich.progress import Progress as Bar

        bar = Bar(console=Console(stderr=True), transient=True)
        bar.add_task(self._description, total=1.0)
        bar.start()
        return bar
