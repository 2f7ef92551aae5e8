"""Experiments by name: every one runs at smoke scale, twice with the same numbers."""

import importlib

import numpy as np
import pytest
from matplotlib.image import imread

from hierax.experiments import EXPERIMENTS, find, load, reproduce
from hierax.experiments.claims import CLAIMS

COSTLY = (
    "lsp-spin-cross", "lsp-point-cross", "lsp-cheetah-reach", "lsp-ant-cross", "lsp-lqr",
    "lsp-layers", "lsp-pendulum",
    "option-gradient-rooms", "option-gradient-cost",
)  # fmt: skip
"""Experiments that compile many learners, or that tests of their own run."""
FILMED = ("lsp-latents",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in COSTLY else n for n in EXPERIMENTS],
)
def test_an_experiment_writes_its_evidence(name, tmp_path):
    seeds = 3 if EXPERIMENTS[name].seeds else None
    folder = reproduce(name, "smoke", seeds, tmp_path)
    record = load(name, "smoke", tmp_path)
    assert folder == tmp_path / name / "smoke"
    assert record["name"] == name
    assert record["seeds"] == list(range(seeds or 0))
    option = " --seeds 3" if seeds else ""
    assert record["command"] == f"hierax reproduce {name} --scale smoke{option}"
    assert {claim["claim"] for claim in record["claims"]} == set(EXPERIMENTS[name].claims)
    assert all(claim["note"] and claim["numbers"] for claim in record["claims"])
    picture = imread(folder / "figure.png")
    assert min(picture.shape[:2]) > 300
    assert picture[..., :3].std() > 0.02  # something is drawn
    assert (folder / "figure.gif").is_file() == (name in FILMED)


def test_a_repeated_run_gives_the_same_file(tmp_path):
    files = []
    for part in ("first", "second"):
        folder = reproduce("himo-metric", "smoke", 2, tmp_path / part)
        files.append((folder / "result.json").read_bytes())
    assert files[0] == files[1]


def test_every_registered_claim_is_judged_by_an_experiment():
    judged = {claim for experiment in EXPERIMENTS.values() for claim in experiment.claims}
    assert judged == set(CLAIMS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_module_has_both_verbs(name):
    module = importlib.import_module(f"hierax.experiments.{find(name).module}")
    assert callable(module.run)
    assert callable(module.draw)
    assert module.__doc__.startswith(f"`{name}`")


def test_what_was_not_run_cannot_be_loaded(tmp_path):
    assert load("himo-hanoi", "paper", tmp_path) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "himo-tower"}, "there is no experiment 'himo-tower'; there are himo-hanoi,"),
        ({"name": "himo-hanoi", "scale": "huge"}, "scale is 'huge', but must be one of 'smoke'"),
        ({"name": "himo-metric", "scale": "smoke", "seeds": 0}, "seeds is 0, but must be at least"),
    ],
)
def test_bad_input_is_named(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        reproduce(out=tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_the_verdicts_agree_with_the_known_answers(tmp_path):
    # Spec of HIMO, section 5.1, at foresight .9 and .97: the goal's order, the bottleneck's place.
    reproduce("himo-hanoi", "smoke", out=tmp_path)
    record = load("himo-hanoi", "smoke", tmp_path)
    holds = {claim["claim"]: claim["holds"] for claim in record["claims"]}
    assert holds == {"H1": True, "H2": True, "H3": None, "H4": True, "H5": None}
    rows = {row["foresight"]: row for row in record["tables"]["claims"]}
    assert [rows[f]["red_exit_rank_on_path"] for f in (0.9, 0.97)] == [4, 2]
    assert [rows[f]["goal_cluster_humps"] for f in (0.9, 0.97)] == [3, 8]
    assert np.isclose(rows[0.97]["times_on_path"]["222"], 1.05, atol=0.05)
