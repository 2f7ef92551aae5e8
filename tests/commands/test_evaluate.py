"""Evaluations of a run."""

import json

import numpy as np
import pytest

from hierax.cli import main
from hierax.training.measuring import load_all


@pytest.fixture
def evaluate(finished, capsys):
    """Runs `hierax evaluate` and returns what it wrote and printed."""

    def run(*words):
        main(["evaluate", str(finished), *words])
        record = json.loads((finished / "evaluation.json").read_text())
        (finished / "evaluation.json").unlink()
        return record, capsys.readouterr().out

    return run


def test_both_modes_of_all_seeds_are_measured(evaluate):
    record, printed = evaluate("--episodes", "3")
    assert (record["step"], record["seed"]) == (96, 0)
    for found in (record, record["sampled"]):
        assert found["episodes"] == 6
        assert found["mean_length"] == 10
        np.testing.assert_allclose(found["mean"], np.mean(found["by_seed"]), rtol=1e-6)
        assert len(found["by_seed"]) == 2
        assert f"{found['mean']:.4g}" in printed
    assert "success" not in printed  # the world has none


def test_the_same_seed_gives_the_same_episodes(evaluate):
    first, again, other = (evaluate("--episodes", "3", "--seed", s)[0] for s in ("5", "5", "6"))
    assert first == again
    assert first["sampled"] != other["sampled"]


def test_an_earlier_step_can_be_asked_for(evaluate, finished):
    record, _ = evaluate("--episodes", "3", "--step", "64")
    assert record["step"] == 64
    assert [player.step for player in load_all(finished, 64)] == [64, 64]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--episodes", "0"), "--episodes must be an integer >= 1, got '0'"),
        (("--step", "5"), "holds no checkpoint of step 5, but of 32, 64, 96"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(refusal, finished, words, message):
    assert message in refusal("evaluate", finished, *words)


def test_a_folder_without_a_run_is_refused(refusal, tmp_path):
    assert "is not the folder of a run" in refusal("evaluate", tmp_path)
