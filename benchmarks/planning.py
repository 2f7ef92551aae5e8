"""Planning benchmark: hierax compared with QuantEcon, mdpsolver and pymdptoolbox.

It measures CPU seconds of one thread on the same model for the same error bound, without building
of models and compilation. ``benchmarks/README.md`` has the rules.

    python benchmarks/planning.py --quick                  # small sizes, three rounds
    python benchmarks/planning.py                          # everything; about half an hour
    python benchmarks/planning.py --family garnet --sizes 100 2500
    python benchmarks/planning.py --only dense             # dense models; keeps the other results
    python benchmarks/planning.py --only near-one          # discounts next to 1; likewise
    python benchmarks/planning.py --docs                   # docs/benchmarks.md from the results
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from origin import ROOT, origin
from planning_contest import (
    Screening,
    add_errors,
    as_table,
    compile_all,
    final,
    finalists,
    screen,
    summary,
)
from planning_dense import dense_rows
from planning_himo import himo_rows, memory_row
from planning_models import FAMILIES, Model
from planning_near_one import near_one_rows
from planning_peers import CONTESTANTS, Contestant
from planning_report import markdown, page

TOLERANCE = 1e-8
SIZES = {
    "four rooms": (104, 2_504, 10_004, 100_493, 1_002_005),
    "garnet": (100, 2_500, 10_000, 100_000),
    "tandem queue": (100, 2_500, 10_000, 100_000),
    "taxi": (500, 2_420, 9_680, 100_820),
}
DISCOUNTS = {
    "four rooms": (0.99,),
    "garnet": (0.99, 0.999),
    "tandem queue": (0.99, 0.999),
    "taxi": (0.99,),
}
LARGEST_QUICK = 3_000
SMALLEST = 100
SHORTEST_LIMIT = 5.0
"""Limit in CPU seconds on small models."""
FAR_BEHIND = 20.0
"""A setting this many times slower than the best on a model is skipped on larger models."""
Seen = dict[tuple[str, str, float], tuple[int, Screening]]
PACKAGES = ("quantecon", "mdpsolver", "pymdptoolbox", "numpy", "scipy", "numba", "jax")


def main() -> None:
    options = _options()
    _stay_on_one_thread()
    path = options.out / "planning.json"
    if not options.docs:
        kept = json.loads(path.read_text()) if options.only and path.exists() else {}
        results = kept | (PARTS[options.only](options) if options.only else _run(options))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
        print(markdown(results))
    else:
        page_path = ROOT / "docs" / "benchmarks.md"
        page_path.write_text(page(json.loads(path.read_text())))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of states; default: all")
    parser.add_argument("--quick", action="store_true", help="up to 3000 states, three rounds")
    parser.add_argument("--rounds", type=int, default=7, help="paired rounds of the final runs")
    parser.add_argument("--limit", type=float, default=60.0, help="limit of a solve in CPU seconds")
    parser.add_argument("--only", choices=PARTS, help="one part; the other results are kept")
    parser.add_argument("--skip-himo", action="store_true", help="skip the tables of HIMO")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--docs", action="store_true", help="only write docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.limit = 3, 10.0
    return options


def _stay_on_one_thread() -> None:
    """Restart with one thread: numerical libraries read these variables when they are loaded."""
    one = {f"{pool}_NUM_THREADS": "1" for pool in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    if any(os.environ.get(name) != number for name, number in one.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | one)


def _run(options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {
        **origin(PACKAGES),
        "threads_used": 1,
        "tolerance": TOLERANCE,
        "rounds": options.rounds,
        "limit_seconds": options.limit,
        "cases": [],
        **_dense(options),
        **_near_one(options),
    }
    seen: Seen = {}
    for family, size, discount in _cases(options):
        results["cases"].append(_case(FAMILIES[family](size, discount), options, seen))
    if not options.skip_himo:
        results["himo"] = himo_rows(options.quick)
        results["memory"] = memory_row(options.quick)
    return results


def _dense(options: argparse.Namespace) -> dict[str, Any]:
    return {"dense": {**origin(PACKAGES), "rows": dense_rows(TOLERANCE, options.quick)}}


def _near_one(options: argparse.Namespace) -> dict[str, Any]:
    return {"near_one": {**origin(PACKAGES), "rows": near_one_rows(options.quick)}}


PARTS = {"dense": _dense, "near-one": _near_one}


def _cases(options: argparse.Namespace) -> Iterator[tuple[str, int, float]]:
    for family in options.family:
        for discount in DISCOUNTS[family]:
            for size in options.sizes or SIZES[family]:
                if not (options.quick and size > LARGEST_QUICK):
                    yield family, size, discount


def _case(model: Model, options: argparse.Namespace, seen: Seen) -> dict[str, Any]:
    """Return screening and final runs on one model; ``seen`` has results on smaller models."""
    screenings, values = [], {}
    limit = min(options.limit, max(SHORTEST_LIMIT, model.transition.nnz / 1e4))
    compile_all(FAMILIES[model.family](SMALLEST, model.discount))
    for contestant in CONTESTANTS:
        key = (contestant.name, model.family, model.discount)
        result = _skipped(contestant, model, limit, seen.get(key))
        if result is None:
            result, value = screen(contestant, model, TOLERANCE, limit)
            seen[key] = (model.states, result)
            if value is not None:
                values[contestant.name] = value
        screenings.append(result)
        _progress(model, result)
    _drop_far_behind(model, screenings, seen)
    reference = add_errors(screenings, values, TOLERANCE)
    by_name = {result.name: result for result in screenings}
    chosen = [c for c in CONTESTANTS if c.name in finalists(screenings)]
    runs = final(chosen, by_name, model, options.rounds, options.limit / 2)
    result = summary(runs)
    _progress(model, result)
    return {
        "family": model.family,
        "states": model.states,
        "actions": model.actions,
        "entries": int(model.transition.nnz),
        "discount": model.discount,
        **reference,
        **result,
        "runs": runs,
        "screening": as_table(screenings),
    }


def _skipped(
    contestant: Contestant, model: Model, limit: float, before: tuple[int, Screening] | None
) -> Screening | None:
    """Return why a setting is skipped: its size limit, or its result on a smaller model."""
    if model.states > contestant.largest:
        return Screening(contestant.name, "skipped", note=contestant.reason)
    if before is None:
        return None
    states, result = before
    if result.verdict in ("too slow", "far behind"):
        note = f"{result.verdict} at {states} states"
        return Screening(contestant.name, "skipped", note=note)
    expected = (result.seconds or 0.0) * model.states / states
    if expected > limit:
        note = f"{result.seconds:.3g} s at {states} states, so more than {limit:g} s here"
        return Screening(contestant.name, "skipped", note=note)
    return None


def _drop_far_behind(model: Model, screenings: list[Screening], seen: Seen) -> None:
    """Mark the settings that are far behind the best, to skip them on larger models."""
    best = min(result.seconds or float("inf") for result in screenings)
    for result in screenings:
        if result.seconds and result.seconds > FAR_BEHIND * best:
            key = (result.name, model.family, model.discount)
            seen[key] = (model.states, dataclasses.replace(result, verdict="far behind"))


def _progress(model: Model, result: object) -> None:
    print(f"{model.family} {model.states} {model.discount} {result}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
