"""The U-shaped maze of HIRO and NORL for a point that moves forward and turns.

"Point Maze" of Nachum, Gu, Lee and Levine (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". The maze is ``(-2, 10)^2`` without the wall
``x <= 6, 2 <= y <= 6``: seven square cells of side 4 with centres (0, 0), (4, 0), (8, 0), (8, 4),
(8, 8), (4, 8) and (0, 8). One step with action ``a``, clipped to [-1, 1]^2:

    heading <- heading + 0.25 a_2
    p <- p + 0.2 a_1 (cos heading, sin heading); p does not change if the new point is in a wall

Two details differ from the published program: actions are not changed in place, and there is no
velocity, so the point does not drift. The point does not slide along walls.
"""

import dataclasses
import math
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.maze import Goal, Maze, maze_of
from hierax.worlds.measures import within
from hierax.worlds.world import Key, Timestep

_PUSH = 0.2
_TURN = 0.25
_START = 0.1
SUCCESS_DISTANCE = 2.5
"""Five eighths of the edge of a cell, as in all mazes."""
_CLOSE_DISTANCE = 0.75
_EVALUATION_GOALS = ((8.0, 0.0), (8.0, 8.0), (0.0, 8.0))
_TIME_SCALE = 0.001


class MazeState(NamedTuple):
    """The state of a point in the maze.

    Attributes:
        position: ``(2,)`` x and y.
        heading: ``()`` angle in radians, from the x axis towards the y axis.
        goal: ``(2,)`` x and y of this episode's goal.
        steps: ``()`` int32, number of steps so far.
    """

    position: jax.Array
    heading: jax.Array
    goal: jax.Array
    steps: jax.Array


@dataclasses.dataclass(frozen=True)
class PointMaze:
    """A point in a U-shaped maze; the reward is the negative distance to a goal.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y, in units of length |
    | view ``"heading"`` | (2,): cosine and sine of the angle |
    | view ``"time"`` | (1,): number of steps so far, divided by 1000 |
    | view ``"goal"`` | (2,): x and y of the goal, in units of length |
    | action | (2,) in [-1, 1]: ``0.2 a_1`` forward, turn by ``0.25 a_2`` rad |
    | reward | ``-sqrt(d^2 + 1e-10)``, d the distance to the goal after the step |
    | initial state | x, y and heading uniform in (-0.1, 0.1) |
    | termination | never; truncated after ``episode_limit`` steps |
    | success | d < 2.5 at the last step, five eighths of a cell, as in all mazes |
    | further measure | ``"success_within_0.75"``: d < 0.75 at the last step |

    Attributes:
        goal: x and y of the goal in every episode, or ``"multi"`` for a goal that is uniform in
            [-2, 10]^2 in each episode, walls included. The paper evaluates agents at (8, 0),
            (8, 8) and (0, 8).
        episode_limit: steps after which an episode is truncated.
        map: another maze of cells of 4: a name of `hierax.worlds.maze.LAYOUTS`, or a text with
            ``S`` and perhaps ``G``, see there. ``"multi"`` is then the goal of ``G``, or without
            one a point of a free cell.

    Raises:
        ValueError: if the goal is neither ``"multi"`` nor a point of [-2, 10]^2 (of a free cell of
            a map), the limit is not a whole number above 0, or the text is not a map.
    """

    goal: Goal = "multi"
    episode_limit: int = 500
    map: str | None = None

    name: ClassVar[str] = "PointMaze-v0"

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)
        self.maze.check_goal(self.goal)

    @property
    def maze(self) -> Maze:
        """The maze of the map."""
        return maze_of(self.map)

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        low, high = self.maze.low, self.maze.high
        views = (
            View("position", (2,), low, high),
            View("heading", (2,), -1.0, 1.0),
            View("time", (1,), 0.0),
            View("goal", (2,), low, high),
        )
        goal = GoalSpec(achieved="position", radius=SUCCESS_DISTANCE, desired="goal")
        return WorldSpec(
            self.name, views, Continuous(2), self.episode_limit, has_success=True, goal=goal
        )

    @property
    def evaluation_goals(self) -> tuple[tuple[float, float], ...]:
        """Goals at which agents are evaluated; use each as the field ``goal``."""
        return _EVALUATION_GOALS if self.map is None else self.maze.evaluation_goals

    def measures(self, timestep: Timestep) -> dict[str, jax.Array]:
        """Return success within the smaller radius of the literature, for evaluations."""
        return within(timestep, _CLOSE_DISTANCE)

    def reset(self, key: Key) -> tuple[MazeState, Timestep]:
        """Begin an episode in the first cell."""
        _, goal_key = jax.random.split(key)
        return self.reset_to(self.maze.drawn_goal(self.maze.chosen(self.goal), goal_key), key)

    def reset_to(self, goal: jax.Array, key: Key) -> tuple[MazeState, Timestep]:
        """Begin an episode with the goal ``(2,)``; all else is as in `reset`."""
        pose_key, _ = jax.random.split(key)
        x, y, heading = jax.random.uniform(pose_key, (3,), minval=-_START, maxval=_START)
        state = MazeState(jnp.stack([x, y]), heading, goal, jnp.array(0, jnp.int32))
        timestep = _timestep(state)
        return state, timestep._replace(reward=jnp.zeros_like(timestep.reward))

    def step(self, state: MazeState, action: jax.Array, key: Key) -> tuple[MazeState, Timestep]:
        """Turn, then move forward unless a wall is in the way; ``key`` is not used."""
        push, turn = jnp.clip(action, -1.0, 1.0)
        heading = _wrapped(state.heading + _TURN * turn)
        x, y = state.position
        x_ahead, y_ahead = x + _PUSH * push * jnp.cos(heading), y + _PUSH * push * jnp.sin(heading)
        free = self.maze.is_free(x_ahead, y_ahead)
        position = jnp.stack([jnp.where(free, x_ahead, x), jnp.where(free, y_ahead, y)])
        moved = MazeState(position, heading, state.goal, state.steps + 1)
        return moved, _timestep(moved)


def _wrapped(angle: jax.Array) -> jax.Array:
    """Return the angle in [-pi, pi], where float32 stays precise in long episodes."""
    turned = jnp.where(angle > math.pi, angle - 2.0 * math.pi, angle)
    return jnp.where(turned < -math.pi, turned + 2.0 * math.pi, turned)


def _timestep(state: MazeState) -> Timestep:
    squared = jnp.sum((state.position - state.goal) ** 2)
    observation = {
        "position": state.position,
        "heading": jnp.stack([jnp.cos(state.heading), jnp.sin(state.heading)]),
        "time": _TIME_SCALE * state.steps[None].astype(jnp.float32),
        "goal": state.goal,
    }
    near = squared < SUCCESS_DISTANCE**2
    reward = -jnp.sqrt(squared + 1e-10)
    return Timestep(observation, reward, terminated=jnp.array(False), success=near)
