"""A cross of corridors with one goal that pays once: the task of latent space policies.

After Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent space policies for hierarchical
reinforcement learning", section 6.3, with a point (`hierax.worlds.point`) as the body.

Free are the points with ``-1.5 < x < 13, -2 < y < 2`` or ``4 < x < 8, -7 < y < 7``. A step moves
the point along x, then along y from where it is; an axis on which the way is blocked keeps its
place, and its velocity becomes -0.2 times itself.
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.checks import check_place
from hierax.worlds.point import TIME_STEP, PointBody, PointState
from hierax.worlds.world import Key, Timestep

_REBOUND = -0.2
_START = 0.1
_POSITION_SCALE = 1.0 / 6.0
_POSITION_VIEW = View("position", (2,), -7.0 * _POSITION_SCALE, 13.0 * _POSITION_SCALE)


@dataclasses.dataclass(frozen=True)
class PointCross:
    """A point with momentum has to find a goal round a corner.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y, divided by 6 |
    | view ``"velocity"`` | (2,): of x and y in units of length in ten steps, divided by 2 |
    | action | (2,) in [-1, 1]: push along x and y |
    | reward | 1 for the step that comes closer to the goal than ``goal_radius``, else 0 |
    | begin | x and y uniform in (-0.1, 0.1), at rest |
    | end | at the goal; cut off after ``episode_limit`` steps |
    | success | the goal is reached |

    The goal is the same in every episode, and is not observed.

    Attributes:
        goal: x and y of the goal, a free point.
        goal_radius: distance from it that counts as reaching it.
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the goal is no free point, the radius is not positive or the limit is no
            whole number above 0.
    """

    goal: tuple[float, float] = (6.0, 6.0)
    goal_radius: float = 1.0
    episode_limit: int = 200

    name: ClassVar[str] = "PointCross-v0"

    def __post_init__(self) -> None:
        check_place("goal", self.goal)
        if not is_free(*self.goal):
            raise ValueError(
                f"goal is {self.goal}, but must be a free point: -1.5 < x < 13 and -2 < y < 2, "
                "or 4 < x < 8 and -7 < y < 7"
            )
        checks.positive("goal_radius", self.goal_radius)
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def body(self) -> PointBody:
        """The point that acts."""
        return PointBody()

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        views = (_POSITION_VIEW, *self.body.views)
        return WorldSpec(self.name, views, Continuous(2), self.episode_limit, has_success=True)

    def reset(self, key: Key) -> tuple[PointState, Timestep]:
        """Begins an episode near the origin."""
        place_key, body_key = jax.random.split(key)
        position = jax.random.uniform(place_key, (2,), minval=-_START, maxval=_START)
        state = self.body.at_rest(position, body_key)
        return state, self._shown(state, jnp.array(False))

    def step(self, state: PointState, action: jax.Array, key: Key) -> tuple[PointState, Timestep]:
        """Pushes the point and moves it as far as walls allow; draws no random number."""
        moved = _moved(self.body.pushed(state, action))
        x, y = moved.position
        at_goal = (x - self.goal[0]) ** 2 + (y - self.goal[1]) ** 2 < self.goal_radius**2
        return moved, self._shown(moved, at_goal)

    def _shown(self, state: PointState, at_goal: jax.Array) -> Timestep:
        observation = {"position": _POSITION_SCALE * state.position, **self.body.feel(state)}
        return Timestep(observation, at_goal.astype(jnp.float32), at_goal, at_goal)


@dataclasses.dataclass(frozen=True)
class SpinCross(PointCross):
    """`PointCross-v0` for a point whose thruster turns by itself, so that no held action travels.

    | | |
    |---|---|
    | view ``"phase"`` | (2,): cosine and sine of the angle of the thruster |
    | action | (2,) in [-1, 1]: push along the axes of the thruster |
    | begin | as there, with the angle uniform on the circle |

    All else is as in `PointCross`. With the period of 5 steps, holding an action helps nobody to
    find the goal, so a lower level that has learned to move is told apart from mere holding.

    Attributes:
        goal: x and y of the goal, a free point.
        goal_radius: distance from it that counts as reaching it.
        episode_limit: most steps of an episode.
        period: steps in which the thruster turns once.

    Raises:
        ValueError: as in `PointCross`, and where the period is not positive.
    """

    period: float = 5.0

    name: ClassVar[str] = "SpinCross-v0"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive("period", self.period)

    @property
    def body(self) -> PointBody:
        """The point that acts, with its turning thruster."""
        return PointBody(self.period)


def is_free(x: jax.Array | float, y: jax.Array | float) -> jax.Array | bool:
    """Whether the point (x, y) is inside the cross; its edges are walls."""
    along = (x > -1.5) & (x < 13.0) & (y > -2.0) & (y < 2.0)
    across = (x > 4.0) & (x < 8.0) & (y > -7.0) & (y < 7.0)
    return along | across


def _moved(state: PointState) -> PointState:
    """One step along x, then along y from the moved point."""
    (x, y), (v_x, v_y) = state.position, state.velocity
    ahead = x + TIME_STEP * v_x
    free = is_free(ahead, y)
    x, v_x = jnp.where(free, ahead, x), jnp.where(free, v_x, _REBOUND * v_x)
    ahead = y + TIME_STEP * v_y
    free = is_free(x, ahead)
    y, v_y = jnp.where(free, ahead, y), jnp.where(free, v_y, _REBOUND * v_y)
    return PointState(jnp.stack([x, y]), jnp.stack([v_x, v_y]), state.phase)
