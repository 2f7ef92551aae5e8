"""The U-shaped maze of `hierax.worlds.point_maze` with walls to slide along, for two bodies.

A step moves the body along x, then along y. The part of it that leads into a wall is cancelled.
With an action ``a``, clipped to [-1, 1], a step of the point is

    p <- p + 0.25 (a_1, a_2)

and one of the rower, whose stroke is at q,

    q' = clip(q + 0.5 a_1, -0.25, 0.25),    p <- p + max(q' - q, 0) (a_2, a_3)

so both move at most 0.25 per step and axis on average: the rower only with a stroke that alternates
between -1 and 1. A goal behind the middle wall is at a distance of 6 from the nearest point before
the wall. These worlds are cheap tests of hierarchies.
"""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.maze import Goal, Maze, maze_of
from hierax.worlds.measures import within
from hierax.worlds.point_maze import SUCCESS_DISTANCE
from hierax.worlds.world import Key, Timestep

SPEED = 0.25
"""Largest distance per step and axis, on average."""
STROKE = 0.25
"""Largest stroke of the rower, to both sides of 0."""
STROKE_VIEW = View("stroke", (1,), -STROKE, STROKE)
NUISANCE = "nuisance"
_START = 0.5
_RADII = (0.75, 3.0)
"""Radii of further measures of success: the smaller one of the literature, and the goal's cell."""


class UState(NamedTuple):
    """The state of a body in the maze.

    Attributes:
        position: ``(2,)`` x and y.
        stroke: ``(1,)`` of the rower; None for the point.
        goal: ``(2,)`` x and y of this episode's goal.
    """

    position: jax.Array
    stroke: jax.Array | None
    goal: jax.Array


@dataclasses.dataclass(frozen=True)
class PointU:
    """A point in a U-shaped maze that slides along walls; the reward is the negative distance.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y, in units of length |
    | view ``"goal"`` | (2,): x and y of the goal; with ``observe_goal`` |
    | view ``"nuisance"`` | (``nuisance``,): numbers N(0, 1), drawn anew in every step |
    | action | (2,) in [-1, 1]: ``0.25 a`` along x and y |
    | reward | ``-sqrt(d^2 + 1e-10)``, d the distance to the goal after the step |
    | initial state | x and y uniform in (-0.5, 0.5) |
    | termination | never; truncated after ``episode_limit`` steps |
    | success | d < 2.5 at the last step, five eighths of a cell, as in all mazes |
    | further measures | ``"success_within_0.75"``, ``"success_within_3"`` at the last step |

    The maze is that of `PointMaze`. By default the goal is the same in every episode and is not
    observed; empty views are left out.

    Attributes:
        goal: x and y of the goal in every episode, or ``"multi"`` for a goal that is uniform in
            [-2, 10]^2 in each episode, walls included. None is (0, 8), the far end.
        observe_goal: whether there is a view of the goal; always with ``"multi"``.
        nuisance: length of the view ``"nuisance"``; 0 for no such view.
        episode_limit: steps after which an episode is truncated.
        map: another maze, as in `PointMaze`. None and ``"multi"`` are then the goal of ``G``, or
            without one a point of a free cell that is drawn in each episode.

    Raises:
        ValueError: if the goal is neither ``"multi"`` nor a point of [-2, 10]^2 (of a free cell of
            a map), a number is not a whole one in its range, or the text is not a map.
    """

    goal: Goal | None = None
    observe_goal: bool = False
    nuisance: int = 0
    episode_limit: int = 500
    map: str | None = None

    name: ClassVar[str] = "PointU-v0"
    actions: ClassVar[int] = 2
    """Number of entries of an action."""

    def __post_init__(self) -> None:
        if self.goal is not None:
            self.maze.check_goal(self.goal)
        checks.instance("observe_goal", self.observe_goal, bool)
        checks.count("nuisance", self.nuisance, 0)
        checks.count("episode_limit", self.episode_limit, 1)
        if self.chosen_goal == "multi":
            object.__setattr__(self, "observe_goal", True)

    @property
    def maze(self) -> Maze:
        """The maze of the map."""
        return maze_of(self.map)

    @property
    def chosen_goal(self) -> Goal:
        """The goal of every episode, or ``"multi"``."""
        return self.maze.chosen(self.goal)

    @property
    def body_views(self) -> tuple[View, ...]:
        """Views of the body."""
        return (View("position", (2,), self.maze.low, self.maze.high),)

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        views = (
            *self.body_views,
            *((self._goal_view(),) if self.observe_goal else ()),
            *((View(NUISANCE, (self.nuisance,)),) if self.nuisance else ()),
        )
        return WorldSpec(
            self.name,
            views,
            Continuous(self.actions),
            self.episode_limit,
            has_success=True,
            goal=self._goal_spec(),
            nuisance=(NUISANCE,) if self.nuisance else (),
        )

    def measures(self, timestep: Timestep) -> dict[str, jax.Array]:
        """Return success within other radii, for evaluations."""
        return {name: hit for radius in _RADII for name, hit in within(timestep, radius).items()}

    def reset(self, key: Key) -> tuple[UState, Timestep]:
        """Begin an episode in the first cell."""
        goal_key = jax.random.split(key, 3)[1]
        return self.reset_to(self.maze.drawn_goal(self.chosen_goal, goal_key), key)

    def reset_to(self, goal: jax.Array, key: Key) -> tuple[UState, Timestep]:
        """Begin an episode with the goal ``(2,)``; all else is as in `reset`."""
        position_key, _, nuisance_key = jax.random.split(key, 3)
        position = jax.random.uniform(position_key, (2,), minval=-_START, maxval=_START)
        state = UState(position, self.initial_stroke(), goal)
        timestep = self._timestep(state, nuisance_key)
        return state, timestep._replace(reward=jnp.zeros_like(timestep.reward))

    def step(self, state: UState, action: jax.Array, key: Key) -> tuple[UState, Timestep]:
        """Move along x, then along y, unless a wall is in the way; ``key`` draws the nuisance."""
        stroke, move = self.moved(state.stroke, jnp.clip(action, -1.0, 1.0))
        state = UState(_slid(self.maze, state.position, move), stroke, state.goal)
        return state, self._timestep(state, key)

    def initial_stroke(self) -> jax.Array | None:
        """Return the stroke at the start of an episode."""
        return None

    def moved(
        self, stroke: jax.Array | None, action: jax.Array
    ) -> tuple[jax.Array | None, jax.Array]:
        """Return the next stroke, and the move ``(2,)`` of a step if no wall is in the way."""
        return stroke, SPEED * action

    def _timestep(self, state: UState, key: Key) -> Timestep:
        squared = jnp.sum((state.position - state.goal) ** 2)
        observation = {"position": state.position}
        if state.stroke is not None:
            observation["stroke"] = state.stroke
        if self.observe_goal:
            observation["goal"] = state.goal
        if self.nuisance:
            observation[NUISANCE] = jax.random.normal(key, (self.nuisance,))
        near = squared < SUCCESS_DISTANCE**2
        reward = -jnp.sqrt(squared + 1e-10)
        return Timestep(observation, reward, terminated=jnp.array(False), success=near)

    def _goal_view(self) -> View:
        return View("goal", (2,), self.maze.low, self.maze.high)

    def _goal_spec(self) -> GoalSpec:
        goal = self.chosen_goal
        fixed = None if self.observe_goal or isinstance(goal, str) else goal
        desired = "goal" if fixed is None else None
        return GoalSpec(achieved="position", radius=SUCCESS_DISTANCE, desired=desired, fixed=fixed)


@dataclasses.dataclass(frozen=True)
class RowerU(PointU):
    """`PointU` for a rower, which moves only while its stroke goes forward.

    | | |
    |---|---|
    | view ``"stroke"`` | (1,): q, from -0.25 to 0.25 |
    | action | (3,) in [-1, 1]: stroke, and its direction along x and y |
    | initial state | as in `PointU`, q = 0 |

    A step moves the stroke to ``q' = clip(q + 0.5 a_1, -0.25, 0.25)`` and the rower by
    ``max(q' - q, 0)`` times the direction. All else is as in `PointU`. The rower is as fast as the
    point if its stroke alternates between -1 and 1. A stroke that is held moves it by 0.5 at most,
    so actions repeated ten times cannot pass the maze within the limit: 12.5 along an axis at most.
    """

    name: ClassVar[str] = "RowerU-v0"
    actions: ClassVar[int] = 3

    @property
    def body_views(self) -> tuple[View, ...]:
        """Views of the body."""
        return (*super().body_views, STROKE_VIEW)

    def initial_stroke(self) -> jax.Array | None:
        """Return 0, the middle."""
        return jnp.zeros(1)

    def moved(
        self, stroke: jax.Array | None, action: jax.Array
    ) -> tuple[jax.Array | None, jax.Array]:
        """Return the next stroke, and the move ``(2,)`` of a step if no wall is in the way."""
        assert stroke is not None
        following = jnp.clip(stroke + 2.0 * STROKE * action[:1], -STROKE, STROKE)
        return following, jnp.maximum(following - stroke, 0.0) * action[1:]


def _slid(maze: Maze, position: jax.Array, move: jax.Array) -> jax.Array:
    """Return the position after a move along x, then along y, as far as they are free."""
    x, y = position
    x = jnp.where(maze.is_free(x + move[0], y), x + move[0], x)
    y = jnp.where(maze.is_free(x, y + move[1]), y + move[1], y)
    return jnp.stack([x, y])
