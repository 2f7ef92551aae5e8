"""An open plane with a reward for speed, to train the lowest level of a hierarchy.

The reward is that of the lower levels of Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent
space policies for hierarchical reinforcement learning": speed in any direction. The body is that
of `hierax.worlds.cross`. A maximum entropy policy learns to speed up in the direction in which the
point already moves.
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
    """A point with momentum on an open plane; the reward is its speed.

    | | |
    |---|---|
    | view ``"velocity"`` | (2,): x and y, in units of length per ten steps, divided by 2 |
    | action | (2,) in [-1, 1]: push along x and y |
    | reward | ``|v| - 0.05 |a|^2``, v after the step, in units of length per ten steps |
    | initial state | at the origin, at rest |
    | termination | never; truncated after ``episode_limit`` steps |
    | success | not defined |

    The position is not observed, so a trained policy does not depend on it.

    Attributes:
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the limit is not a whole number above 0.
    """

    episode_limit: int = 200

    name: ClassVar[str] = "PointSpeed-v0"

    def __post_init__(self) -> None:
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def body(self) -> PointBody:
        """Dynamics of the point."""
        return PointBody()

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        return WorldSpec(self.name, self.body.views, Continuous(2), self.episode_limit)

    def reset(self, key: Key) -> tuple[PointState, Timestep]:
        """Begin an episode at rest."""
        state = self.body.at_rest(jnp.zeros(2), key)
        return state, self._timestep(state, jnp.array(0.0))

    def step(self, state: PointState, action: jax.Array, key: Key) -> tuple[PointState, Timestep]:
        """Push the point and move it; ``key`` is not used."""
        pushed = self.body.pushed(state, action)
        moved = pushed._replace(position=pushed.position + TIME_STEP * pushed.velocity)
        effort = jnp.sum(jnp.clip(action, -1.0, 1.0) ** 2)
        reward = jnp.sqrt(jnp.sum(moved.velocity**2)) - _ACTION_COST * effort
        return moved, self._timestep(moved, reward)

    def _timestep(self, state: PointState, reward: jax.Array) -> Timestep:
        no = jnp.array(False)
        return Timestep(self.body.observe(state), reward, terminated=no, success=no)


@dataclasses.dataclass(frozen=True)
class SpinSpeed(PointSpeed):
    """`PointSpeed` with a rotating thruster.

    | | |
    |---|---|
    | view ``"phase"`` | (2,): cosine and sine of the thruster's angle |
    | action | (2,) in [-1, 1]: push along the axes of the thruster |
    | initial state | at the origin, at rest, thruster angle uniform on the circle |

    All else is as in `PointSpeed`.

    Attributes:
        episode_limit: steps after which an episode is truncated.
        period: steps per rotation of the thruster.

    Raises:
        ValueError: as in `PointSpeed`, and if the period is not positive.
    """

    period: float = 5.0

    name: ClassVar[str] = "SpinSpeed-v0"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive("period", self.period)

    @property
    def body(self) -> PointBody:
        """Dynamics of the point."""
        return PointBody(self.period)
