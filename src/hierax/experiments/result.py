"""The result of an experiment and its file, ``OUT/NAME/SCALE/result.json``.

The file holds the settings, all curves and tables, a finding for each claim, the versions of the
packages and the command. Repeated runs on one machine write the same file.
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
"""Significant digits of floats in the file. Linear algebra of two machines may differ beyond."""
PACKAGES = (
    "hierax", "jax", "equinox", "optax", "optimistix", "gymnasium", "numpy", "scipy", "numba",
    "networkx",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Finding:
    """The verdict on a claim of a paper in a run, with its evidence.

    Attributes:
        claim: id in `hierax.experiments.claims.CLAIMS`, such as ``"H3"``.
        holds: True, False, or None if it depends on settings that ``note`` names, or if the run was
            too small to test it.
        numbers: the evidence.
        note: the numbers in words, the comparison, the criterion of the verdict, and its limits.
    """

    claim: str
    holds: bool | None
    numbers: Mapping[str, Any]
    note: str


@dataclasses.dataclass(frozen=True)
class Result:
    """The measurements of one run of an experiment.

    Attributes:
        settings: all settings, enough to repeat the run by hand.
        claims: a finding for each claim that the experiment judges.
        curves: series over time, by name.
        tables: rows of measurements, by name.
        seeds: random seeds; empty if the computation is exact.
    """

    settings: Mapping[str, Any]
    claims: Sequence[Finding]
    curves: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seeds: Sequence[int] = ()


def write(result: Result, name: str, scale: str, command: str, folder: Path) -> Path:
    """Write ``folder/result.json`` atomically and return its path."""
    record = {
        "name": name,
        "scale": scale,
        "command": command,
        "versions": versions(PACKAGES),
        "seeds": list(result.seeds),
        "settings": result.settings,
        "claims": [claim_record(finding) for finding in result.claims],
        "tables": result.tables,
        "curves": result.curves,
    }
    return write_record(record, folder)


def write_record(record: Mapping[str, Any], folder: Path) -> Path:
    """Write a record with the keys of `write` and return its path."""
    path = folder / "result.json"
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.write_text(path, _text(to_json(record, SIGNIFICANT_DIGITS)) + "\n")
    return path


def claim_record(finding: Finding) -> dict[str, Any]:
    """Return the record of a finding."""
    claim = CLAIMS[finding.claim]
    return {
        "claim": finding.claim,
        "statement": claim.statement,
        "source": claim.source,
        "holds": finding.holds,
        "numbers": finding.numbers,
        "note": finding.note,
    }


def _text(record: Mapping[str, Any]) -> str:
    """Return JSON with one line for each entry at the second level, for readable diffs."""
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
