"""The result file: its keys, its numbers, and identical repetitions."""

import json

import numpy as np
import pytest

from hierax.experiments.claims import CLAIMS
from hierax.experiments.result import SIGNIFICANT_DIGITS, Finding, Result, write
from hierax.to_json import to_json

FINDING = Finding("H2", None, {"foresights": [0.9, np.float64(0.97)]}, "Only with much foresight.")


def example():
    return Result(
        settings={"step_size": 0.02},
        claims=[FINDING],
        curves={"time": np.arange(3.0), "names": ("a", "b")},
        tables={"rows": [{"x": np.int64(1), "ok": np.bool_(True)}]},
        seeds=range(2),
    )


def test_the_file_has_the_promised_keys(tmp_path):
    path = write(example(), "himo-hanoi", "smoke", "hierax reproduce himo-hanoi", tmp_path)
    record = json.loads(path.read_text())
    assert list(record) == [
        "name", "scale", "command", "versions", "seeds", "settings", "claims", "tables", "curves",
    ]  # fmt: skip
    assert record["seeds"] == [0, 1]
    assert record["curves"] == {"time": [0.0, 1.0, 2.0], "names": ["a", "b"]}
    assert record["tables"] == {"rows": [{"x": 1, "ok": True}]}
    assert record["versions"].keys() >= {"python", "hierax", "numpy", "scipy"}


def test_a_claim_carries_its_source_and_evidence(tmp_path):
    path = write(example(), "himo-hanoi", "smoke", "command", tmp_path)
    (claim,) = json.loads(path.read_text())["claims"]
    assert claim == {
        "claim": "H2",
        "statement": CLAIMS["H2"].statement,
        "source": CLAIMS["H2"].source,
        "holds": None,
        "numbers": {"foresights": [0.9, 0.97]},
        "note": "Only with much foresight.",
    }


def test_writing_twice_gives_the_same_bytes_and_leaves_no_part(tmp_path):
    first = write(example(), "n", "smoke", "c", tmp_path).read_bytes()
    assert write(example(), "n", "smoke", "c", tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_an_unknown_claim_is_refused(tmp_path):
    finding = Finding("Z9", True, {}, "")
    with pytest.raises(KeyError, match="Z9"):
        write(Result(settings={}, claims=[finding]), "n", "smoke", "c", tmp_path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, None),
        (-np.inf, None),
        (1 / 3, 0.33333333),
        (np.float32(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array([np.nan, 1.0]), [None, 1.0]),
        ({1: (2, range(2))}, {"1": [2, [0, 1]]}),
        (np.bool_(False), False),
        (None, None),
        ("text", "text"),
    ],
)
def test_values_become_json(value, expected):
    found = to_json(value, SIGNIFICANT_DIGITS)
    assert found == expected
    json.dumps(found)
