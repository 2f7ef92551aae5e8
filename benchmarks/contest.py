"""Paired runs: sides in processes of their own take turns, A B C A B C ...

A machine that slows down slows all of them, so the ratio of each round is worth more than the
numbers that it is made of. CPU seconds throughout.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CACHE = "JAX_COMPILATION_CACHE_DIR"


@dataclass(frozen=True)
class Side:
    """One of those that are compared.

    Attributes:
        name: in the results.
        arm: ``module:function``, see `contest_worker`.
        options: what it takes.
        python: the interpreter that has its library.
    """

    name: str
    arm: str
    options: Mapping[str, Any]
    python: str = sys.executable


def contest(sides: Sequence[Side], rounds: int, threads: int, seconds: float) -> dict[str, Any]:
    """Rates of all sides in ``rounds`` rounds, and ratios of the first to each other one.

    A side that fails, because its library is not installed for instance, is left out with a note.
    """
    with _workers(sides, threads, seconds) as (workers, first):
        working = {name: workers[name] for name in first if "note" not in first[name]}
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in working}
        for _ in range(rounds):
            for name, worker in working.items():
                runs[name].append(worker.round())
    told = {name: {**first[name], **_told(first[name], runs.get(name, []))} for name in first}
    ours = sides[0].name
    peers = [side.name for side in sides[1:] if side.name in working and ours in working]
    ratios = {peer: ratio(told[ours]["rates"], told[peer]["rates"]) for peer in peers}
    return {"threads": threads, "sides": told, "ratios": ratios}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Median and range of the ratios of the rounds."""
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def short(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case for the eye, without its runs."""
    told = {key: value for key, value in case.items() if key != "sides"}
    rates = {
        name: side.get("median", side.get("note")) for name, side in case.get("sides", {}).items()
    }
    return {**told, "rates": rates}


def spread(numbers: Sequence[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": statistics.median(numbers), "min": min(numbers), "max": max(numbers)}


def environment(threads: int) -> dict[str, str]:
    """Variables that hold numerical libraries to ``threads`` threads, and take JAX its cache."""
    pools = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    limits = {f"{pool}_NUM_THREADS": str(threads) for pool in pools}
    many = "true" if threads > 1 else "false"
    flags = f"--xla_cpu_multi_thread_eigen={many} intra_op_parallelism_threads={threads}"
    # Without a cache, so that every set-up tells what compiling costs.
    kept = {name: value for name, value in os.environ.items() if name != CACHE}
    return kept | limits | {"NPROC": str(threads), "XLA_FLAGS": flags}


class _Worker:
    """The process of one side."""

    def __init__(self, side: Side, threads: int, seconds: float):
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the worker)
        script = str(HERE / "contest_worker.py")
        options = [side.arm, json.dumps(side.options), str(threads), str(seconds)]
        self._process = subprocess.Popen(
            [side.python, script, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(threads),
            text=True,
        )

    def round(self) -> dict[str, Any]:
        """What it did in a round."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self.answer()
        if "note" in answer:
            raise RuntimeError(answer["note"])
        return answer

    def answer(self) -> dict[str, Any]:
        """Its next answer, or a note of why there is none."""
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        errors = self._errors.read().strip().splitlines()
        silent = f"ended with status {self._process.wait()} and without a word"
        return {"note": errors[-1][:300] if errors else silent}

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


@contextlib.contextmanager
def _workers(
    sides: Sequence[Side], threads: int, seconds: float
) -> Iterator[tuple[dict[str, _Worker], dict[str, dict[str, Any]]]]:
    """Workers that are ready, and what each of them said when it was.

    One makes ready after the other: where threads of several processes wait for each other on the
    same processors, it takes for ever.
    """
    workers: dict[str, _Worker] = {}
    try:
        first = {}
        for side in sides:
            workers[side.name] = _Worker(side, threads, seconds)
            first[side.name] = workers[side.name].answer()
        yield workers, first
    finally:
        for worker in workers.values():
            worker.end()


def _told(first: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not runs:
        return {}
    rates = [run["count"] / run["cpu_seconds"] for run in runs]
    told = {"rates": rates, **spread(rates), "runs": list(runs)}
    if "compilations" in first:
        told["recompilations"] = runs[-1]["compilations"] - first["compilations"]
    return told
