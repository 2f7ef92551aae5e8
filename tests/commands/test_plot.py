"""Pictures of learning curves, and the numbers beside them."""

import json

import pytest

from hierax.cli import main
from hierax.training.records import read_metrics


def test_a_picture_and_its_numbers_are_written(finished, tmp_path, capsys):
    picture = tmp_path / "new" / "cross.png"
    main(["plot", str(finished), "--out", str(picture)])
    assert picture.read_bytes().startswith(b"\x89PNG")
    numbers = picture.with_suffix(".json")
    assert capsys.readouterr().out == f"picture: {picture}\nnumbers: {numbers}\n"
    (curve,) = json.loads(numbers.read_text())["groups"]
    assert (curve["label"], curve["seeds"]) == ("sac", [0, 1])
    lines = read_metrics(finished / "metrics.jsonl")
    first = [line["deterministic/return"] for line in lines if line["seed"] == 0]
    assert curve["by_seed"]["0"] == first
    assert curve["steps"] == [32, 64, 96]


def test_any_metric_can_be_drawn(finished, tmp_path):
    picture = tmp_path / "loss.svg"
    main(["plot", str(finished), "--metric", "critic_loss", "--out", str(picture)])
    assert "critic" in json.loads(picture.with_suffix(".json").read_text())["metric"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "at least one RUN must be given"),
        (("nowhere",), "nowhere is not the folder of a run"),
        (("RUN", "--metric", "determinstic/return"), "did you mean 'deterministic/return'?"),
        (("RUN", "--out", "curves.txt"), "--out must end in .png, .pdf or .svg, got 'curves.txt'"),
        (("RUN", "RUN"), "must be given once"),
    ],
)
def test_what_cannot_be_drawn_is_refused(refusal, finished, tmp_path, words, message):
    words = [str(finished) if word == "RUN" else word for word in words]
    assert message in refusal("plot", *words)
