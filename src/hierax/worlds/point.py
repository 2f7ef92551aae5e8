"""A point with momentum in the plane, pushed by a thruster that may rotate.

One step with action ``a``, clipped to [-1, 1]^2:

    f = a, or Rot(phase) a with a rotating thruster, whose phase then grows by 2 pi / period
    v <- 0.95 v + 0.2 f

and, if the way is free, ``p <- p + 0.1 v``. With a rotating thruster, a constant action has no net
effect over one period. Only a policy that observes the phase moves the point.
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

# Velocities are at most THRUST / (1 - DRAG) = 4 on each axis, sqrt(2) times that with a rotating
# thruster. The view contains half of the velocity.
VELOCITY_SCALE = 0.5
VELOCITY_VIEW = View("velocity", (2,), -3.0, 3.0)
PHASE_VIEW = View("phase", (2,), -1.001, 1.001)  # rounding to float32 may exceed 1 slightly


class PointState(NamedTuple):
    """The state of a point.

    Attributes:
        position: ``(2,)`` x and y, in units of length.
        velocity: ``(2,)``, in units of length per ten steps.
        phase: ``(2,)`` cosine and sine of the thruster's angle; None for a fixed thruster.
    """

    position: jax.Array
    velocity: jax.Array
    phase: jax.Array | None


@dataclasses.dataclass(frozen=True)
class PointBody:
    """The dynamics and the proprioception of a point.

    Attributes:
        period: steps per rotation of the thruster; None for a fixed thruster.

    Raises:
        ValueError: if the period is neither None nor a positive number.
    """

    period: float | None = None

    def __post_init__(self) -> None:
        if self.period is not None:
            checks.positive("period", self.period)

    @property
    def views(self) -> tuple[View, ...]:
        """``"velocity"``, and ``"phase"`` with a rotating thruster."""
        return (VELOCITY_VIEW,) if self.period is None else (VELOCITY_VIEW, PHASE_VIEW)

    def at_rest(self, position: jax.Array, key: Key) -> PointState:
        """Return a state at ``position`` with velocity 0 and a random phase."""
        return PointState(position, jnp.zeros(2), self._random_phase(key))

    def pushed(self, state: PointState, action: jax.Array) -> PointState:
        """Return velocity and phase after one step; the position does not change."""
        force = jnp.clip(action, -1.0, 1.0)
        phase = state.phase
        if phase is not None and self.period is not None:
            force = _rotated(force, phase)
            turn = 2.0 * math.pi / self.period
            phase = _rotated(phase, jnp.array([math.cos(turn), math.sin(turn)]))
        return PointState(state.position, DRAG * state.velocity + THRUST * force, phase)

    def observe(self, state: PointState) -> dict[str, jax.Array]:
        """Return the arrays of `views`."""
        velocity = {"velocity": VELOCITY_SCALE * state.velocity}
        return velocity if state.phase is None else {**velocity, "phase": state.phase}

    def _random_phase(self, key: Key) -> jax.Array | None:
        if self.period is None:
            return None
        angle = jax.random.uniform(key, (), maxval=2.0 * math.pi)
        return jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def _rotated(vector: jax.Array, rotation: jax.Array) -> jax.Array:
    """Return ``vector`` rotated by the angle whose cosine and sine are ``rotation``."""
    (x, y), (cosine, sine) = vector, rotation
    return jnp.stack([cosine * x - sine * y, sine * x + cosine * y])
