"""Top views of worlds: free space, goal and position.

All drawings of functional worlds use these two functions. Register them for your own world:

    @scene_of.register(MyWorld)
    def _(world, state): return Scene(...)

    @position_of.register(MyWorld)
    def _(world, state): return state.position
"""

import dataclasses
from functools import singledispatch
from typing import Any

import numpy as np
from jaxtyping import Float

from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.body_grid import BodyGrid, BodyState
from hierax.worlds.cross import PointCross
from hierax.worlds.gridworld import GridWorld
from hierax.worlds.maze import Rectangle
from hierax.worlds.point import PointState
from hierax.worlds.point_maze import SUCCESS_DISTANCE, MazeState, PointMaze
from hierax.worlds.rewarded import Rewarded, RewardedState
from hierax.worlds.speed import PointSpeed
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.u_maze import PointU, UState

_CROSS: tuple[Rectangle, ...] = ((-1.5, -2.0, 13.0, 2.0), (4.0, -7.0, 8.0, 7.0))


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """The top view of a world.

    Attributes:
        free: free space as rectangles that may overlap; empty for an open plane.
        links: ``(L, 2, 2)`` lines between the states of a graph; None for other worlds.
        goal: x and y of the goal, or None.
        goal_radius: distance within which the goal is reached.
    """

    free: tuple[Rectangle, ...] = ()
    links: Float[np.ndarray, "L 2 2"] | None = None
    goal: tuple[float, float] | None = None
    goal_radius: float = 0.5


@singledispatch
def scene_of(world: Any, state: Any) -> Scene:
    """Return the top view of a world in the episode with the initial state ``state``.

    Raises:
        ValueError: if no function is registered for the class of the world.
    """
    raise ValueError(
        f"{world.spec.name} has no top view: register a function for {type(world).__name__} with "
        "hierax.worlds.scene.scene_of.register"
    )


@singledispatch
def position_of(world: Any, state: Any) -> Float[np.ndarray, "... 2"]:
    """Return x and y of a state, or of each state in a batch.

    Raises:
        ValueError: if no function is registered for the class of the world.
    """
    raise ValueError(
        f"{world.spec.name} has no positions: register a function for {type(world).__name__} with "
        "hierax.worlds.scene.position_of.register"
    )


@scene_of.register(PointSpeed)
def _(world: PointSpeed, state: PointState) -> Scene:
    return Scene()


@scene_of.register(PointCross)
def _(world: PointCross, state: PointState) -> Scene:
    return Scene(_CROSS, goal=world.goal, goal_radius=world.goal_radius)


@scene_of.register(PointMaze)
@scene_of.register(PointU)
def _(world: PointMaze | PointU, state: MazeState | UState) -> Scene:
    x, y = np.asarray(state.goal).tolist()
    return Scene(world.maze.rectangles, goal=(x, y), goal_radius=SUCCESS_DISTANCE)


@scene_of.register(BodyGrid)
def _(world: BodyGrid, state: BodyState) -> Scene:
    x, y = np.asarray(state.goal).tolist()
    end = world.size - 0.5
    return Scene(((-0.5, -0.5, end, end),), goal=(x, y))


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
@position_of.register(PointU)
def _(world: Any, state: PointState | MazeState | UState) -> Float[np.ndarray, "... 2"]:
    return np.asarray(state.position, np.float64)


@position_of.register(BodyGrid)
def _(world: BodyGrid, state: BodyState) -> Float[np.ndarray, "... 2"]:
    """The cell, and within it the inner coordinates: 2 n - 1 places from side to side."""
    inner = np.asarray(state.inner, np.float64) / (2 * world.body - 1)
    return np.asarray(state.cell) + inner


@scene_of.register(Rewarded)
def _(world: Rewarded, state: RewardedState) -> Scene:
    return scene_of(world.world, state.state)


@position_of.register(Rewarded)
def _(world: Rewarded, state: RewardedState) -> Float[np.ndarray, "... 2"]:
    return position_of(world.world, state.state)


@position_of.register(ActingWorld)
def _(world: ActingWorld, state: Any) -> Float[np.ndarray, "... 2"]:
    return world.tabular.coordinates[np.asarray(state)]


def _squares(world: GridWorld) -> tuple[Rectangle, ...]:
    corners = np.hstack([world.coordinates - 0.5, world.coordinates + 0.5])
    return tuple((a, b, c, d) for a, b, c, d in corners.tolist())


def _links(world: TabularWorld) -> Float[np.ndarray, "L 2 2"]:
    source, target = world.adjacency().nonzero()
    return np.stack([world.coordinates[source], world.coordinates[target]], axis=1)
