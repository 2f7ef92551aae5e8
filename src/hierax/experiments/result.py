"""What an experiment leaves behind: one JSON file and one figure, the same at every repetition.

``OUT/NAME/SCALE/result.json`` holds the settings, every curve and table, and a verdict on each
claim with its numbers, beside the versions and the command that made it.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hierax import atomic_files
from hierax.experiments.claims import CLAIMS
from hierax.to_json import to_json
from hierax.versions import versions

SIGNIFICANT_DIGITS = 8
"""Digits written: beyond them two machines' linear algebra may differ."""
PACKAGES = (
    "hierax", "jax", "equinox", "optax", "optimistix", "gymnasium", "numpy", "scipy", "numba",
    "networkx",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a claim of a paper held in a run.

    Attributes:
        claim: its id in `hierax.experiments.claims.CLAIMS`, such as ``"H3"``.
        holds: True, False, or None where it depends on the settings that ``note`` names.
        numbers: the evidence.
        note: one or two sentences that a reader of the paper needs beside the numbers.
    """

    claim: str
    holds: bool | None
    numbers: Mapping[str, Any]
    note: str


@dataclasses.dataclass(frozen=True)
class Result:
    """What one run of an experiment measured.

    Attributes:
        settings: everything that was chosen, enough to repeat the run by hand.
        claims: a verdict on each claim that the experiment judges.
        curves: series over time, by name.
        tables: rows of measurements, by name.
        seeds: seeds of random numbers that were drawn; none where the computation is exact.
    """

    settings: Mapping[str, Any]
    claims: Sequence[Verdict]
    curves: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seeds: Sequence[int] = ()


def write(result: Result, name: str, scale: str, command: str, folder: Path) -> Path:
    """Write ``result.json`` into ``folder``, aside first and then in place; returns its path."""
    record = {
        "name": name,
        "scale": scale,
        "command": command,
        "versions": versions(PACKAGES),
        "seeds": list(result.seeds),
        "settings": result.settings,
        "claims": [_claim(verdict) for verdict in result.claims],
        "tables": result.tables,
        "curves": result.curves,
    }
    path = folder / "result.json"
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.write_text(path, _text(to_json(record, SIGNIFICANT_DIGITS)) + "\n")
    return path


def _claim(verdict: Verdict) -> dict[str, Any]:
    claim = CLAIMS[verdict.claim]
    return {
        "claim": verdict.claim,
        "statement": claim.statement,
        "source": claim.source,
        "holds": verdict.holds,
        "numbers": verdict.numbers,
        "note": verdict.note,
    }


def _text(record: Mapping[str, Any]) -> str:
    """JSON with one line for each entry two levels down, so that differences can be read."""
    lines = []
    for key, value in record.items():
        lines.append(f"{json.dumps(key)}: {_block(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _block(value: Any) -> str:
    if isinstance(value, Mapping) and value:
        entries = [f"  {json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
        return "{\n" + ",\n".join(entries) + "\n}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n]"
    return json.dumps(value)
