"""Independent jobs of an experiment, run in parallel processes."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from hierax.experiments import kept_runs
from hierax.planning.progress_bar import ProgressBar

Job: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function defined at the top of a module, and its arguments."""


def do_jobs(jobs: Sequence[Job], workers: int, description: str) -> list[Any]:
    """Return the results of all jobs, in order; they do not depend on ``workers``.

    One worker runs all jobs in this process. More workers are spawned, not forked, because a forked
    process loses the threads of JAX.
    """
    folder = kept_runs.folder_of_runs()
    with ProgressBar(description) as progress:
        if workers == 1:
            return [
                _reported(function(*args), progress, n, jobs)
                for n, (function, args) in enumerate(jobs)
            ]
        with _pool(workers) as pool:
            futures = [pool.submit(_done, folder, job) for job in jobs]
            return [
                _reported(future.result(), progress, n, jobs) for n, future in enumerate(futures)
            ]


def _reported(result: Any, progress: ProgressBar, number: int, jobs: Sequence[Job]) -> Any:
    progress.report((number + 1) / len(jobs))
    return result


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Hide the progress of a worker, which the parent process shows, and let it end with that."""
    sys.stderr.isatty = lambda: False
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> NoReturn:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _done(folder: Path | None, job: Job) -> Any:
    """Return the result of a job, whose runs are kept in ``folder``."""
    function, arguments = job
    with kept_runs.keep_in(folder):
        return function(*arguments)
