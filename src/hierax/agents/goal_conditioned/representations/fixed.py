"""Representations that learn nothing: controls for the learned ones."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations.representation import OfSize, Trajectories


class Untrained:
    """A map without a loss."""

    def loss(
        self, parameters: Any, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return 0."""
        del parameters, trajectories, key
        return jnp.zeros(()), {}


@dataclasses.dataclass(frozen=True)
class Whole(Untrained):
    """f(s) = the features themselves."""

    def size(self, features: int) -> int:
        """Return d = n."""
        return features

    def build(self, key: Key, features: int) -> tuple[()]:
        """Return no parameters."""
        del key, features
        return ()

    def embed(self, parameters: Any, features: jax.Array) -> jax.Array:
        """Return the features."""
        del parameters
        return features


@dataclasses.dataclass(frozen=True)
class RandomMap(Untrained, OfSize):
    """f(s) = W s with a Gaussian W that stays as it is.

    Attributes:
        dimensions: d.
    """

    def build(self, key: Key, features: int) -> jax.Array:
        """Return W, ``(n, d)``, whose columns have a length of about 1."""
        return jax.random.normal(key, (features, self.dimensions)) / jnp.sqrt(features)

    def embed(self, parameters: jax.Array, features: jax.Array) -> jax.Array:
        """Return f, ``(..., d)``."""
        return features @ parameters
