"""Independent jobs of an experiment, side by side where there is more than one core."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeAlias

from hierax.planning.progress import Progress

Job: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module, and its arguments."""


def do_jobs(jobs: Sequence[Job], workers: int, description: str) -> list[Any]:
    """What each job returns, in order; the results do not depend on ``workers``.

    With one worker all is done in this process. Others are started afresh: JAX has threads, which
    a forked process would miss.
    """
    with Progress(description) as progress:
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


def _reported(result: Any, progress: Progress, number: int, jobs: Sequence[Job]) -> Any:
    progress.report((number + 1) / len(jobs))
    return result


def _be_silent() -> None:
    """Progress is shown by the process that waits."""
    sys.stderr.isatty = lambda: False
