"""Runs that differ in seed alone are one curve, and labels say what sets curves apart."""

import json

import numpy as np
import pytest

from hierax.commands.curves import Group, labels, read_groups, summarise, title
from hierax.commands.errors import UsageError

CONFIG = {
    "agent": {"name": "sac", "discount": 0.99},
    "world": {"name": "W-v0", "goal": [1.0, 2.0]},
    "seed": 0,
    "seeds": 1,
    "steps": 30,
}


@pytest.fixture
def write(tmp_path):
    """Writes the folder of a run, and returns its path."""

    def run(name, lines, **changes):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({**CONFIG, **changes, "versions": {}}))
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "metrics.jsonl").write_text(text)
        return str(folder)

    return run


def at(step, value, **more):
    return {"step": step, "m": value, **more}


def test_seeds_of_one_run_and_of_several_are_one_group(write):
    runs = [
        write("a", [at(10, 1.0, seed=0), at(10, 3.0, seed=1), at(20, 5.0, seed=0)], seeds=2),
        write("b", [at(10, 8.0), at(20, 9.0)], seed=2),
    ]
    (group,) = read_groups(runs, "m")
    assert group.curves == {0: {10: 1.0, 20: 5.0}, 1: {10: 3.0}, 2: {10: 8.0, 20: 9.0}}
    assert group.runs == runs
    assert "seed" not in group.config


def test_other_settings_are_another_group(write):
    runs = [
        write("a", [at(10, 1.0)]),
        write("b", [at(10, 2.0)], agent={"name": "sac", "discount": 0.9}),
        write("c", [at(10, 3.0)], seed=4),
    ]
    groups = read_groups(runs, "m")
    assert [sorted(group.curves) for group in groups] == [[0, 4], [0]]
    assert labels(groups) == ["discount 0.99", "discount 0.9"]


def test_lines_without_the_metric_are_left_out(write):
    (group,) = read_groups([write("a", [{"step": 5}, at(10, None), at(20, 1.0)])], "m")
    assert group.curves == {0: {20: 1.0}}


def test_a_run_with_levels_begins_after_the_steps_of_those_below(write):
    flat, levels = write("a", [at(30, 1.0)]), write("b", [at(10, 2.0), at(20, 3.0)], steps=20)
    write("b/levels", [])
    for number, steps in enumerate((4, 6)):
        write(f"b/levels/{number}", [at(steps, 0.0)], steps=steps)
    groups = read_groups([flat, levels], "m")
    assert [group.curves for group in groups] == [{0: {30: 1.0}}, {0: {20: 2.0, 30: 3.0}}]


def group(*values, **config):
    curves = {seed: {10: value, 20: 2 * value} for seed, value in enumerate(values)}
    return Group({"agent": {"name": "sac"}, "world": {"name": "W"}, **config}, ["r/one"], curves)


def test_a_summary_has_the_interquartile_mean_and_its_interval():
    found = summarise(group(1.0, 2.0, 3.0, 100.0), "name", "return")
    assert found["steps"] == [10, 20]
    assert found["iqm"] == [2.5, 5.0]
    assert found["seeds"] == [0, 1, 2, 3]
    assert found["by_seed"]["3"] == [100.0, 200.0]
    low, iqm, high = (np.array(found[name]) for name in ("low", "iqm", "high"))
    assert ((low < iqm) & (iqm < high)).all()
    json.dumps(found, allow_nan=False)


def test_the_interval_of_a_success_rate_stays_in_its_range():
    found = summarise(group(0.5, 0.5, 0.4), "name", "sampled/success")
    assert found["high"][0] < 1.0 == found["high"][1]


def test_steps_that_not_every_seed_has_come_to_are_left_out():
    some = group(1.0, 2.0)
    del some.curves[1][20]
    assert summarise(some, "name", "return")["steps"] == [10]


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        ([{}], ["sac"]),
        (
            [{"agent": {"name": "sac", "a": 1}}, {"agent": {"name": "td3", "b": 2}}],
            ["sac", "td3"],
        ),
        ([{"steps": 5, "driver": "scan"}, {"steps": 6, "driver": "scan"}], ["steps 5", "steps 6"]),
        ([{"extra": 1}, {"other": 2}], ["one", "one"]),  # nothing that both have
        ([dict.fromkeys("abcde", 1), dict.fromkeys("abcde", 2)], ["one", "one"]),
    ],
)
def test_labels_name_what_differs_or_else_the_folder(configs, expected):
    assert labels([group(1.0, **config) for config in configs]) == expected


def test_the_title_is_the_world_that_all_share():
    assert title([group(1.0), group(2.0)]) == "W"
    assert title([group(1.0), group(1.0, world={"name": "V"})]) == ""


def test_what_cannot_be_read_is_refused(write, tmp_path):
    run = write("a", [at(10, 1.0)])
    with pytest.raises(UsageError, match=r"seed 0 in .*a and .*a"):
        read_groups([run, run], "m")
    with pytest.raises(UsageError, match=r"unknown metric in .* 'n'; known: m"):
        read_groups([run], "n")
    with pytest.raises(UsageError, match="no metrics yet"):
        read_groups([write("b", [])], "m")
    with pytest.raises(ValueError, match="is not the folder of a run"):
        read_groups([str(tmp_path)], "m")
    (tmp_path / "a" / "metrics.jsonl").unlink()
    with pytest.raises(UsageError, match=r"cannot read .*metrics.jsonl"):
        read_groups([run], "m")
