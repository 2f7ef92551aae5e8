"""Tables of the planning benchmark in Markdown, from its JSON."""

import inspect
from typing import Any

from planning_models import FAMILIES

TARGETS = {"four rooms": 4.0}
"""Ratio to reach against the best correct peer; 1 for every other family."""

INTRODUCTION = """
CPU seconds of one thread to an answer whose error is certified to be at most 1e-8, beside the
planning libraries that pip installs. This page is written by
`benchmarks/planning.py`.
"""
FORMS_NOTE = """
The target was a ratio of 400 at 104 states, missed: it supposed a literal form of 90 ms, and the
one here, dense algebra in three products and one solve, takes an eighth of that. The closed form
spends a quarter of its time in its one factorisation, the rest in checking and unpacking its
arguments, so that no dense solve of 104 equations could reach the target. The ratio grows with
the model up to the sizes where both are dense algebra; beyond them only the closed form runs.
"""
RULES = """
Building the model in the format of a library, compilation and the choice of settings are not
timed. An answer counts if `max |T v - v| / (1 - discount) <= 1e-8`, computed by the benchmark and
not by the library. Each library is asked for an accuracy that its own stopping rule turns into
this certificate; one that misses it is asked again, for a hundredth and for a ten-thousandth.
Every setting is screened alone; then the fastest correct settings of each library run in turn,
and medians are taken. The ratio is the median over rounds of peer / hierax. Solves shorter than
0.1 s are repeated, each on an object that has not solved before. A setting is skipped where it
took too long, or 20 times as long as the best, on a smaller model of the same family.
"""


def markdown(results: dict[str, Any]) -> str:
    """The tables that matter, for the terminal and for the docs."""
    parts = ["## Exact solution", _solvers(results["cases"])]
    parts += ["## Wrong answers", _wrong(results["cases"], results["tolerance"])]
    if "himo" in results:
        forms = _forms(results["himo"]["forms"])
        parts += ["## HIMO: one iteration of each form", forms, FORMS_NOTE.strip()]
        parts += ["## HIMO: one iteration on large maps", _large(results["himo"]["large"])]
        parts += ["## Memory", _memory(results["memory"])]
    return "\n\n".join(parts) + "\n"


def page(results: dict[str, Any]) -> str:
    """``docs/benchmarks.md``."""
    parts = ["# Benchmarks", INTRODUCTION.strip(), markdown(results).strip()]
    parts += ["## Models", _models(), "## How this was measured", RULES.strip(), _origin(results)]
    parts += ["## Every setting", "The screening, fastest first; what never returned is left out."]
    parts += [_screening(case) for case in results["cases"]]
    return "\n\n".join(parts) + "\n"


def _models() -> str:
    texts = {name: inspect.getdoc(family) or "" for name, family in FAMILIES.items()}
    return "\n\n".join(f"**{name}**: {text.replace('``', '`')}" for name, text in texts.items())


def _origin(results: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    machine, commit = results["machine"], results["commit"][:12]
    return (
        f"Measured on {results['date']} with `{results['command']}` at commit `{commit}`: "
        f"{machine['processor']}, one of {machine['cores']} cores. {versions}."
    )


def _solvers(cases: list[dict[str, Any]]) -> str:
    header = "family|states|discount|hierax|best correct peer|its time|ratio|target|next library"
    return _table(header, [(*_case(case), *_contest(case)) for case in cases])


def _contest(case: dict[str, Any]) -> tuple[str, ...]:
    medians, ours, peer, ratio = (case[k] for k in ("medians", "ours", "best_peer", "ratio"))
    target = TARGETS.get(case["family"], 1.0)
    best = (peer, _seconds(medians[peer])) if peer else ("none", "")
    used = {"hierax", _library(peer or "")}
    others = [name for name in medians if _library(name) not in used]
    following = min(others, key=medians.get, default=None)
    return (
        _seconds(medians[ours]) if ours else "not certified",
        *best,
        f"{ratio:.2f}" if ratio else "",
        f"{target:g}, {'met' if ratio >= target else 'missed'}" if ratio else f"{target:g}",
        f"{_library(following)} {_seconds(medians[following])}" if following else "",
    )


def _wrong(cases: list[dict[str, Any]], tolerance: float) -> str:
    """Settings whose answer to the common tolerance does not certify."""
    rows = [
        (
            *_case(case),
            result["name"],
            f"{result['first_bound']:.1e}",
            f"{result['error']:.1e}" if "error" in result else "",
            f"certified at {result['asked']:.0e}" if result["verdict"] == "certified" else "no",
        )
        for case in cases
        for result in case["screening"]
        if result.get("first_bound", 0.0) > tolerance
    ]
    header = "family|states|discount|setting|certificate|true error|asked for less"
    return _table(header, rows) if rows else "None."


def _screening(case: dict[str, Any]) -> str:
    timed = [result for result in case["screening"] if "seconds" in result]
    timed.sort(key=lambda result: (result["verdict"] == "wrong", result["seconds"]))
    rows = [
        (r["name"], r["verdict"], _seconds(r["seconds"]), f"{r['bound']:.1e}", f"{r['asked']:.0e}")
        for r in timed
    ]
    title = "### {}, {} states, discount {}".format(*_case(case))
    return f"{title}\n\n{_table('setting|verdict|CPU time|certificate|asked for', rows)}"


def _forms(rows: list[dict[str, Any]]) -> str:
    header = "states|pairs|closed form|literal form|ratio|largest difference of a step"
    return _table(
        header,
        [
            (
                str(row["states"]),
                str(row["pairs"]),
                _seconds(row["closed"]),
                _seconds(row["literal"]),
                f"{row['ratio']:.0f}",
                f"{row['difference']:.1e}",
            )
            for row in rows
        ],
    )


def _large(rows: list[dict[str, Any]]) -> str:
    cells = [(f"{r['states']:,}", _seconds(r["exact"]), _seconds(r["modified"])) for r in rows]
    return _table("states|exact evaluation|modified evaluation", cells)


def _memory(row: dict[str, Any]) -> str:
    cells = (
        f"{row['states']:,}",
        f"{row['peak_gib']:.2f} GiB",
        f"{row['built_gib']:.2f} GiB",
        _seconds(row["seconds"]),
        f"{row['error_bound']:.1e}",
    )
    return _table("states|peak of the process|before the solve|CPU time|certificate", [cells])


def _case(case: dict[str, Any]) -> tuple[str, str, str]:
    return case["family"], f"{case['states']:,}", f"{case['discount']:g}"


def _library(name: str) -> str:
    return name.split(":")[0]


def _table(header: str, rows: list[tuple[str, ...]]) -> str:
    names = header.split("|")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _seconds(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{1e6 * seconds:.0f} µs"
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
