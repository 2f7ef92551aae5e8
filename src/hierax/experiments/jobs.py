"""Independent jobs of an experiment, run in parallel processes."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeAlias

from hierax.planning.progress_bar import ProgressBar

Job: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function defined at the top of a module, and its arguments."""


def do_jobs(jobs: Sequence[Job], workers: int, description: str) -> list[Any]:
    """Return the results of all jobs, in order; they do not depend on ``workers``.

    One worker runs all jobs in this process. More workers are spawned, not forked, because a forked
    process loses the threads of JAX.
    """
    with ProgressBar(description) as progress:
        if workers == 1:
            return [
                _reported(function(*args), progress, n, jobs)
                for n, (function, args) in enumerate(jobs)
            ]
        with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_be_silent) as pool:
            futures = [pool.submit(function, *arguments) for function, arguments in jobs]
            return [
                _reported(future.result(), progress, n, jobs) for n, future in enumerate(futures)
            ]


def _reported(result: Any, progress: ProgressBar, number: int, jobs: Sequence[Job]) -> Any:
    progress.report((number + 1) / len(jobs))
    return result


def _be_silent() -> None:
    """Hide the progress of workers; the parent process shows it."""
    sys.stderr.isatty = lambda: False
