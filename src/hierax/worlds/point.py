"""A point with momentum in the plane, pushed by a thruster that may turn by itself.

One step with action ``a`` in [-1, 1]^2, clipped to it:

    f = a, or Rot(phase) a with a turning thruster, whose phase then grows by 2 pi / period
    v <- 0.95 v + 0.2 f

and where nothing is in the way ``p <- p + 0.1 v``. A thruster that turns is the smallest of gaits:
an action that is held cancels out over one turn, so only a closed loop gets anywhere.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import View
from hierax.worlds.world import Key

DRAG = 0.95
THRUST = 0.2
TIME_STEP = 0.1

# No velocity exceeds THRUST / (1 - DRAG) = 4 by axis, or sqrt(2) times that with a thruster that
# turns; a view shows half of it.
VELOCITY_SCALE = 0.5
VELOCITY_VIEW = View("velocity", (2,), -3.0, 3.0)
PHASE_VIEW = View("phase", (2,), -1.001, 1.001)  # float32 rounds a little beyond 1


class PointState(NamedTuple):
    """A point between two steps.

    Attributes:
        position: x and y, in units of length.
        velocity: of both axes, in units of length in ten steps.
        phase: cosine and sine of the angle by which the thruster is turned; None where it is fixed.
    """

    position: jax.Array
    velocity: jax.Array
    phase: jax.Array | None


@dataclasses.dataclass(frozen=True)
class PointBody:
    """How a point is pushed, and what it feels of itself.

    Attributes:
        period: steps in which the thruster turns once; None where it is fixed.

    Raises:
        ValueError: where the period is neither None nor a positive number.
    """

    period: float | None = None

    def __post_init__(self) -> None:
        if self.period is not None:
            checks.positive("period", self.period)

    @property
    def views(self) -> tuple[View, ...]:
        """``"velocity"``, and ``"phase"`` where the thruster turns."""
        return (VELOCITY_VIEW,) if self.period is None else (VELOCITY_VIEW, PHASE_VIEW)

    def at_rest(self, position: jax.Array, key: Key) -> PointState:
        """The body at ``position`` without velocity, its thruster turned at random."""
        return PointState(position, jnp.zeros(2), self._random_phase(key))

    def pushed(self, state: PointState, action: jax.Array) -> PointState:
        """Velocity and phase after one step; the position is left to the world."""
        force = jnp.clip(action, -1.0, 1.0)
        phase = state.phase
        if phase is not None and self.period is not None:
            force = _rotated(force, phase)
            turn = 2.0 * math.pi / self.period
            phase = _rotated(phase, jnp.array([math.cos(turn), math.sin(turn)]))
        return PointState(state.position, DRAG * state.velocity + THRUST * force, phase)

    def feel(self, state: PointState) -> dict[str, jax.Array]:
        """What `views` show."""
        velocity = {"velocity": VELOCITY_SCALE * state.velocity}
        return velocity if state.phase is None else {**velocity, "phase": state.phase}

    def _random_phase(self, key: Key) -> jax.Array | None:
        if self.period is None:
            return None
        angle = jax.random.uniform(key, (), maxval=2.0 * math.pi)
        return jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def _rotated(vector: jax.Array, rotation: jax.Array) -> jax.Array:
    """``vector`` turned by the angle whose cosine and sine are ``rotation``."""
    (x, y), (cosine, sine) = vector, rotation
    return jnp.stack([cosine * x - sine * y, sine * x + cosine * y])
