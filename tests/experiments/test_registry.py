"""Experiments by name: every one runs at smoke scale, twice with the same numbers."""

import numpy as np
import pytest
from matplotlib.image import imread

from hierax.experiments import EXPERIMENTS, find, load, reproduce
from hierax.experiments.claims import CLAIMS
from refusals import refuses

COSTLY = (
    "lsp-spin-cross", "lsp-point-cross", "lsp-cheetah-reach", "lsp-ant-cross", "lsp-lqr",
    "lsp-layers", "lsp-pendulum", "lsp-bandit", "hiro-point", "hiro-correction", "hiro-exploration",
    "hiro-ant-maze", "norl-representation", "norl-point", "norl-low-reward", "norl-ant-maze",
    "norl-parking", "norl-on-policy", "kl-ball-goto", "kl-regimes", "kl-ball-push", "kl-gap",
    "kl-asymmetry", "kl-ball-to-ant", "kl-latent-prior", "kl-paper-tasks",
)  # fmt: skip
"""Experiments that compile many agents."""
FILMED = ("lsp-latents",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in COSTLY else n for n in EXPERIMENTS],
)
def test_an_experiment_writes_its_evidence(name, smoke):
    record, folder = smoke(name)
    assert record["name"] == name
    count = len(record["seeds"])
    assert count == (2 if EXPERIMENTS[name].seeds else 0)
    assert record["seeds"] == list(range(count))
    option = f" --seeds {count}" if count else ""
    assert record["command"] == f"hierax reproduce {name} --scale smoke{option}"
    assert {claim["claim"] for claim in record["claims"]} == set(EXPERIMENTS[name].claims)
    assert all(claim["note"] and claim["numbers"] for claim in record["claims"])
    picture = imread(folder / "figure.png")
    assert min(picture.shape[:2]) > 300
    assert picture[..., :3].std() > 0.02  # something is drawn
    assert (folder / "figure.gif").is_file() == (name in FILMED)


def test_a_repeated_run_gives_the_same_file(smoke, tmp_path):
    first = smoke("himo-metric")[1]
    second = reproduce("himo-metric", "smoke", 2, tmp_path, figure_format="pdf")
    assert (second / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert second == tmp_path / "himo-metric" / "smoke"
    assert (first / "result.json").read_bytes() == (second / "result.json").read_bytes()


def test_an_unknown_format_is_refused():
    refuses(lambda: reproduce("himo-metric", figure_format="eps"), "figure_format ... pdf ... eps")


def test_every_registered_claim_is_judged_by_an_experiment():
    judged = {claim for experiment in EXPERIMENTS.values() for claim in experiment.claims}
    assert judged == set(CLAIMS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_module_has_both_verbs(name):
    module = find(name).load()
    assert callable(module.run)
    assert callable(module.draw)
    assert module.__doc__.startswith(f"`{name}`")


def test_what_was_not_run_cannot_be_loaded(tmp_path):
    assert load("himo-hanoi", "paper", tmp_path) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "himo-tower"}, "unknown experiment 'himo-tower'; did you mean 'himo-"),
        ({"name": "himo-hanoi", "scale": "huge"}, "scale must be one of 'smoke', .*, got 'huge'"),
        ({"name": "himo-metric", "seeds": 0}, "seeds must be an integer >= 1, got 0"),
    ],
)
def test_bad_input_is_named(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        reproduce(out=tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_the_verdicts_agree_with_the_known_answers(smoke):
    # Spec of HIMO, section 5.1, at foresight .9 and .97: the goal's order, the bottleneck's place.
    record, _ = smoke("himo-hanoi")
    holds = {claim["claim"]: claim["holds"] for claim in record["claims"]}
    assert holds == {"H1": True, "H2": True, "H3": None, "H4": True, "H5": None}
    rows = {row["foresight"]: row for row in record["tables"]["claims"]}
    assert [rows[f]["red_exit_rank_on_path"] for f in (0.9, 0.97)] == [4, 2]
    assert [rows[f]["goal_cluster_humps"] for f in (0.9, 0.97)] == [3, 8]
    assert np.isclose(rows[0.97]["times_on_path"]["222"], 1.05, atol=0.05)
