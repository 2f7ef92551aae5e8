"""The MuJoCo model of a maze: floor, platforms, walls and block."""

import mujoco

from hierax.worlds.mujoco.arenas import WALL_COLOUR, add_box_geom, add_ground
from hierax.worlds.mujoco.mazes.layout import Block, MazeMap

BLOCK = "block"
"""Name of the block's body, and of the sensor of its centre."""

_SLIDE = mujoco.mjtJoint.mjJNT_SLIDE
_AXES = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1]}
_PLATFORM, _BLOCK = (0.80, 0.79, 0.76, 1.0), (0.82, 0.64, 0.34, 1.0)
_TILES = 4  # of the floor, along a cell
_MARGIN = 0.01


def add_maze(spec: mujoco.MjSpec, maze: MazeMap) -> None:
    """Add a maze to a model that has its body; geoms use the model's defaults."""
    add_ground(spec, maze.cell / _TILES)
    for kind, color, boxes in (
        ("platform", _PLATFORM, maze.platforms),
        ("wall", WALL_COLOUR, maze.walls),
    ):
        for number, box in enumerate(boxes):
            add_box_geom(spec.worldbody, f"{kind} {number}", box.centre, box.half, color)
    if maze.block is not None:
        _add_block(spec, maze.block)


def _add_block(spec: mujoco.MjSpec, block: Block) -> None:
    body = spec.worldbody.add_body(name=BLOCK, pos=block.box.centre)
    add_box_geom(body, BLOCK, (0.0, 0.0, 0.0), block.box.half, _BLOCK).mass = block.mass
    for number, axis in enumerate(block.slides):
        joint = body.add_joint(
            name=f"{BLOCK} {axis}", type=_SLIDE, axis=_AXES[axis], margin=_MARGIN
        )
        if block.limits is not None:
            joint.limited, joint.range = mujoco.mjtLimited.mjLIMITED_TRUE, block.limits[number]
    if block.spins:
        body.add_joint(name=f"{BLOCK} spin", type=mujoco.mjtJoint.mjJNT_BALL)
    spec.add_sensor(
        name=BLOCK, type=mujoco.mjtSensor.mjSENS_FRAMEPOS,
        objtype=mujoco.mjtObj.mjOBJ_XBODY, objname=BLOCK,
    )  # fmt: skip
