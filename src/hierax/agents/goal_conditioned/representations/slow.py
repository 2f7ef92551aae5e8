"""Slow features, the representation of LESSON.

Li et al. (2021), "Learning subgoal representations with slow dynamics": f changes little in one
step and much in c steps, or until the end of a decision that is shorter,

    mean_j (f(s_t) - f(s_{t+1}))_j²  +  max(0, 1 - mean_j (f(s_t) - f(s_{t+c}))_j²)  +  w ‖f(s_t)‖²
"""

import dataclasses

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations.representation import OfSize, Trajectories
from hierax.agents.networks import MLP

NORM_WEIGHT = 1e-4


@dataclasses.dataclass(frozen=True)
class Slow(OfSize):
    """f of LESSON.

    Attributes:
        dimensions: d.
        hidden_sizes: units of each hidden layer.
    """

    hidden_sizes: tuple[int, ...]

    def build(self, key: Key, features: int) -> MLP:
        """Return an untrained network."""
        return MLP(key, features, self.hidden_sizes, self.dimensions)

    def embed(self, parameters: MLP, features: jax.Array) -> jax.Array:
        """Return f, ``(..., d)``."""
        return parameters(features)

    def loss(
        self, parameters: MLP, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return the loss; nothing is drawn."""
        del key
        start, soon, late = (
            self.embed(parameters, features)
            for features in (
                trajectories.features[0],
                trajectories.features[1],
                trajectories.features[-1],
            )
        )
        slowness = jnp.square(start - soon).mean(axis=-1)
        change = jnp.square(start - late).mean(axis=-1)
        loss = slowness + jnp.maximum(0.0, 1.0 - change)
        return (loss + NORM_WEIGHT * jnp.square(start).sum(axis=-1)).mean(), {}
