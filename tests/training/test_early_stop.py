"""Early ends of a training by callbacks and thresholds, and evaluations in another world."""

import json

import pytest

from hierax.agents import TD3
from hierax.training import train
from hierax.training.early_stop import EarlyStop
from hierax.training.records import read_metrics
from hierax.training.serialisation import tree_digest
from hierax.worlds import make
from refusals import refuses

WORLD = make("PointSpeed-v0", episode_limit=10)
AGENT = TD3(
    WORLD.spec, hidden_sizes=(4,), batch_size=8, buffer_size=200, learning_starts=16,
    updates_per_step=0.25,
)  # fmt: skip
OPTIONS = {
    "environments": 2, "episodes": 2, "log_every": 20, "evaluate_every": 40, "progress": False,
}  # fmt: skip


def run(folder=None, steps=160, **changes):
    return train(AGENT, WORLD, steps, run=folder, **OPTIONS, **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run without an early stop, and its metrics."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return run(folder), read_metrics(folder / "metrics.jsonl")


def test_callbacks_see_what_is_logged(whole):
    logged, evaluated = [], []

    def log(step, metrics):
        logged.append((step, *metrics))
        metrics[0].clear()  # the run keeps its own

    run(on_log=log, on_evaluation=lambda *found: evaluated.append(found[0]))
    lines = whole[1]
    assert (
        [step for step, _ in logged] == [line["step"] for line in lines] == list(range(20, 161, 20))
    )
    assert evaluated == [40, 80, 120, 160]


@pytest.mark.parametrize("name", ["on_log", "on_evaluation"])
def test_a_callback_stops_the_run_with_a_checkpoint_and_it_goes_on_as_if_never_stopped(
    name, whole, tmp_path
):
    stopped = run(tmp_path / "run", **{name: lambda step, _: step < 80})
    assert stopped.summary["step"] == 80
    assert json.loads((tmp_path / "run/summary.json").read_text())["step"] == 80
    again = run(tmp_path / "run")
    assert tree_digest(again.states) == tree_digest(whole[0].states)
    assert read_metrics(tmp_path / "run/metrics.jsonl") == whole[1]
    assert again.summary["mean"] == whole[0].summary["mean"]


def test_none_and_zero_do_not_stop_a_run():
    assert run(on_log=lambda *_: None, on_evaluation=lambda *_: 0).summary["step"] == 160


def test_a_threshold_ends_the_run_at_the_first_evaluation_that_reaches_it(whole, tmp_path):
    returns = {line["step"]: line.get("sampled/return") for line in whole[1]}
    evaluations = {step: value for step, value in returns.items() if value is not None}
    assert list(evaluations) == [40, 80, 120, 160]
    least = evaluations[80]
    first = min(step for step, value in evaluations.items() if value >= least)
    until = ("sampled/return", least)
    found = run(tmp_path / "run", until=until)
    assert found.summary["step"] == first
    digest = tree_digest(found.states)
    assert tree_digest(run(tmp_path / "run", until=until).states) == digest  # it does not go on
    higher = run(tmp_path / "run", until=("sampled/return", 1e9))
    assert tree_digest(higher.states) == tree_digest(whole[0].states)


def test_a_threshold_holds_for_every_seed():
    stop = EarlyStop(until=("sampled/return", 1.0))
    low, high = {"sampled/return": 0.5}, {"sampled/return": 1.0}
    assert stop.reached([high, high])
    assert not stop.reached([high, low])
    assert not stop.asked(10, [high], evaluated=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on_log": 3}, "on_log ... function ... 3"),
        ({"until": "sampled/return"}, "until ... tuple ... sampled/return"),
        ({"until": ("sampled/return",)}, "until ... a name and a number ... sampled/return"),
        ({"until": ("return", 3.0)}, "until ... deterministic/return ... 'return'"),
        ({"until": ("sampled/return", float("nan"))}, "number in until ... finite ... nan"),
    ],
)
def test_impossible_stops_are_refused(options, words):
    refuses(lambda: run(**options), words)


def test_evaluations_are_made_in_the_world_that_is_given(tmp_path):
    longer = make("PointSpeed-v0", episode_limit=15)
    run(tmp_path / "run", evaluation_world=longer)
    lines = read_metrics(tmp_path / "run/metrics.jsonl")
    lengths = {line["sampled/length"] for line in lines if "sampled/length" in line}
    assert lengths == {15.0}
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["evaluation_world"]["episode_limit"] == 15
    other = make("PointCross-v0")
    refuses(lambda: run(evaluation_world=other), "evaluation_world ... views ... PointSpeed-v0")


def test_an_unknown_metric_is_named():
    refuses(
        lambda: run(until=("sampled/sucess", 0.5)), "until ... sampled/return ... sampled/sucess"
    )
