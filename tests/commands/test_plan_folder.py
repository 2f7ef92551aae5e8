"""The folder of a plan: found again by the same request, closed to every other."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from hierax.commands.errors import UsageError
from hierax.commands.plan_folder import PlanFolder
from hierax.commands.planners import make_plan
from hierax.commands.problems import Problem
from hierax.worlds import tower_of_hanoi


@pytest.fixture
def plan(monkeypatch):
    """Plans on two discs, with an empty picture."""
    monkeypatch.setattr("hierax.commands.planners.draw_plan", lambda *_: Figure())
    world = tower_of_hanoi(2)
    return lambda planner: make_plan(Problem(world.name, world.mdp, world), planner, {})


def claim(out, planner="auto", world="maps/room.txt", **options):
    return PlanFolder.claim(str(out), planner, world, options)


def test_a_folder_is_named_after_what_was_asked(tmp_path):
    path = claim(tmp_path, slip=0.1, no_stay=True, reward="goal").path
    assert path == tmp_path / "auto-room-slip-0.1-no-stay-reward-goal"
    assert path.is_dir()


def test_the_same_request_finds_its_folder_again(tmp_path, plan):
    folder = claim(tmp_path, slip=0.1)
    folder.write(plan("auto"))
    assert claim(tmp_path, world="./maps//room.txt", slip=0.1) == folder


def test_the_name_of_an_environment_makes_a_plain_folder(tmp_path):
    assert claim(tmp_path, world="gymnasium:FrozenLake-v1").path.name.startswith(
        "auto-gymnasium-FrozenLake-v1"
    )


@pytest.mark.parametrize("other", [{"world": "rooms/room.txt"}, {"world": "room.npz"}])
def test_another_world_of_the_same_name_is_refused(tmp_path, plan, other):
    claim(tmp_path).write(plan("auto"))
    with pytest.raises(UsageError, match=r"auto-room holds other files: .* --out"):
        claim(tmp_path, **other)


@pytest.mark.parametrize("text", ["[]", "{}", "not JSON", "\x00"])
def test_a_record_of_somebody_else_is_refused(tmp_path, text):
    folder = tmp_path / "auto-room"
    folder.mkdir()
    (folder / "plan.json").write_text(text)
    with pytest.raises(UsageError, match="holds other files"):
        claim(tmp_path)
    assert (folder / "plan.json").read_text() == text


def test_leaving_removes_an_empty_folder_alone(tmp_path, plan):
    folder = claim(tmp_path)
    folder.leave()
    assert not folder.path.exists()
    folder = claim(tmp_path)
    folder.write(plan("auto"))
    folder.leave()
    names = sorted(path.name for path in folder.path.iterdir())
    assert names == ["plan.json", "plan.npz", "plan.png"]


@pytest.mark.parametrize(("ending", "head"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_a_picture_has_the_format_asked_for(tmp_path, plan, ending, head):
    picture = claim(tmp_path).write(plan("auto"), ending)
    assert picture.name == f"plan.{ending}"
    assert picture.read_bytes().startswith(head)


@pytest.mark.parametrize(("planner", "extra"), [("auto", set()), ("himo", {"time_to_peak"})])
def test_the_files_hold_the_plan(tmp_path, plan, planner, extra):
    made = plan(planner)
    made.summary["residual"] = float("inf")  # of which JSON knows nothing
    folder = claim(tmp_path, planner, slip=0.1)
    folder.write(made)
    record = json.loads((folder.path / "plan.json").read_text())
    assert {name: record[name] for name in folder.request} == folder.request
    assert record["summary"] == {**made.summary, "residual": None}
    with np.load(folder.path / "plan.npz") as arrays:
        assert set(arrays) == {"value", "policy", "occupancy", *extra}
        np.testing.assert_array_equal(arrays["policy"], made.policy)
        np.testing.assert_array_equal(arrays["value"], made.tables.value)
