"""The progress of a training: a live bar in a terminal, plain lines if the output is piped."""

import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SHOWN = ("deterministic/return", "training/return")
"""Returns that can be shown; the first one that was measured is shown."""


class Progress:
    """A context manager that shows the progress of a run.

    Args:
        total: environment steps of the run.
        enabled: whether anything is shown.
    """

    def __init__(self, total: int, *, enabled: bool = True):
        self._total, self._enabled = total, enabled
        self._bar: Bar | None = None
        self._before: tuple[int, float] | None = None
        self._return = float("nan")

    def __enter__(self) -> "Progress":
        if self._enabled and sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.completed:>9,.0f} steps"),
                BarColumn(),
                TextColumn("return {task.fields[value]}"),
                TextColumn("{task.fields[speed]} steps/s"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.add_task("", total=self._total, value="-", speed="-")
            self._bar.start()
        self._before = None
        return self

    def show(self, step: int, metrics: Sequence[Mapping[str, float]]) -> None:
        """Show the step, the mean return over seeds, the speed and the remaining time."""
        if not self._enabled:
            return
        for name in SHOWN:
            found = [seed[name] for seed in metrics if name in seed]
            if found:
                self._return = sum(found) / len(found)
                break
        now = time.perf_counter()
        done, since = self._before or (step, now)
        speed = (step - done) / (now - since) if now > since and step > done else 0.0
        self._before = self._before or (step, now)
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0],
                completed=step,
                value=f"{self._return:.4g}",
                speed=f"{speed:,.0f}",
            )
        else:
            print(self._line(step, speed), file=sys.stderr, flush=True)

    def _line(self, step: int, speed: float) -> str:
        left = f"{(self._total - step) / speed:.0f} s left" if speed else "timing"
        return (
            f"step {step} of {self._total}  return {self._return:.4g}  {speed:.0f} steps/s  {left}"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
