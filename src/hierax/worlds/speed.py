"""An open plane that pays for speed: where the lowest level of a hierarchy learns to move.

The reward, speed in any direction, is that of the lower levels of Haarnoja, Hartikainen, Abbeel and
Levine (2018), "Latent space policies for hierarchical reinforcement learning"; the body is that of
`hierax.worlds.cross`. With maximum entropy it teaches to speed up the way one is already moving.
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import Continuous, WorldSpec
from hierax.worlds.point import TIME_STEP, PointBody, PointState
from hierax.worlds.world import Key, Timestep

_ACTION_COST = 0.05


@dataclasses.dataclass(frozen=True)
class PointSpeed:
    """A point with momentum is paid for its speed.

    | | |
    |---|---|
    | view ``"velocity"`` | (2,): of x and y in units of length in ten steps, divided by 2 |
    | action | (2,) in [-1, 1]: push along x and y |
    | reward | ``|v| - 0.05 |a|^2``, v after the step in units of length in ten steps |
    | begin | at the origin, at rest |
    | end | never; cut off after ``episode_limit`` steps |

    The position is not observed, so whatever is learned here holds everywhere. There is no success.

    Attributes:
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    episode_limit: int = 200

    name: ClassVar[str] = "PointSpeed-v0"

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def body(self) -> PointBody:
        """The point that acts."""
        return PointBody()

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        return WorldSpec(self.name, self.body.views, Continuous(2), self.episode_limit)

    def reset(self, key: Key) -> tuple[PointState, Timestep]:
        """Begins an episode at rest."""
        state = self.body.at_rest(jnp.zeros(2), key)
        return state, self._shown(state, jnp.array(0.0))

    def step(self, state: PointState, action: jax.Array, key: Key) -> tuple[PointState, Timestep]:
        """Pushes the point and moves it; draws no random number."""
        pushed = self.body.pushed(state, action)
        moved = pushed._replace(position=pushed.position + TIME_STEP * pushed.velocity)
        effort = jnp.sum(jnp.clip(action, -1.0, 1.0) ** 2)
        reward = jnp.sqrt(jnp.sum(moved.velocity**2)) - _ACTION_COST * effort
        return moved, self._shown(moved, reward)

    def _shown(self, state: PointState, reward: jax.Array) -> Timestep:
        never = jnp.array(False)
        return Timestep(self.body.feel(state), reward, never, never)


@dataclasses.dataclass(frozen=True)
class SpinSpeed(PointSpeed):
    """`PointSpeed-v0` for a point whose thruster turns by itself.

    | | |
    |---|---|
    | view ``"phase"`` | (2,): cosine and sine of the angle of the thruster |
    | action | (2,) in [-1, 1]: push along the axes of the thruster |
    | begin | as there, with the angle uniform on the circle |

    All else is as in `PointSpeed`.

    Attributes:
        episode_limit: most steps of an episode.
        period: steps in which the thruster turns once.

    Raises:
        ValueError: as in `PointSpeed`, and where the period is not positive.
    """

    period: float = 5.0

    name: ClassVar[str] = "SpinSpeed-v0"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive("period", self.period)

    @property
    def body(self) -> PointBody:
        """The point that acts, with its turning thruster."""
        return PointBody(self.period)
