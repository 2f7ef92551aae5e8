"""MuJoCo worlds by name: fields that a name sets, options, and conversion to JSON and back."""

import json
import subprocess
import sys

import pytest

from hierax.registry import MUJOCO, worlds_of
from hierax.training import make_world
from hierax.training.config import describe_world
from hierax.worlds import make, world_names
from hierax.worlds.mujoco import Arrangement, MujocoWorld
from refusals import refuses

ENTRIES = worlds_of(MUJOCO)
NAMES = tuple(ENTRIES)


def test_listing_worlds_does_not_import_mujoco():
    program = (
        "import sys\n"
        "import hierax.registry, hierax.worlds, hierax.worlds.gymnasium\n"
        "assert 'BallGoTo3-v0' in hierax.worlds.world_names()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'mujoco'))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == "[]", finished.stderr


def test_every_entry_is_listed_and_has_a_summary():
    assert [name for name in world_names() if name in ENTRIES] == list(NAMES)
    for entry in ENTRIES.values():
        assert entry.summary
        assert entry.summary[-1] != "."


def test_every_body_has_every_task():
    of_bodies = {
        body: [name.removeprefix(body) for name in NAMES if ENTRIES[name].fields.get("body") == key]
        for body, key in (("Ball", "ball"), ("Ant", "ant"), ("Quadruped", "quadruped"))
    }
    for easier in ("Gap-v1", "PushEasy-v1", "PushMid-v1", "Or-v1", "And-v1"):
        of_bodies["Ball"].remove(easier)  # gaps that a ball can cross, boxes that it can push
    for body in ("Ball", "Quadruped"):
        of_bodies[body].remove("Maze-v0")  # the ant of AntMaze-v0 is another one
    assert of_bodies["Ball"] == of_bodies["Ant"] == of_bodies["Quadruped"]
    assert {"GoTo3-v0", "Gap-v0", "PushEasy-v0", "Gather-v0", "Or-v0"} <= {*of_bodies["Ball"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_world_is_restored_from_json(name):
    world = make(name)
    assert isinstance(world, MujocoWorld)
    described = json.loads(json.dumps(describe_world(world)))
    assert described["name"] == name
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in described.items()}
    assert make_world(given.pop("name"), **given) == world


@pytest.mark.parametrize(
    ("task", "boxes", "targets", "things"),
    [
        ("GoTo3", 0, 3, {"task": 3}),
        ("PushEasy", 1, 1, {}),
        ("PushMid", 1, 3, {"task": 3}),
        ("PushHard", 2, 2, {"task": 4}),
        ("Gather", 2, 0, {}),
        ("Or", 1, 2, {"task": 4}),
        ("And", 1, 2, {"task": 8}),
    ],
)
def test_tasks_have_the_boxes_and_targets_of_the_paper(task, boxes, targets, things):
    spec = make(f"Ball{task}-v0").spec
    sizes = {"proprioception": 10, "targets": 3 * targets, "boxes": 24 * boxes, **things}
    assert {view.name: view.size for view in spec.views} == {k: v for k, v in sizes.items() if v}
    assert (spec.action.shape, spec.episode_limit, spec.has_success) == ((2,), 400, True)


def test_a_heavy_box_is_heavier():
    masses = [make(f"BallPush{kind}-v0").model.body("box0").mass[0] for kind in ("Easy", "Heavy")]
    assert masses == [1.5, 6.0]


def test_options_replace_fields_that_the_name_sets():
    world = make("AntGoTo3-v0", targets=5, episode_limit=60)
    fields = {"body": "ant", "targets": 5, "cells": 0, "episode_limit": 60}
    assert world == Arrangement(name="AntGoTo3-v0", **fields)
    assert world.spec.view("targets").size == 15


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("BallGoTo4-v0", {}, ("'BallGoTo4-v0'", "'BallGoTo3-v0'")),
        ("BallGoTo3-v0", {"target": 2}, ("BallGoTo3-v0", "'target'", "'targets'")),
        ("BallGoTo3-v0", {"body": "cat"}, ("body", "one of 'ball', 'ant', 'quad", "'cat'")),
        ("BallGoTo3-v0", {"targets": -1}, ("targets", ">= 1", "-1")),
    ],
)
def test_unknown_names_and_invalid_options_are_refused(name, options, parts):
    refuses(lambda: make(name, **options), *parts)
