"""The worlds of MuJoCo by name: where the class of each is, and which of its fields the name sets.

Nothing here imports MuJoCo, so that worlds can be named and listed without it.
"""

from hierax.worlds.mujoco.entry import Entry
from hierax.worlds.mujoco.mazes.catalogue import MAZES

_HOME = "hierax.worlds.mujoco.tasks"
_ARRANGED = f"{_HOME}.arrangement", "Arrangement"
_SEEN = f"{_HOME}.vision_arrangement", "VisionArrangement"
_GO = {"targets": 3, "cells": 0}
_EASY, _MID, _HARD = (
    {"boxes": boxes, "targets": targets, "movers": ("boxes",)}
    for boxes, targets in ((1, 1), (1, 3), (2, 2))
)
_BOTH = {"boxes": 1, "targets": 2, "movers": ("body", "boxes")}

_BODIES = {"Ball": "ball", "Ant": "ant", "Quadruped": "quadruped"}
_TASKS: dict[str, Entry] = {
    "GoTo3": Entry(*_ARRANGED, _GO, "goes to one of three targets"),
    "Gap": Entry(f"{_HOME}.gap", "Gap", {}, "runs along a corridor, across a gap"),
    "PushEasy": Entry(*_ARRANGED, _EASY, "pushes a box onto a target"),
    "PushMid": Entry(*_ARRANGED, _MID, "pushes a box onto one of three targets"),
    "PushHard": Entry(*_ARRANGED, _HARD, "pushes one of two boxes onto one of two targets"),
    "PushHeavy": Entry(
        *_ARRANGED, {**_EASY, "box_mass": 6.0}, "pushes a box of 6 kg onto a target"
    ),
    "Gather": Entry(f"{_HOME}.gather", "Gather", {}, "pushes two boxes together"),
    "Or": Entry(*_ARRANGED, _BOTH, "goes to a target, or pushes a box onto it"),
    "And": Entry(
        *_ARRANGED, {**_BOTH, "together": True}, "goes to a target, and pushes a box onto one"
    ),
    "GoTo3Vision": Entry(*_SEEN, _GO, "goes to the black one of three targets, by sight"),
    "PushEasyVision": Entry(*_SEEN, _EASY, "pushes a box onto a target, by sight"),
    "PushMidVision": Entry(*_SEEN, _MID, "pushes a box onto the black target, by sight"),
    "PushHardVision": Entry(*_SEEN, _HARD, "pushes one of two boxes onto it, by sight"),
}
_SINGLE: dict[str, Entry] = {
    "HumanoidWalk-v0": Entry(
        f"{_HOME}.humanoid", "HumanoidWalk", {}, "walks one way, and then another"
    ),
    "HumanoidGoTo-v0": Entry(f"{_HOME}.humanoid", "HumanoidGoTo", {}, "walks to a target"),
    "AntSpeed-v0": Entry(f"{_HOME}.speed", "AntSpeed", {}, "is paid for speed in any direction"),
    "SwimmerSpeed-v0": Entry(f"{_HOME}.speed", "SwimmerSpeed", {}, "is paid for speed along x"),
    "HumanoidSpeed-v0": Entry(
        f"{_HOME}.speed", "HumanoidSpeed", {}, "is paid for speed in any direction"
    ),
    "AntCross-v0": Entry(
        f"{_HOME}.ant_cross", "AntCross", {}, "looks for a goal round the corner of a cross"
    ),
}

ENTRIES: dict[str, Entry] = {
    **{
        f"{body}{task}-v0": entry._replace(fields={"body": field, **entry.fields})
        for body, field in _BODIES.items()
        for task, entry in _TASKS.items()
    },
    **_SINGLE,
    **MAZES,
}
"""Every world by its name."""
