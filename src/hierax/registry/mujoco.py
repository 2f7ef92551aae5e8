"""The worlds of MuJoCo: name, class, summary, and the fields that the name sets."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Row: TypeAlias = tuple[str, str, str, Mapping[str, Any]]
_HOME = "hierax.worlds.mujoco"
_ARRANGED = f"{_HOME}.tasks.arrangement:Arrangement"
_SEEN = f"{_HOME}.tasks.vision_arrangement:VisionArrangement"
_ANT, _POINT = f"{_HOME}.mazes.ant_in_maze:AntInMaze", f"{_HOME}.mazes.point_in_maze:PointInMaze"
_BODY = f"{_HOME}.mazes.body_in_maze:BodyInMaze"

_GO = {"targets": 3, "cells": 0}
_EASY, _MID, _HARD = (
    {"boxes": boxes, "targets": targets, "movers": ("boxes",)}
    for boxes, targets in ((1, 1), (1, 3), (2, 2))
)
_BOTH = {"boxes": 1, "targets": 2, "movers": ("body", "boxes")}
_SMALL = {"padding": 0, "friction": 0.1}
"""A room of 6 m without space behind the initial cells, and boxes that slide."""
_SMALLER: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("PushEasy", "push a box onto a target", _EASY),
    ("PushMid", "push a box onto one of three targets", _MID),
    ("Or", "go to a target, or push a box onto it", _BOTH),
    ("And", "go to one target and push a box onto another", {**_BOTH, "together": True}),
)
_BODIES = {"Ball": "ball", "Ant": "ant", "Quadruped": "quadruped"}
_TASKS: tuple[Row, ...] = (
    ("GoTo3", _ARRANGED, "go to one of three targets", _GO),
    ("Gap", f"{_HOME}.tasks.gap:Gap", "run along a corridor and across a gap", {}),
    ("PushEasy", _ARRANGED, "push a box onto a target", _EASY),
    ("PushMid", _ARRANGED, "push a box onto one of three targets", _MID),
    ("PushHard", _ARRANGED, "push one of two boxes onto one of two targets", _HARD),
    ("PushHeavy", _ARRANGED, "push a box of 6 kg onto a target", {**_EASY, "box_mass": 6.0}),
    ("Gather", f"{_HOME}.tasks.gather:Gather", "push two boxes together", {}),
    ("Or", _ARRANGED, "go to a target, or push a box onto it", _BOTH),
    ("And", _ARRANGED, "go to one target and push a box onto another", {**_BOTH, "together": True}),
    ("GoTo3Vision", _SEEN, "go to the black target of three, with camera", _GO),
    ("PushEasyVision", _SEEN, "push a box onto a target, with camera", _EASY),
    ("PushMidVision", _SEEN, "push a box onto the black target, with camera", _MID),
    ("PushHardVision", _SEEN, "push one of two boxes onto a target, with camera", _HARD),
)
_PUSH = "push a block out of the way"
_FALL = "push a block into a chasm and cross it there"
_BLOCK = "bring a small block to a place in an open room"
_BLOCK_MAZE = "bring a small block through a U-shaped maze"
_WALK = "walk through a U-shaped maze"
_ANYWHERE, _ABOVE = ", a new goal in each episode", ", with a view from above"
_SPEED = "reward is the speed in any direction"

MUJOCO_WORLDS: tuple[Row, ...] = (
    *(
        (f"{body}{task}-v0", target, summary, {"body": field, **fields})
        for body, field in _BODIES.items()
        for task, target, summary, fields in _TASKS
    ),
    (
        "BallGap-v1",
        f"{_HOME}.tasks.gap:Gap",
        "run along a corridor and across a gap that the ball can cross",
        {"body": "ball", "longest": 0.8},
    ),
    *(
        (
            f"Ball{task}-v1",
            _ARRANGED,
            f"{summary}, in a small room with slippery boxes",
            {"body": "ball", **fields, **_SMALL},
        )
        for task, summary, fields in _SMALLER
    ),
    (
        "HumanoidWalk-v0",
        f"{_HOME}.tasks.humanoid_tasks:HumanoidWalk",
        "walk in one direction, then in another",
        {},
    ),
    ("HumanoidGoTo-v0", f"{_HOME}.tasks.humanoid_tasks:HumanoidGoTo", "walk to a target", {}),
    ("AntSpeed-v0", f"{_HOME}.tasks.speed:AntSpeed", _SPEED, {}),
    ("SwimmerSpeed-v0", f"{_HOME}.tasks.speed:SwimmerSpeed", "reward is the speed along x", {}),
    ("HumanoidSpeed-v0", f"{_HOME}.tasks.speed:HumanoidSpeed", _SPEED, {}),
    (
        "AntCross-v0",
        f"{_HOME}.tasks.ant_cross:AntCross",
        "sparse goal round the corner of a cross",
        {},
    ),
    ("AntMaze-v0", _ANT, _WALK, {"maze": "maze"}),
    ("BallMaze-v0", _BODY, "roll through a U-shaped maze", {"maze": "maze", "body": "ball"}),
    ("QuadrupedMaze-v0", _BODY, _WALK, {"maze": "maze", "body": "quadruped"}),
    ("AntPush-v0", _ANT, _PUSH, {"maze": "push", "goal": (0.0, 19.0)}),
    ("AntPushMulti-v0", _ANT, _PUSH + _ANYWHERE, {"maze": "push"}),
    ("AntFall-v0", _ANT, _FALL, {"maze": "fall", "goal": (0.0, 27.0, 4.5)}),
    ("AntFallMulti-v0", _ANT, _FALL + _ANYWHERE, {"maze": "fall"}),
    ("AntBlock-v0", _ANT, _BLOCK, {"maze": "block"}),
    ("AntBlockMaze-v0", _ANT, _BLOCK_MAZE, {"maze": "block_maze"}),
    ("AntMazeImages-v0", _ANT, _WALK + _ABOVE, {"maze": "maze", "image": True}),
    ("AntPushImages-v0", _ANT, _PUSH + _ABOVE, {"maze": "push", "image": True}),
    ("AntFallImages-v0", _ANT, _FALL + _ABOVE, {"maze": "fall", "image": True}),
    ("PointPush-v0", _POINT, _PUSH, {"maze": "push", "goal": (0.0, 9.5)}),
    ("PointPushMulti-v0", _POINT, _PUSH + _ANYWHERE, {"maze": "push"}),
    ("PointFall-v0", _POINT, _FALL, {"maze": "fall", "goal": (0.0, 13.5, 2.25)}),
    ("PointFallMulti-v0", _POINT, _FALL + _ANYWHERE, {"maze": "fall"}),
    ("PointBlock-v0", _POINT, _BLOCK, {"maze": "block"}),
    ("PointBlockMaze-v0", _POINT, _BLOCK_MAZE, {"maze": "block_maze"}),
    ("PointPushImages-v0", _POINT, _PUSH + _ABOVE, {"maze": "push", "image": True}),
    ("PointFallImages-v0", _POINT, _FALL + _ABOVE, {"maze": "fall", "image": True}),
)
"""Worlds in the order of the lists."""

MUJOCO_LIMITS: Mapping[str, int] = {
    _ARRANGED: 400,
    _SEEN: 400,
    f"{_HOME}.tasks.gap:Gap": 400,
    f"{_HOME}.tasks.gather:Gather": 400,
    f"{_HOME}.tasks.humanoid_tasks:HumanoidWalk": 1_000,
    f"{_HOME}.tasks.humanoid_tasks:HumanoidGoTo": 800,
    f"{_HOME}.tasks.speed:AntSpeed": 1_000,
    f"{_HOME}.tasks.speed:SwimmerSpeed": 1_000,
    f"{_HOME}.tasks.speed:HumanoidSpeed": 1_000,
    f"{_HOME}.tasks.ant_cross:AntCross": 1_000,
    _ANT: 500,
    _POINT: 500,
    _BODY: 500,
}
"""Default ``episode_limit`` of each class, known without MuJoCo."""
