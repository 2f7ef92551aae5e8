"""The mazes of HIRO and NORL by name; says what they are without importing MuJoCo."""

from hierax.worlds.mujoco.entry import Entry

_ANT = "hierax.worlds.mujoco.mazes.ant", "AntInMaze"
_POINT = "hierax.worlds.mujoco.mazes.point", "PointInMaze"
_PUSH = "pushes a block aside that is in the way"
_FALL = "pushes a block into a chasm, and crosses it there"
_BLOCK = "brings a small block somewhere in an open room"
_BLOCK_MAZE = "brings a small block through a U-shaped maze"
_ANYWHERE = ", to be anywhere"
_SEEN = ", seen from above"

MAZES: dict[str, Entry] = {
    "AntMaze-v0": Entry(*_ANT, {"maze": "maze"}, "walks through a U-shaped maze"),
    "AntPush-v0": Entry(*_ANT, {"maze": "push", "goal": (0.0, 19.0)}, _PUSH),
    "AntPushMulti-v0": Entry(*_ANT, {"maze": "push"}, _PUSH + _ANYWHERE),
    "AntFall-v0": Entry(*_ANT, {"maze": "fall", "goal": (0.0, 27.0, 4.5)}, _FALL),
    "AntFallMulti-v0": Entry(*_ANT, {"maze": "fall"}, _FALL + _ANYWHERE),
    "AntBlock-v0": Entry(*_ANT, {"maze": "block"}, _BLOCK),
    "AntBlockMaze-v0": Entry(*_ANT, {"maze": "block_maze"}, _BLOCK_MAZE),
    "AntMazeImages-v0": Entry(
        *_ANT,
        {"maze": "maze", "image": True},
        "walks through a U-shaped maze" + _SEEN,
    ),
    "AntPushImages-v0": Entry(*_ANT, {"maze": "push", "image": True}, _PUSH + _SEEN),
    "AntFallImages-v0": Entry(*_ANT, {"maze": "fall", "image": True}, _FALL + _SEEN),
    "PointPush-v0": Entry(*_POINT, {"maze": "push", "goal": (0.0, 9.5)}, _PUSH),
    "PointPushMulti-v0": Entry(*_POINT, {"maze": "push"}, _PUSH + _ANYWHERE),
    "PointFall-v0": Entry(*_POINT, {"maze": "fall", "goal": (0.0, 13.5, 2.25)}, _FALL),
    "PointFallMulti-v0": Entry(*_POINT, {"maze": "fall"}, _FALL + _ANYWHERE),
    "PointBlock-v0": Entry(*_POINT, {"maze": "block"}, _BLOCK),
    "PointBlockMaze-v0": Entry(*_POINT, {"maze": "block_maze"}, _BLOCK_MAZE),
    "PointPushImages-v0": Entry(*_POINT, {"maze": "push", "image": True}, _PUSH + _SEEN),
    "PointFallImages-v0": Entry(*_POINT, {"maze": "fall", "image": True}, _FALL + _SEEN),
}
