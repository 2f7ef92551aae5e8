"""What a world looks like from above: where one can be, where the goal is, where one is.

Pictures ask this of a world, and nothing else. For a world of your own write

    @scene_of.register(MyWorld)
    def _(world, state): return Scene(...)

    @position_of.register(MyWorld)
    def _(world, state): return state.position
"""

import dataclasses
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.cross import PointCross
from hierax.worlds.gridworld import GridWorld
from hierax.worlds.point import PointState
from hierax.worlds.point_maze import MazeState, PointMaze
from hierax.worlds.speed import PointSpeed
from hierax.worlds.tabular import TabularWorld

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Least x, least y, largest x, largest y."""

_CROSS: tuple[Rectangle, ...] = ((-1.5, -2.0, 13.0, 2.0), (4.0, -7.0, 8.0, 7.0))
_MAZE: tuple[Rectangle, ...] = (
    (-2.0, -2.0, 10.0, 2.0),
    (6.0, -2.0, 10.0, 10.0),
    (-2.0, 6.0, 10.0, 10.0),
)
_MAZE_SUCCESS = 5.0


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A world from above.

    Attributes:
        free: where one can be, as rectangles that may overlap; empty where nothing is in the way.
        links: ``(L, 2, 2)`` lines between places, where one can be at places alone.
        goal: x and y of the goal, or None.
        goal_radius: distance from it that counts as being there.
    """

    free: tuple[Rectangle, ...] = ()
    links: Float[np.ndarray, "L 2 2"] | None = None
    goal: tuple[float, float] | None = None
    goal_radius: float = 0.5


@singledispatch
def scene_of(world: Any, state: Any) -> Scene:
    """What a world looks like in the episode that begins with ``state``.

    Raises:
        ValueError: where nobody has said what such a world looks like.
    """
    raise ValueError(
        f"{world.spec.name} has no picture: register one with hierax.worlds.scene.scene_of"
    )


@singledispatch
def position_of(world: Any, state: Any) -> Float[np.ndarray, "... 2"]:
    """Where one is in a state, or in each of many: x and y.

    Raises:
        ValueError: where nobody has said how to find out.
    """
    raise ValueError(
        f"{world.spec.name} has no positions: register them with hierax.worlds.scene.position_of"
    )


@scene_of.register(PointSpeed)
def _(world: PointSpeed, state: PointState) -> Scene:
    return Scene()


@scene_of.register(PointCross)
def _(world: PointCross, state: PointState) -> Scene:
    return Scene(_CROSS, goal=world.goal, goal_radius=world.goal_radius)


@scene_of.register(PointMaze)
def _(world: PointMaze, state: MazeState) -> Scene:
    x, y = np.asarray(state.goal).tolist()
    return Scene(_MAZE, goal=(x, y), goal_radius=_MAZE_SUCCESS)


@scene_of.register(ActingWorld)
def _(world: ActingWorld, state: Any) -> Scene:
    tabular = world.tabular
    x, y = tabular.coordinates[tabular.goal].tolist()
    if isinstance(tabular, GridWorld):
        return Scene(_squares(tabular), goal=(x, y))
    return Scene(links=_links(tabular), goal=(x, y))


@position_of.register(PointSpeed)
@position_of.register(PointCross)
@position_of.register(PointMaze)
def _(world: Any, state: PointState | MazeState) -> Float[np.ndarray, "... 2"]:
    return np.asarray(state.position, np.float64)


@position_of.register(ActingWorld)
def _(world: ActingWorld, state: Any) -> Float[np.ndarray, "... 2"]:
    return world.tabular.coordinates[np.asarray(state)]


def _squares(world: GridWorld) -> tuple[Rectangle, ...]:
    corners = np.hstack([world.coordinates - 0.5, world.coordinates + 0.5])
    return tuple((a, b, c, d) for a, b, c, d in corners.tolist())


def _links(world: TabularWorld) -> Float[np.ndarray, "L 2 2"]:
    begin, end = world.adjacency().nonzero()
    return np.stack([world.coordinates[begin], world.coordinates[end]], axis=1)
