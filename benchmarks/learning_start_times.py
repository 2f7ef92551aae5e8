"""How long trainings take to begin: in a new process, and in one that has made an equal one."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contest import CACHE, environment, spread
from contest_worker import cpu_seconds

FOLDER = Path(__file__).resolve().parent
SCRIPT, TRIALS = FOLDER / "learning_start.py", FOLDER / "learning_trials.py"


def start_times(world: str, threads: int, rounds: int) -> dict[str, Any]:
    """Wall and CPU seconds of a first start, and of ``rounds`` that find its compiled code."""
    with tempfile.TemporaryDirectory() as cache:
        cold, *warm = [_start(world, threads, cache) for _ in range(rounds + 1)]
    return {
        "world": world,
        "threads": threads,
        "cold": cold,
        "warm": warm,
        **{name: spread([run[name] for run in warm]) for name in cold},
    }


def trial_times(world: str, threads: int) -> dict[str, Any]:
    """Wall and CPU seconds of a short training, and of equal ones after it in the same process."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, str(TRIALS), world, str(threads)]
        limits = environment(threads) | {CACHE: cache}
        told = subprocess.run(command, env=limits, check=True, capture_output=True, text=True)
    first, *later = json.loads(told.stdout.splitlines()[-1])
    return {
        "world": world,
        "threads": threads,
        "first": first,
        "later": later,
        **{name: spread([run[name] for run in later]) for name in first},
    }


def _start(world: str, threads: int, cache: str) -> dict[str, float]:
    limits = environment(threads) | {CACHE: cache}
    cpu, wall = cpu_seconds(), time.perf_counter()
    command = [sys.executable, str(SCRIPT), world, str(threads)]
    subprocess.run(command, env=limits, check=True, capture_output=True)
    return {
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": cpu_seconds() - cpu,
    }
