"""Timing of all contestants on one model, with the same error bound.

There are two phases. *Screening* runs every setting once in a subprocess with a time limit, because
some settings never return, and checks its result. The *final* runs the fastest correct settings of
each library in turn, A B C A B C ..., so that a slower machine affects all of them, and takes
medians. All times are CPU seconds.
"""

import contextlib
import gc
import multiprocessing
import signal
import statistics
import time
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planning_models import Model
from planning_peers import AUTO, CONTESTANTS, Arm, Contestant

ASKED_AGAIN = (1.0, 1e-2, 1e-4)
"""Fractions of the tolerance with which a setting above the error bound is repeated."""
SHORTEST = 0.1
"""Smallest duration of a measurement in CPU seconds; shorter solves are repeated."""
MOST_REPEATS = 2_000
FINALISTS = 2
"""Largest number of settings of a library in the final, for settings of nearly equal speed."""
NEAR = 1.5


@dataclass
class Screening:
    """The result of one setting on one model.

    Attributes:
        name: name of the contestant.
        verdict: "certified", "wrong", "too slow", "failed" or "skipped".
        seconds: CPU seconds of one solve, if it returned.
        bound: error bound of the returned values; ``asked`` is the tolerance of this solve.
        first_bound: error bound of the result for the common tolerance.
        error: true error of the same result, relative to the reference.
        note: reason for a failure or a skipped setting.
    """

    name: str
    verdict: str
    seconds: float | None = None
    bound: float | None = None
    asked: float | None = None
    first_bound: float | None = None
    error: float | None = None
    note: str = ""


def cpu_seconds(arm: Arm, repeats: int) -> tuple[float, Any]:
    """Return mean CPU seconds of ``repeats`` solves, all prepared before, and the last result."""
    solves = [arm() for _ in range(repeats)]
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        for solve in solves:
            result = solve()
        return (time.process_time() - start) / repeats, result
    finally:
        gc.enable()


def compile_all(small: Model) -> None:
    """Compile in this process; the subprocesses of the screening inherit the code."""
    for contestant in CONTESTANTS:
        if contestant.compiles:
            contestant.prepare(small, 1e-6)()()


def screen(
    contestant: Contestant, model: Model, tolerance: float, limit: float
) -> tuple[Screening, np.ndarray | None]:
    """Run one setting in a subprocess; return its verdict and values."""
    context = multiprocessing.get_context("fork")  # shares compiled code and the model
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(contestant, model, tolerance, limit, sender))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # JAX warns of forks; no child uses it
        process.start()
    sender.close()
    result, values = Screening(contestant.name, "too slow", note=f"no result in {limit:g} s"), None
    # Some libraries need longer for the model as nested lists than for the solve.
    if receiver.poll(limit + 5 + model.transition.nnz / 1e4):
        with contextlib.suppress(EOFError):
            result, values = receiver.recv()
    if process.is_alive():
        process.kill()
    process.join()
    return result, values


def _try(contestant: Contestant, model: Model, tolerance: float, limit: float, sender: Any) -> None:
    try:
        sender.send(_judged(contestant, model, tolerance, limit))
    except Exception as error:  # any error of a peer is its result
        note = f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"
        sender.send((Screening(contestant.name, "failed", note=note), None))


def _judged(
    contestant: Contestant, model: Model, tolerance: float, limit: float
) -> tuple[Screening, np.ndarray]:
    """Return the verdict, and the values for the common tolerance."""
    attempts: list[tuple[Screening, np.ndarray]] = []
    for part in ASKED_AGAIN:
        result, values, arm = _attempt(contestant, model, part * tolerance, limit)
        result.first_bound = attempts[0][0].bound if attempts else result.bound
        attempts.append((result, values))
        if result.bound <= tolerance:
            result.verdict = "certified"
            if result.seconds < limit / 4:  # the first run may include compilation
                repeats = min(MOST_REPEATS, int(SHORTEST / result.seconds) + 1)
                result.seconds = min(cpu_seconds(arm, repeats)[0] for _ in range(2))
            return result, attempts[0][1]
        if result.seconds > limit / 4:
            break
    return attempts[0]


def _attempt(
    contestant: Contestant, model: Model, asked: float, limit: float
) -> tuple[Screening, np.ndarray, Arm]:
    arm = contestant.prepare(model, asked)
    with _alarm(limit):
        seconds, answer = cpu_seconds(arm, 1)
    values = np.asarray(answer)
    bound = model.error_bound(values)
    return Screening(contestant.name, "wrong", seconds, bound, asked), values, arm


@contextlib.contextmanager
def _alarm(limit: float) -> Any:
    """End this process when a solve exceeds the limit, also inside compiled code."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 1.5 * limit)  # wall clock; the machine may be shared
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def finalists(screenings: Iterable[Screening]) -> list[str]:
    """Return ``auto`` of hierax, and the fastest correct settings of each peer."""
    correct: dict[str, list[Screening]] = {}
    for result in screenings:
        if result.verdict == "certified":
            correct.setdefault(result.name.split(":")[0], []).append(result)
    names = []
    for library, results in correct.items():
        results.sort(key=lambda result: result.seconds)
        if library == "hierax":
            names += [result.name for result in results if result.name in AUTO]
        else:
            near = [r for r in results if r.seconds <= NEAR * results[0].seconds]
            names += [result.name for result in near[:FINALISTS]]
    return names


def final(
    contestants: list[Contestant],
    screenings: dict[str, Screening],
    model: Model,
    rounds: int,
    slow: float,
) -> dict[str, list[float]]:
    """Return CPU seconds of each run by name; a solve above ``slow`` seconds is run twice."""
    arms = {c.name: c.prepare(model, screenings[c.name].asked) for c in contestants}
    runs: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds):
        for name, arm in arms.items():
            expected = screenings[name].seconds
            if expected > slow and number >= 2:
                continue
            repeats = min(MOST_REPEATS, int(SHORTEST / expected) + 1)
            runs[name].append(cpu_seconds(arm, repeats)[0])
    return runs


def summary(runs: dict[str, list[float]]) -> dict[str, Any]:
    """Return medians, and the median over rounds of (best correct peer) / (hierax auto)."""
    medians = {name: statistics.median(times) for name, times in runs.items()}
    ours = min((name for name in runs if name in AUTO), key=medians.get, default=None)
    peer = min(
        (name for name in runs if not name.startswith("hierax:")), key=medians.get, default=None
    )
    ratio = None
    if ours and peer:
        pairs = zip(runs[peer], runs[ours], strict=False)
        ratio = statistics.median(theirs / mine for theirs, mine in pairs)
    return {"medians": medians, "ours": ours, "best_peer": peer, "ratio": ratio}


def add_errors(
    screenings: list[Screening], values: dict[str, np.ndarray], tolerance: float
) -> dict[str, Any]:
    """Add true errors relative to the best certified values, preferably of a peer."""
    certified = [result for result in screenings if (result.first_bound or 1.0) <= tolerance]
    peers = [result for result in certified if not result.name.startswith("hierax:")]
    reference = min(peers or certified, key=lambda result: result.first_bound, default=None)
    if reference is None:
        return {"reference": None, "reference_bound": None}
    for result in screenings:
        if result.name in values:
            result.error = float(np.abs(values[result.name] - values[reference.name]).max())
    return {"reference": reference.name, "reference_bound": reference.first_bound}


def as_table(screenings: list[Screening]) -> list[dict[str, Any]]:
    """Return dictionaries for JSON, without empty fields."""
    rows = (asdict(result) for result in screenings)
    return [{k: v for k, v in row.items() if v not in (None, "")} for row in rows]
