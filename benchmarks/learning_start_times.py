"""How long a process takes from its start to its first update, with and without compiled code."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contest import CACHE, environment, spread
from contest_worker import cpu_seconds

SCRIPT = Path(__file__).resolve().parent / "learning_start.py"


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


def _start(world: str, threads: int, cache: str) -> dict[str, float]:
    limits = environment(threads) | {CACHE: cache}
    cpu, wall = cpu_seconds(), time.perf_counter()
    command = [sys.executable, str(SCRIPT), world, str(threads)]
    subprocess.run(command, env=limits, check=True, capture_output=True)
    return {
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": cpu_seconds() - cpu,
    }
