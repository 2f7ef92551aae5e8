"""MuJoCo worlds by name: what a name sets, what options change, and the way to JSON and back."""

import ast
import dataclasses
import importlib
import json
import subprocess
import sys

import pytest
from hierax.commands.declared import declared_fields, source_of
from hierax.commands.dotted import fields_of, separate

from hierax.commands.errors import UsageError
from hierax.training import make_world
from hierax.training.config import describe_world
from hierax.worlds import make, world_names
from hierax.worlds.mujoco import Arrangement, MujocoWorld
from hierax.worlds.mujoco.catalogue import ENTRIES
from planning.refusals import refusal

NAMES = tuple(ENTRIES)


def test_naming_and_listing_worlds_imports_no_mujoco():
    program = (
        "import sys\n"
        "import hierax.worlds, hierax.worlds.gymnasium, hierax.worlds.mujoco.catalogue\n"
        "assert 'BallGoTo3-v0' in hierax.worlds.world_names()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'mujoco'))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == "[]", finished.stderr


def test_every_entry_is_listed_and_says_what_there_is_to_do():
    assert [name for name in world_names() if name in ENTRIES] == list(NAMES)
    for entry in ENTRIES.values():
        assert entry.summary
        assert entry.summary[-1] != "."


def test_every_body_has_every_task():
    of_bodies = {
        body: [name.removeprefix(body) for name in NAMES if ENTRIES[name].fields.get("body") == key]
        for body, key in (("Ball", "ball"), ("Ant", "ant"), ("Quadruped", "quadruped"))
    }
    assert of_bodies["Ball"] == of_bodies["Ant"] == of_bodies["Quadruped"]
    assert {"GoTo3-v0", "Gap-v0", "PushEasy-v0", "Gather-v0", "Or-v0"} <= {*of_bodies["Ball"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_world_comes_back_from_json(name):
    world = make(name)
    assert isinstance(world, MujocoWorld)
    described = json.loads(json.dumps(describe_world(world)))
    assert described["name"] == name
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in described.items()}
    assert make_world(**given) == world


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


def test_options_take_the_place_of_what_the_name_sets():
    world = make("AntGoTo3-v0", targets=5, episode_limit=60)
    fields = {"body": "ant", "targets": 5, "cells": 0, "episode_limit": 60}
    assert world == Arrangement(name="AntGoTo3-v0", **fields)
    assert world.spec.view("targets").size == 15


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("BallGoTo4-v0", {}, "there is no world 'BallGoTo4-v0', the nearest are BallGoTo3-v0"),
        (
            "BallGoTo3-v0",
            {"target": 2},
            "BallGoTo3-v0 has no option 'target'; it has episode_limit",
        ),
        ("BallGoTo3-v0", {"body": "cat"}, "body must be one of 'ball', 'ant', 'quad"),
        ("BallGoTo3-v0", {"targets": -1}, "targets must be an integer >= 1, got -1"),
    ],
)
def test_names_and_options_that_there_are_not(name, options, words):
    assert words in refusal(lambda: make(name, **options))


@pytest.mark.parametrize(
    "name", sorted({entry[:2]: name for name, entry in ENTRIES.items()}.values())
)
def test_the_command_line_knows_the_fields_of_a_world(name):
    module, world = source_of(name)
    declared = declared_fields(name)
    fields = dataclasses.fields(getattr(importlib.import_module(module), world))
    assert set(declared) == {field.name for field in fields} - {"name"}
    for field in fields:
        if field.name in declared:
            assert ast.literal_eval(declared[field.name].default) == field.default


def test_options_on_the_command_line_have_the_types_of_their_fields():
    words = "--world.targets 5 --world.movers body,boxes --world.together --world.box-mass 2"
    _, dotted = separate(words.split())
    found = fields_of("world", "QuadrupedOr-v0", dotted)
    assert found == {"targets": 5, "movers": ("body", "boxes"), "together": True, "box_mass": 2.0}
    assert make("QuadrupedOr-v0", **found).targets == 5
    with pytest.raises(UsageError, match=r"--world\.targets is 'two', but must be a whole number"):
        fields_of("world", "BallGoTo3-v0", {"world.targets": ("two",)})
    with pytest.raises(
        UsageError, match=r"no field of BallGoTo3-v0 'target'.*did you mean targets"
    ):
        fields_of("world", "BallGoTo3-v0", {"world.target": ("2",)})


def test_a_goal_on_the_command_line_is_a_tuple():
    _, dotted = separate(["--world.goal", "16", "0"])
    assert fields_of("world", "AntMaze-v0", dotted) == {"goal": (16.0, 0.0)}
