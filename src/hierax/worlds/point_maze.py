"""The U-shaped maze of HIRO and NORL for a point that pushes forward and turns.

"Point Maze" of Nachum, Gu, Lee and Levine (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". The maze is ``(-2, 10)^2`` without the wall
``x <= 6, 2 <= y <= 6``: seven square cells of side 4 with centres (0, 0), (4, 0), (8, 0), (8, 4),
(8, 8), (4, 8) and (0, 8). One step with action ``a`` in [-1, 1]^2, clipped to it:

    heading <- heading + 0.25 a_2
    p <- p + 0.2 a_1 (cos heading, sin heading), unless that is in a wall: then p stays

The rules are those of the published program without two accidents of it: actions are not changed
in place, and there is no velocity, so nothing drifts. Walls are sticky: a point that runs into one
does not slide along it.
"""

import dataclasses
import math
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.checks import check_place
from hierax.worlds.world import Key, Timestep

Goal: TypeAlias = tuple[float, float] | Literal["multi"]

_LOW, _HIGH = -2.0, 10.0
_PUSH = 0.2
_TURN = 0.25
_START = 0.1
_SUCCESS_DISTANCE = 5.0
_JUDGED = ((8.0, 0.0), (8.0, 8.0), (0.0, 8.0))
_TIME_SCALE = 0.001


class MazeState(NamedTuple):
    """A point in the maze between two steps.

    Attributes:
        position: x and y.
        heading: () angle in radians, from the x axis towards the y axis.
        goal: x and y of this episode's goal.
        steps: () int32, how many were taken.
    """

    position: jax.Array
    heading: jax.Array
    goal: jax.Array
    steps: jax.Array


@dataclasses.dataclass(frozen=True)
class PointMaze:
    """A point is paid for being near a goal, with a wall between the near and the far way.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y, in the maze's unit of length |
    | view ``"heading"`` | (2,): cosine and sine of the angle |
    | view ``"time"`` | (1,): steps taken, divided by 1000 |
    | view ``"goal"`` | (2,): x and y of the goal, in the maze's unit of length |
    | action | (2,) in [-1, 1]: push forward by 0.2 of it, turn by 0.25 rad of it |
    | reward | ``-sqrt(d^2 + 1e-10)``, d the distance from the goal after the step |
    | begin | x, y and heading uniform in (-0.1, 0.1) |
    | end | never; cut off after ``episode_limit`` steps |
    | success | d < 5 at the last step |

    Attributes:
        goal: x and y of the goal of every episode, or ``"multi"`` for one that is uniform in
            [-2, 10]^2 in each episode, in walls too. Agents are judged at (8, 0), (8, 8), (0, 8).
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the goal is neither ``"multi"`` nor a point of [-2, 10]^2, or the limit
            is no whole number above 0.
    """

    goal: Goal = "multi"
    episode_limit: int = 500

    name: ClassVar[str] = "PointMaze-v0"

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)
        if self.goal == "multi":
            return
        if isinstance(self.goal, str):
            raise ValueError(f"goal is {self.goal!r}, but must be 'multi' or two numbers (x, y)")
        check_place("goal", self.goal)
        if not all(_LOW <= place <= _HIGH for place in self.goal):
            raise ValueError(f"goal is {self.goal}, but must lie in [-2, 10]^2")

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        views = (
            View("position", (2,), _LOW, _HIGH),
            View("heading", (2,), -1.0, 1.0),
            View("time", (1,), 0.0, _TIME_SCALE * (self.episode_limit + 1)),
            View("goal", (2,), _LOW, _HIGH),
        )
        return WorldSpec(self.name, views, Continuous(2), self.episode_limit, has_success=True)

    @property
    def evaluation_goals(self) -> tuple[tuple[float, float], ...]:
        """Where agents are judged: a ``goal`` each for a world that is otherwise this one."""
        return _JUDGED

    def reset(self, key: Key) -> tuple[MazeState, Timestep]:
        """Begins an episode in the first cell."""
        pose_key, goal_key = jax.random.split(key)
        x, y, heading = jax.random.uniform(pose_key, (3,), minval=-_START, maxval=_START)
        if isinstance(self.goal, str):
            goal = jax.random.uniform(goal_key, (2,), minval=_LOW, maxval=_HIGH)
        else:
            goal = jnp.array(self.goal, jnp.float32)
        state = MazeState(jnp.stack([x, y]), heading, goal, jnp.array(0, jnp.int32))
        shown = _shown(state)
        return state, shown._replace(reward=jnp.zeros_like(shown.reward))

    def step(self, state: MazeState, action: jax.Array, key: Key) -> tuple[MazeState, Timestep]:
        """Turns, then pushes forward where no wall is; draws no random number."""
        push, turn = jnp.clip(action, -1.0, 1.0)
        heading = _wrapped(state.heading + _TURN * turn)
        x, y = state.position
        x_ahead, y_ahead = x + _PUSH * push * jnp.cos(heading), y + _PUSH * push * jnp.sin(heading)
        free = is_free(x_ahead, y_ahead)
        position = jnp.stack([jnp.where(free, x_ahead, x), jnp.where(free, y_ahead, y)])
        moved = MazeState(position, heading, state.goal, state.steps + 1)
        return moved, _shown(moved)


def is_free(x: jax.Array | float, y: jax.Array | float) -> jax.Array | bool:
    """Whether the point (x, y) is inside the maze; edges belong to the walls."""
    inside = (x > _LOW) & (x < _HIGH) & (y > _LOW) & (y < _HIGH)
    return inside & ((x > 6.0) | (y < 2.0) | (y > 6.0))


def _wrapped(angle: jax.Array) -> jax.Array:
    """The same direction between -pi and pi; float32 stays exact however long an episode is."""
    turned = jnp.where(angle > math.pi, angle - 2.0 * math.pi, angle)
    return jnp.where(turned < -math.pi, turned + 2.0 * math.pi, turned)


def _shown(state: MazeState) -> Timestep:
    squared = jnp.sum((state.position - state.goal) ** 2)
    observation = {
        "position": state.position,
        "heading": jnp.stack([jnp.cos(state.heading), jnp.sin(state.heading)]),
        "time": _TIME_SCALE * state.steps[None].astype(jnp.float32),
        "goal": state.goal,
    }
    near = squared < _SUCCESS_DISTANCE**2
    return Timestep(observation, -jnp.sqrt(squared + 1e-10), jnp.array(False), near)
