"""A cross of corridors with one goal and a sparse reward: the task of latent space policies.

After Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent space policies for hierarchical
reinforcement learning", section 6.3. The body is a point (`hierax.worlds.point`).

Free are the points with ``-1.5 < x < 13, -2 < y < 2`` or ``4 < x < 8, -7 < y < 7``. A step moves
the point along x, then along y. If the way along an axis is blocked, the coordinate does not
change and its velocity is multiplied by -0.2.
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.point import TIME_STEP, PointBody, PointState
from hierax.worlds.world import Key, Timestep
from hierax.worlds.world_checks import check_position

_REBOUND = -0.2
_START = 0.1
_POSITION_SCALE = 1.0 / 6.0
_POSITION_VIEW = View("position", (2,), -7.0 * _POSITION_SCALE, 13.0 * _POSITION_SCALE)


@dataclasses.dataclass(frozen=True)
class PointCross:
    """A point with momentum and a goal round a corner, with a sparse reward.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y, divided by 6 |
    | view ``"velocity"`` | (2,): x and y, in units of length per ten steps, divided by 2 |
    | action | (2,) in [-1, 1]: push along x and y |
    | reward | 1 for the step to a distance below ``goal_radius`` from the goal, else 0 |
    | initial state | x and y uniform in (-0.1, 0.1), at rest |
    | termination | at the goal; truncated after ``episode_limit`` steps |
    | success | the goal is reached |

    The goal is the same in every episode and is not observed.

    Attributes:
        goal: x and y of the goal, a free point.
        goal_radius: distance below which the goal is reached.
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the goal is not a free point, the radius is not positive, or the limit is
            not a whole number above 0.
    """

    goal: tuple[float, float] = (6.0, 6.0)
    goal_radius: float = 1.0
    episode_limit: int = 200

    name: ClassVar[str] = "PointCross-v0"

    def __post_init__(self) -> None:
        check_position("goal", self.goal)
        if not is_free(*self.goal):
            raise ValueError(
                "goal must be a free point (-1.5 < x < 13 and -2 < y < 2, or 4 < x < 8 and "
                f"-7 < y < 7), got {self.goal}"
            )
        checks.positive("goal_radius", self.goal_radius)
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def body(self) -> PointBody:
        """Dynamics of the point."""
        return PointBody()

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        views = (_POSITION_VIEW, *self.body.views)
        goal = cross_goal(self.goal, self.goal_radius, _POSITION_SCALE)
        return WorldSpec(
            self.name, views, Continuous(2), self.episode_limit, has_success=True, goal=goal
        )

    def reset(self, key: Key) -> tuple[PointState, Timestep]:
        """Begin an episode near the origin."""
        position_key, body_key = jax.random.split(key)
        position = jax.random.uniform(position_key, (2,), minval=-_START, maxval=_START)
        state = self.body.at_rest(position, body_key)
        return state, self._timestep(state, jnp.array(False))

    def step(self, state: PointState, action: jax.Array, key: Key) -> tuple[PointState, Timestep]:
        """Push the point and move it unless a wall is in the way; ``key`` is not used."""
        moved = _moved(self.body.pushed(state, action))
        x, y = moved.position
        at_goal = (x - self.goal[0]) ** 2 + (y - self.goal[1]) ** 2 < self.goal_radius**2
        return moved, self._timestep(moved, at_goal)

    def _timestep(self, state: PointState, at_goal: jax.Array) -> Timestep:
        observation = {"position": _POSITION_SCALE * state.position, **self.body.observe(state)}
        return Timestep(
            observation, at_goal.astype(jnp.float32), terminated=at_goal, success=at_goal
        )


@dataclasses.dataclass(frozen=True)
class SpinCross(PointCross):
    """`PointCross` with a rotating thruster.

    | | |
    |---|---|
    | view ``"phase"`` | (2,): cosine and sine of the thruster's angle |
    | action | (2,) in [-1, 1]: push along the axes of the thruster |
    | initial state | as in `PointCross`, thruster angle uniform on the circle |

    All else is as in `PointCross`. With a period of 5 steps, repeating an action does not move the
    point far. The world therefore separates a trained lower level from plain action repeat.

    Attributes:
        goal: x and y of the goal, a free point.
        goal_radius: distance below which the goal is reached.
        episode_limit: steps after which an episode is truncated.
        period: steps per rotation of the thruster.

    Raises:
        ValueError: as in `PointCross`, and if the period is not positive.
    """

    period: float = 5.0

    name: ClassVar[str] = "SpinCross-v0"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive("period", self.period)

    @property
    def body(self) -> PointBody:
        """Dynamics of the point."""
        return PointBody(self.period)


def cross_goal(goal: tuple[float, float], radius: float, scale: float) -> GoalSpec:
    """Return the goal of a cross whose view ``"position"`` is the position times ``scale``."""
    x, y = goal
    return GoalSpec(
        achieved="position",
        radius=scale * radius,
        fixed=(scale * x, scale * y),
        reward="reached",
    )


def is_free(x: jax.Array | float, y: jax.Array | float) -> jax.Array | bool:
    """Return whether (x, y) is inside the cross; points on its edges are not."""
    horizontal = (x > -1.5) & (x < 13.0) & (y > -2.0) & (y < 2.0)
    vertical = (x > 4.0) & (x < 8.0) & (y > -7.0) & (y < 7.0)
    return horizontal | vertical


def _moved(state: PointState) -> PointState:
    """Return the state after a move along x, then along y."""
    (x, y), (v_x, v_y) = state.position, state.velocity
    ahead = x + TIME_STEP * v_x
    free = is_free(ahead, y)
    x, v_x = jnp.where(free, ahead, x), jnp.where(free, v_x, _REBOUND * v_x)
    ahead = y + TIME_STEP * v_y
    free = is_free(x, ahead)
    y, v_y = jnp.where(free, ahead, y), jnp.where(free, v_y, _REBOUND * v_y)
    return PointState(jnp.stack([x, y]), jnp.stack([v_x, v_y]), state.phase)
