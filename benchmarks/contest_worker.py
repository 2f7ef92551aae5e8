"""One side of a comparison, in a process of its own that works when it is told to.

    python contest_worker.py learning_hierax:updates '{"learner": "sac", ...}' THREADS SECONDS

Libraries may live in different environments, and what is compiled or stored stays from round to
round. An *arm* is a function that makes everything ready and returns ``work``; ``work()`` does a
piece and returns how much that was. For each line on its standard input the worker repeats it for
at least SECONDS of CPU time and answers with one line of JSON.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    name, options, threads, seconds = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    stay_on(int(threads))
    module_name, arm = name.split(":")
    began = cpu_seconds()
    module = importlib.import_module(module_name)
    work = getattr(module, arm)(**json.loads(options))
    work()
    work()
    answer = {"setup_cpu_seconds": cpu_seconds() - began}
    while True:
        answers.write(json.dumps({**answer, **_compilations(module)}) + "\n")
        answers.flush()
        if not sys.stdin.readline():
            break
        answer = _round(work, float(seconds))


def stay_on(threads: int) -> None:
    """Leaves this process the first ``threads`` of the processors that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def cpu_seconds() -> float:
    """Of this process, all of its threads, and its children, those that live as well."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used) + _of_living_children()


def _of_living_children() -> float:
    """Where the system tells of them, that is on Linux."""
    ticks = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _round(work: Any, seconds: float) -> dict[str, float]:
    gc.collect()
    count, began, wall = 0, cpu_seconds(), time.perf_counter()
    while cpu_seconds() < began + seconds:
        count += work()
    return {
        "count": count,
        "cpu_seconds": cpu_seconds() - began,
        "wall_seconds": time.perf_counter() - wall,
    }


def _compilations(module: Any) -> dict[str, int]:
    counted = getattr(module, "compilations", None)
    return {} if counted is None else {"compilations": counted()}


if __name__ == "__main__":
    main()
