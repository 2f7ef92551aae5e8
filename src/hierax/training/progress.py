"""The progress of a training: a live bar in a terminal, a line in 10 s if the output is piped."""

import contextlib
import math
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

SHOWN = ("deterministic/return", "training/return")
"""Returns that can be shown; the first one that was measured is shown."""
SECONDS = 10.0
"""Least time between two lines."""
RECENT = 20
"""Number of last reports that the rate is measured over: a fifth of a run by default."""
COMPILING, TRAINING, EVALUATING = "compiling", "training", "evaluating"


class Progress:
    """A context manager that shows the progress of a run.

    The rate is that of the last reports. Evaluations are part of their time, and so of the time
    that is left. Compilation before the first report is not.

    Args:
        total: environment steps of the run.
        enabled: whether anything is shown.
    """

    def __init__(self, total: int, *, enabled: bool = True):
        self._total, self._enabled = total, enabled
        self._bar: Bar | None = None
        self._reports: deque[tuple[int, float]] = deque(maxlen=RECENT)
        self._printed = -math.inf
        self._return: float | None = None

    def __enter__(self) -> "Progress":
        if not self._enabled:
            return self
        self._reports.clear()
        if sys.stderr.isatty() and not os.environ.get("CI"):
            self._bar = Bar(
                TextColumn("{task.fields[stage]:<10}{task.completed:>9,.0f} steps"),
                BarColumn(),
                TextColumn("return {task.fields[value]}"),
                TextColumn("{task.fields[speed]}"),
                console=Console(stderr=True),
            )
            self._bar.add_task("", total=self._total, stage=COMPILING, value="-", speed="")
            self._bar.start()
        else:
            self._print(COMPILING)
        return self

    def note(self, text: str) -> None:
        """Show a sentence about the run."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        elif self._enabled:
            print(text, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Show that the run evaluates its agent, inside a ``with`` statement."""
        self._stage(EVALUATING)
        yield
        self._stage(TRAINING)

    def show(self, step: int, metrics: Sequence[Mapping[str, float]]) -> None:
        """Show the step, the mean return over seeds, the rate and the time that is left."""
        if not self._enabled:
            return
        for name in SHOWN:
            found = [seed[name] for seed in metrics if name in seed]
            if found:
                mean = sum(found) / len(found)
                self._return = mean if math.isfinite(mean) else None
                break
        self._reports.append((step, time.perf_counter()))
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0],
                completed=step,
                stage=TRAINING,
                value=self._value,
                speed=self._speed(),
            )
        elif step >= self._total or self._is_due:
            self._print(self._line())

    @property
    def _value(self) -> str:
        return "-" if self._return is None else f"{self._return:.4g}"

    @property
    def _is_due(self) -> bool:
        return time.perf_counter() - self._printed >= SECONDS

    def _line(self) -> str:
        if not self._reports:
            return ""
        step, _ = self._reports[-1]
        return f"step {step} of {self._total}  return {self._value}  {self._speed()}".rstrip()

    def _speed(self) -> str:
        """Return the rate and the time that is left, or nothing after a single report."""
        (first, since), (last, now) = self._reports[0], self._reports[-1]
        if last == first or now <= since:
            return ""
        rate = (last - first) / (now - since)
        return f"{rate:,.0f} steps/s  {(self._total - last) / rate:,.0f} s left"

    def _stage(self, stage: str) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], stage=stage, refresh=True)
        elif self._enabled and stage == EVALUATING and self._is_due:
            self._print(f"{self._line()}  {stage}".lstrip())

    def _print(self, line: str) -> None:
        self._printed = time.perf_counter()
        print(line, file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
