"""Intervals of stored results, computed anew."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hierax.experiments import EXPERIMENTS, restate
from hierax.experiments.stored import restated, widened
from hierax.statistics import interval

RESULTS = Path(__file__).parents[2] / "results"
SEEDS, REPETITIONS, RESAMPLES = 5, 4_000, 500


IQM_OF_GAMMA, IQM_OF_RATE = 1.7250033, 0.8217772  # by integration, see tests/test_statistics.py
KINDS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "gamma": (lambda rng, shape: rng.gamma(2, size=shape), IQM_OF_GAMMA),
    "success rate": (lambda rng, shape: rng.binomial(20, rng.beta(8, 2, shape)) / 20, IQM_OF_RATE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_widened_bootstraps_cover_as_often_as_they_say(kind):
    draw, exact = KINDS[kind]
    rng = np.random.default_rng(4)
    values = draw(rng, (SEEDS, REPETITIONS))
    resampled = values[rng.integers(SEEDS, size=(RESAMPLES, SEEDS))].mean(axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    low, high = widened(low, high, np.sort(values, axis=0)[1:-1].mean(axis=0), SEEDS)
    assert 0.93 <= np.mean((low <= exact) & (exact <= high)) <= 0.97


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_results_have_the_intervals_and_verdicts_of_today(name):
    path = RESULTS / name / "laptop" / "result.json"
    if not path.is_file():
        pytest.skip("not run at this scale")
    stored = json.loads(path.read_text())
    found = restated(stored, EXPERIMENTS[name].load())
    assert found["settings"] == stored["settings"]
    assert _told(found["claims"]) == _told(stored["claims"])
    for part in ("claims", "tables", "curves"):
        assert _numbers(found[part]) == pytest.approx(
            _numbers(stored[part]), rel=1e-6, abs=1e-12, nan_ok=True
        )


def test_a_result_is_written_anew_with_its_figure(tmp_path):
    folder = tmp_path / "lsp-layers" / "laptop"
    folder.mkdir(parents=True)
    shutil.copy(RESULTS / "lsp-layers" / "laptop" / "result.json", folder)
    record = json.loads((folder / "result.json").read_text())
    for rows in record["tables"].values():
        rows["two levels"]["sampled_return"] = interval([1e5 + seed for seed in range(5)])
    (folder / "result.json").write_text(json.dumps(record))
    (moved,) = restate("lsp-layers", out=tmp_path)
    assert (moved.claim, moved.before, moved.after) == ("L4", False, True)
    assert (folder / "figure.png").stat().st_size > 10_000
    found = json.loads((folder / "result.json").read_text())
    assert found["versions"] == record["versions"]
    assert found["tables"]["SpinSpeed-v0"]["two levels"]["sampled_return"]["iqm"] == 100_002


def test_a_result_that_was_not_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="hierax reproduce lsp-layers --scale paper"):
        restate("lsp-layers", "paper", tmp_path)


def _told(claims):
    """All of the claims but their numbers, which are rounded twice."""
    return [{**claim, "numbers": None} for claim in claims]


def _numbers(part):
    if isinstance(part, dict):
        return [number for item in part.values() for number in _numbers(item)]
    if isinstance(part, list):
        return [number for item in part for number in _numbers(item)]
    return [np.nan if part is None else part] if not isinstance(part, str) else []
