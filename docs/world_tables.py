"""Parts of pages that are made from the MuJoCo worlds and the registry.

``docs/pages.py`` writes them into the pages:

    mujoco_bodies     the bodies, their sizes and masses
    mujoco_worlds     every world with its views, its actions and its time
    mujoco_pictures   a picture of each task

Pictures are drawn by ``docs/gallery.py``; a missing picture stops the build.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import mujoco
from mkdocs.exceptions import PluginError

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make

ENTRIES = worlds_of(MUJOCO)

_PICTURES = Path("images", "worlds")
_COLUMNS = 3
_BODIES = {  # a world with each body, and its first part there
    "`Ball`": ("BallGoTo3-v0", "root"),
    "`Ant`": ("AntGoTo3-v0", "root"),
    "`Quadruped`": ("QuadrupedGoTo3-v0", "torso_body"),
    "`Humanoid`": ("HumanoidGoTo-v0", "torso_body"),
    "`Swimmer`": ("SwimmerSpeed-v0", "torso_body"),
    "`MazeAnt`": ("AntMaze-v0", "torso_body"),
    "`MazePoint`": ("PointPush-v0", "torso_body"),
}


def _bodies() -> str:
    sizes = ("actions", "positions", "velocities", "activations")
    head = ("body", *sizes, "mass (kg)", "proprioception")
    rows = []
    for body, (name, part) in _BODIES.items():
        world = _made(name)
        model = world.model
        root = model.body(part).rootid[0]
        counts = model.nu, *_moving(model, root), model.na
        proprioception = world.spec.view("proprioception").size
        mass = float(model.body_subtreemass[root])
        rows.append((body, *map(str, counts), f"{mass:.3f}", str(proprioception)))
    return _table(head, rows)


def _moving(model: mujoco.MjModel, root: int) -> tuple[int, int]:
    """Return the numbers of positions and of velocities of the joints of a body."""
    sizes = {mujoco.mjtJoint.mjJNT_FREE: (7, 6), mujoco.mjtJoint.mjJNT_BALL: (4, 3)}
    joints = [
        sizes.get(mujoco.mjtJoint(model.jnt_type[joint]), (1, 1))
        for joint in range(model.njnt)
        if model.body_rootid[model.jnt_bodyid[joint]] == root
    ]
    positions, velocities = map(sum, zip(*joints, strict=True))
    return positions, velocities


def _worlds() -> str:
    head = ("name", "task", "views", "action", "step (s)", "limit")
    rows = []
    for name, entry in ENTRIES.items():
        world = _made(name)
        views = ", ".join(f"`{view.name}` {_shape(view.shape)}" for view in world.spec.views)
        step = f"{world.timestep * world.substeps:g}"
        size = str(world.spec.action.size)
        limit = str(world.spec.episode_limit)
        rows.append((f"`{name}`", entry.summary, views, size, step, limit))
    return _table(head, rows)


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _pictures() -> str:
    paths = sorted((Path(__file__).parent / _PICTURES).glob("*.webp"))
    drawn = [path.stem for path in paths]
    unknown = [name for name in drawn if name not in ENTRIES]
    if unknown or not drawn:
        raise PluginError(
            f"docs/{_PICTURES} has pictures of {', '.join(unknown) or 'nothing'}, but must have "
            "those of worlds: run python docs/gallery.py"
        )
    shown = [name for name in ENTRIES if name in drawn]
    rows = [shown[first : first + _COLUMNS] for first in range(0, len(shown), _COLUMNS)]
    return "\n\n".join(
        _table([f"`{name}`" for name in row], [[_picture(name) for name in row]]) for row in rows
    )


def _picture(name: str) -> str:
    return f"![{name}]({_PICTURES / name}.webp)"


@cache
def _made(name: str) -> Any:
    return make(name)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


WORLD_PARTS: dict[str, Callable[[], str]] = {
    "mujoco_bodies": _bodies,
    "mujoco_worlds": _worlds,
    "mujoco_pictures": _pictures,
}
