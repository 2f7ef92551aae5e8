"""The random phase of both levels: random goals, and random actions that may be held.

Gaussian noise around a policy that has converged is pulled back to where the policy leads. Goals
that are drawn uniformly from the box are not, and the low level pursues each of them for a whole
decision. So the length of the phase of random goals matters most.
"""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.exploration import kept


@dataclasses.dataclass(frozen=True)
class RandomActions:
    """Random actions of the first environment steps.

    Attributes:
        kind: ``"uniform"`` in the box, or its ``"corners"``.
        held: for how many steps an action is held; environment i has entry i modulo the length.
    """

    kind: Literal["uniform", "corners"]
    held: tuple[int, ...]

    def __call__(self, key: Key, previous: jax.Array, age: jax.Array) -> jax.Array:
        """Return actions ``(N, A)``.

        Args:
            key: of the draw.
            previous: ``(N, A)``, the last actions.
            age: ``(N,)``, steps since the episode began.
        """
        drawn = jax.random.uniform(key, previous.shape, minval=-1.0, maxval=1.0)
        if self.kind == "corners":
            drawn = jnp.where(drawn < 0.0, -1.0, 1.0)
        intervals = jnp.resize(jnp.array(self.held), age.shape)[:, None]
        return kept(previous, drawn, age, intervals)


def uniform_goals(
    key: Key, shape: tuple[int, ...], probability: jax.Array | float
) -> tuple[jax.Array, jax.Array]:
    """Return uniform goals ``(N, d)`` in the box, and where they are to be used, ``(N,)``."""
    goal_key, use_key = jax.random.split(key)
    drawn = jax.random.uniform(goal_key, shape, minval=-1.0, maxval=1.0)
    return drawn, jax.random.bernoulli(use_key, probability, shape[:1])
