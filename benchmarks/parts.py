"""Benchmarks that come in parts: their command line, and how results are kept."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from contest import short
from origin import ROOT

Case: TypeAlias = dict[str, Any]
Part: TypeAlias = Callable[[argparse.Namespace], Iterator[Case]]


def command_line(
    description: str, parts: Mapping[str, Part], rounds: int, seconds: float
) -> argparse.Namespace:
    """What was asked for; ``rounds`` and ``seconds`` unless it says otherwise."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--parts", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--quick", action="store_true", help="one thread, three short rounds")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=rounds, help="paired runs")
    parser.add_argument("--seconds", type=float, default=seconds, help="CPU time of a run")
    parser.add_argument("--peer-python", default=sys.executable, help="where the peers are")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--docs", action="store_true", help="write the page of the docs and stop")
    options = parser.parse_args()
    if options.quick:
        options.threads, options.rounds, options.seconds = [1], 3, 0.3
    return options


def run_parts(
    options: argparse.Namespace,
    parts: Mapping[str, Part],
    origin_of: Callable[[argparse.Namespace, str], Mapping[str, Any]],
    path: Path,
) -> dict[str, Any]:
    """Runs the parts that were asked for; others in ``path`` stay, and so do those without a case.

    Each part is written when it is done, with its own origin.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(path.read_text()) if path.exists() else {}
    for part in options.parts:
        origin, cases = origin_of(options, part), []
        for case in parts[part](options):
            cases.append(case)
            print(f"{part} {json.dumps(short(case))}", file=sys.stderr, flush=True)
        if cases:
            results[part] = {"origin": origin, "cases": cases}
        path.write_text(json.dumps(results, indent=1) + "\n")
    return results
