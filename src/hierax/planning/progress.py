"""A progress bar for computations that turn out long; silent when not at a terminal."""

import sys
import time
from types import TracebackType
from typing import Self

PATIENCE = 1.0
"""Seconds before a bar appears."""


class Progress:
    """A context in which ``report(fraction)`` may be called often and costs nothing when silent."""

    def __init__(self, description: str):
        self._description = description
        self._begin = time.monotonic()
        self._bar = None
        self._task = None

    def __enter__(self) -> Self:
        return self

    def report(self, fraction: float) -> None:
        """Show that ``fraction`` of the work, 0 to 1, is done."""
        if self._bar is None and not self._show():
            return
        self._bar.update(self._task, completed=fraction)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _show(self) -> bool:
        if time.monotonic() - self._begin < PATIENCE or not sys.stderr.isatty():
            return False
        import rich.console
        import rich.progress

        self._bar = rich.progress.Progress(
            console=rich.console.Console(stderr=True), transient=True
        )
        self._task = self._bar.add_task(self._description, total=1.0)
        self._bar.start()
        return True
