"""The demo plans, learns, and ends with commands that the person can type."""

import dataclasses
import json
import re
import shutil

import pytest

from hierax.cli import main
from hierax.commands import demo, demo_levels
from hierax.commands.demo_runs import field_words
from hierax.commands.reproduce import Command
from hierax.registry import PRESETS
from hierax.training.records import read_metrics

SMALL = {"hidden_sizes": (8,), "batch_size": 8, "learning_starts": 64}


@pytest.mark.parametrize(("found", "told"), [(None, True), ("/bin/hierax", False)])
def test_the_demo_says_where_the_command_is_if_no_path_leads_to_it(
    found, told, monkeypatch, capsys
):
    asked, asked_folders = [], []
    monkeypatch.setattr(Command, "run", lambda command: asked.append(command))
    monkeypatch.setattr(shutil, "which", lambda _: found)
    monkeypatch.setattr(demo, "learn", asked_folders.append)
    monkeypatch.setattr(demo, "learn_levels", asked_folders.append)
    main(["demo", "--out", "elsewhere"])
    output = capsys.readouterr().out
    assert [(c.name, c.scale, c.out) for c in asked] == [("himo-hanoi", "smoke", "elsewhere")]
    assert [str(folder) for folder in asked_folders] == [
        "elsewhere/learning",
        "elsewhere/levels",
    ]
    assert "hierax plan himo FourRooms-v0" in output
    assert ("Here `hierax` is" in output) is told


def evaluated(run):
    """The lines of a run's metrics that hold an evaluation."""
    lines = read_metrics(run / "metrics.jsonl")
    return [line for line in lines if demo_levels.METRIC in line]


@pytest.fixture
def short(monkeypatch):
    """A demo of a few steps."""
    monkeypatch.setattr(demo, "FIELDS", field_words(SMALL))
    monkeypatch.setattr(demo, "STEPS", 400)
    monkeypatch.setattr(demo, "POINTS", 2)


def test_learning_leaves_a_curve_and_a_film(short, tmp_path, capsys):
    old = tmp_path / "run" / "config.json"
    old.parent.mkdir()
    old.write_text("{}")  # of an earlier demo with other settings
    demo.learn(tmp_path)
    printed = capsys.readouterr().out
    returns = [
        line["deterministic/return"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl")
    ]
    assert f"Before training the return is {returns[0]:.0f}, after it {returns[-1]:.0f};" in printed
    for name in ("curve.png", "episode.gif"):
        assert f"{tmp_path / name}" in printed
        assert (tmp_path / name).stat().st_size > 5_000


def test_levels_leave_curves_and_a_film(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(demo_levels, "BELOW", 320)
    monkeypatch.setattr(demo_levels, "ABOVE", 400)
    monkeypatch.setattr(demo_levels, "POINTS", 2)
    small = dataclasses.replace(PRESETS["lsp", "SpinCross-v0"], settings=SMALL)
    monkeypatch.setitem(PRESETS, ("lsp", "SpinCross-v0"), small)
    old = tmp_path / "flat" / "config.json"
    old.parent.mkdir()
    old.write_text("{}")
    demo_levels.learn_levels(tmp_path)
    printed = capsys.readouterr().out
    assert "The goal is reached in 0% of episodes with two levels" in printed
    two, flat = json.loads((tmp_path / "curves.json").read_text())["groups"]
    steps = {
        run: [line["step"] for line in evaluated(tmp_path / run)] for run in ("levels", "flat")
    }
    assert two["steps"] == [320 + step for step in steps["levels"]]
    assert flat["steps"] == steps["flat"]
    assert two["steps"][-1] == flat["steps"][-1]
    for name in ("curves.png", "episode.gif"):
        assert f"{tmp_path / name}" in printed
        assert (tmp_path / name).stat().st_size > 5_000


@pytest.mark.slow
def test_two_levels_find_the_goal_at_last(tmp_path, capsys):
    demo_levels.learn_levels(tmp_path)
    found, flat = re.findall(r"(\d+)%", capsys.readouterr().out.partition("The goal is reached")[2])
    assert int(found) >= 90
    assert int(flat) <= 10


@pytest.mark.slow
def test_the_point_runs_straight_at_last(tmp_path, capsys):
    demo.learn(tmp_path)
    share = re.search(r"is (\d+)% of the path", capsys.readouterr().out)
    assert int(share[1]) >= 95
    returns = [
        line["deterministic/return"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl")
    ]
    assert returns[0] < 300 < 800 < returns[-1]
