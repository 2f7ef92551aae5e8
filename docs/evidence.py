"""Parts of pages that are made from the results of experiments.

Verdicts and numbers are read from ``results/NAME/laptop/``; ``docs/pages.py`` writes them into the
pages:

    verdicts LETTER                  table of the claims of a document, with verdicts
    evidence LETTER                  numbers and note of each verdict
    number NAME KEY KEY ...          one number of a result; claims are keys by their id
    table NAME TABLE COLUMN ...      columns of a table of a result
    intervals NAME TABLE COLUMN ...  columns of a table with names of rows: intervals, or numbers
    spans NAME TABLE END COLUMN ...  median, least and most over seeds, of rows whose names end so
    figure NAME TEXT                 figure of a result, with a text for those who cannot see it
    experiments                      table of the experiments and their commands

Pages also link figures as ``../results/NAME/laptop/figure.png`` and films as ``figure.gif``. A
number or link without a result stops the build. Other parts say that it was not run yet.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from mkdocs.exceptions import PluginError

from hierax.experiments import EXPERIMENTS
from hierax.experiments.claims import CLAIMS

SCALE = "laptop"
RESULTS = Path(__file__).parent.parent / "results"


def files_of_results() -> Iterator[str]:
    """Yield figure, film and JSON of all results, as paths below ``results/``."""
    for name in EXPERIMENTS:
        for part in ("figure.png", "figure.gif", "result.json"):
            if (RESULTS / name / SCALE / part).is_file():
                yield f"{name}/{SCALE}/{part}"


def _verdicts(letter: str) -> str:
    rows = [
        (claim, text.statement, text.source, experiment, _verdict_of(claim, experiment))
        for claim, text in CLAIMS.items()
        for experiment in _judges(claim)
        if claim.startswith(letter)
    ]
    return _markdown_table(("id", "claim", "source", "experiment", "verdict"), rows)


def _evidence(letter: str) -> str:
    sections = []
    for claim in filter(lambda claim: claim.startswith(letter), CLAIMS):
        for experiment in filter(_was_run, _judges(claim)):
            record = _claims(experiment)[claim]
            title = f"<summary>{claim}, {experiment}: {_verdict(record)}</summary>"
            facts = "\n".join(_listed(record["numbers"]))
            parts = ("<details markdown>", title, record["note"], facts, "</details>")
            sections.append("\n\n".join(filter(None, parts)))
    return "\n\n".join(sections)


def _listed(numbers: Mapping[str, Any], depth: int = 0) -> list[str]:
    """Return the lines of a nested list."""
    lines = []
    for key, value in numbers.items():
        head = f"{'    ' * depth}- {_words(key)}:"
        nested = isinstance(value, Mapping) and any(isinstance(v, Mapping) for v in value.values())
        lines.append(head if nested else f"{head} {_text(value)}")
        lines += _listed(value, depth + 1) if nested else []
    return lines


def _number(name: str, *keys: str) -> str:
    value: Any = {**_record(name), "claims": _claims(name)}
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            raise PluginError(f"results/{name}/{SCALE}/result.json has no {' '.join(keys)}")
        value = value[key]
    return _text(value)


def _table(name: str, table: str, *columns: str) -> str:
    if not _was_run(name):
        return _not_run(name)
    rows = _rows(name, table, columns)
    cells = [[_text(row[column]) for column in columns] for row in rows.values()]
    return _markdown_table([_words(column) for column in columns], cells)


def _intervals(name: str, table: str, *columns: str) -> str:
    if not _was_run(name):
        return _not_run(name)
    rows = _rows(name, table, columns)
    cells = [
        [_words(row), *(_interval(measured[column]) for column in columns)]
        for row, measured in rows.items()
    ]
    return _markdown_table(["", *map(_words, columns)], cells)


def _spans(name: str, table: str, end: str, *columns: str) -> str:
    if not _was_run(name):
        return _not_run(name)
    rows = {row: each for row, each in _rows(name, table, columns).items() if row.endswith(end)}
    cells = [
        [_words(row.removesuffix(end)), *(_span(each[column]) for column in columns)]
        for row, each in rows.items()
    ]
    return _markdown_table(["", *map(_words, columns)], cells)


def _span(values: list[float]) -> str:
    middle, least, most = median(values), min(values), max(values)
    return f"{_digits(middle)} ({_digits(least)} to {_digits(most)})"


def _digits(value: float) -> str:
    """Return a number with at most three decimals."""
    if 0 < abs(value) < 1e-3:
        return "<0.001"
    decimals = 3 if abs(value) < 1 else 1 if abs(value) < 100 else 0
    return f"{value:,.{decimals}f}"


def _rows(name: str, table: str, columns: tuple[str, ...]) -> Mapping[Any, Mapping[str, Any]]:
    """Return the rows of a table by name, or by number if they have none."""
    rows = _record(name)["tables"].get(table, [])
    named = dict(enumerate(rows)) if isinstance(rows, list) else rows
    if not named or not all(set(columns) <= set(row) for row in named.values()):
        raise PluginError(
            f"results/{name}/{SCALE}/result.json has no table {table!r} with the columns "
            f"{', '.join(columns)}"
        )
    return named


def _interval(point: Any) -> str:
    if not isinstance(point, Mapping):
        return _text(point)
    if point["iqm"] is None:
        return "not always reached"
    return f"{_short(point['iqm'])} ({_short(point['low'])} to {_short(point['high'])})"


def _short(value: float) -> str:
    """Return three digits, with at most two decimals."""
    decimals = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{decimals}f}"


def _figure(name: str, text: str) -> str:
    return f"![{text}](../results/{name}/{SCALE}/figure.png)" if _was_run(name) else _not_run(name)


def _experiments() -> str:
    rows = []
    for name, experiment in EXPERIMENTS.items():
        claims = ", ".join(experiment.claims) or "none"
        command, link = f"`hierax reproduce {name}`", "not run yet"
        if _was_run(name):
            command = f"`{_record(name)['command']}`"
            link = f"[JSON](../results/{name}/{SCALE}/result.json)"
        rows.append((f"`{name}`", experiment.summary, claims, command, link))
    return _markdown_table(("experiment", "question", "claims", "command", "evidence"), rows)


RESULT_PARTS = {
    "verdicts": _verdicts,
    "evidence": _evidence,
    "number": _number,
    "table": _table,
    "intervals": _intervals,
    "spans": _spans,
    "figure": _figure,
    "experiments": _experiments,
}


def _judges(claim: str) -> list[str]:
    return [name for name, experiment in EXPERIMENTS.items() if claim in experiment.claims]


def _was_run(name: str) -> bool:
    return (RESULTS / name / SCALE / "result.json").is_file()


def _not_run(name: str) -> str:
    return f"*Not run yet: `hierax reproduce {name}`.*"


def _claims(name: str) -> dict[str, Any]:
    return {record["claim"]: record for record in _record(name)["claims"]}


@cache
def _record(name: str) -> dict[str, Any]:
    path = RESULTS / name / SCALE / "result.json"
    for needed in (path, path.with_name("figure.png")):
        if not needed.is_file():
            raise PluginError(
                f"results/{name}/{SCALE}/{needed.name} is missing; the pages need it; run "
                f"`hierax reproduce {name} --scale {SCALE}`"
            )
    return json.loads(path.read_text(encoding="utf-8"))


def _verdict_of(claim: str, experiment: str) -> str:
    return _verdict(_claims(experiment)[claim]) if _was_run(experiment) else "not run yet"


def _verdict(record: Mapping[str, Any]) -> str:
    if record["holds"] is not None:
        return "holds" if record["holds"] else "does not hold"
    if not record["numbers"].get("tested_as_written", True):
        return "not tested as it is written"
    where = record["numbers"].get("foresights_where_it_holds")
    return (
        f"only at foresight {_text(where)}" if where else "only under settings that its note names"
    )


def _words(key: str) -> str:
    return key.replace("_", " ").replace("~", " against ")


def _text(value: Any) -> str:
    """Return a value of a result as text, with four digits and commas in lists."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(key)}: {_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return str(value)


def _markdown_table(head: Any, rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
