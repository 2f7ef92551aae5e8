"""Invertible policies: bijections of noise, conditioned on the observation (Dinh et al. 2017).

A `Flow` maps noise z in R^d to x in R^d, given an observation. It is a stack of coupling layers.
Each keeps some entries of its input and moves the others,

    x_moved = z_moved · exp(s) + t,     (s, t) = net(z_kept, c),     c = torso(observation)

so its inverse and log|det ∂x/∂z| = Σ s are exact and cheap. The scale is bounded,
s = L tanh(ŝ / L). The last layer of each net starts at 0, so a new flow is exactly the identity.
With z ~ N(0, I), log π(x) = log N(z; 0, I) − log|det ∂x/∂z|.

A Gaussian policy is a flow of one layer that moves all entries.
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from hierax import checks
from hierax.agents.networks import MLP

Key: TypeAlias = Array
Halves: TypeAlias = tuple[tuple[int, int], ...]

_LOG_2PI = math.log(2 * math.pi)


class Coupling(eqx.Module):
    """One layer: entries ``begin .. end - 1`` move, given all others and the features c.

    Args:
        key: of the weights.
        size: d, entries of the input.
        moved: begin and end of the entries that move, at least one.
        features: numbers in c.
        units: of the hidden layer of its net, whose activation is tanh.
        limit: L, bound of the logarithm of the scale.
        final_scale: factor of the weights of the last layer; 0 for the identity.
    """

    net: MLP
    moved: tuple[int, int] = eqx.field(static=True)
    limit: float = eqx.field(static=True)

    def __init__(
        self,
        key: Key,
        size: int,
        moved: tuple[int, int],
        features: int,
        units: int,
        limit: float,
        final_scale: float = 0.0,
    ):
        count = moved[1] - moved[0]
        inputs = size - count + features
        self.net = MLP(key, inputs, (units,), 2 * count, activation="tanh", final_scale=final_scale)
        self.moved, self.limit = moved, limit

    def forward(
        self, z: Float[Array, "... d"], features: Float[Array, "... f"]
    ) -> tuple[Float[Array, "... d"], Float[Array, "..."]]:
        """Return x and log|det ∂x/∂z|."""
        before, moving, after = self._parts(z)
        scale, shift = self._move(before, after, features)
        x = jnp.concatenate([before, moving * jnp.exp(scale) + shift, after], axis=-1)
        return x, scale.sum(axis=-1)

    def inverse(
        self, x: Float[Array, "... d"], features: Float[Array, "... f"]
    ) -> tuple[Float[Array, "... d"], Float[Array, "..."]]:
        """Return z and log|det ∂z/∂x|."""
        before, moved, after = self._parts(x)
        scale, shift = self._move(before, after, features)
        z = jnp.concatenate([before, (moved - shift) * jnp.exp(-scale), after], axis=-1)
        return z, -scale.sum(axis=-1)

    def _parts(self, values: Array) -> tuple[Array, Array, Array]:
        begin, end = self.moved
        return values[..., :begin], values[..., begin:end], values[..., end:]

    def _move(self, before: Array, after: Array, features: Array) -> tuple[Array, Array]:
        """Return log scale and shift."""
        scale, shift = jnp.split(self.net(jnp.concatenate([before, after, features], -1)), 2, -1)
        return self.limit * jnp.tanh(scale / self.limit), shift


class Flow(eqx.Module):
    """A stack of couplings, conditioned on a torso's features of the observation.

    Args:
        key: of the weights.
        observation_size: numbers of an observation.
        size: d, entries of noise and of output.
        hidden_sizes: units of the torso's ReLU layers; the last layer gives the features.
        moved: the entries that each coupling moves, in order, from `alternating`.
        units: of the hidden layer of each coupling.
        limit: L, bound of the logarithm of a coupling's scale.
        final_scale: 0 for a flow that starts as the identity, 1 for a random one.

    Raises:
        ValueError: if a size is below 1, the torso has no layer, the limit is not positive or
            ``final_scale`` is negative.
    """

    torso: MLP
    couplings: tuple[Coupling, ...]

    def __init__(
        self,
        key: Key,
        observation_size: int,
        size: int,
        hidden_sizes: Sequence[int],
        moved: Halves,
        units: int = 32,
        limit: float = 3.0,
        final_scale: float = 0.0,
    ):
        if not hidden_sizes:
            raise ValueError("hidden_sizes must name the units of at least one layer, got ()")
        checks.count("units", units, 1)
        checks.positive("limit", limit)
        torso_key, *keys = jax.random.split(key, 1 + len(moved))
        self.torso = MLP(torso_key, observation_size, hidden_sizes[:-1], hidden_sizes[-1])
        self.couplings = tuple(
            Coupling(each, size, part, hidden_sizes[-1], units, limit, final_scale)
            for each, part in zip(keys, moved, strict=True)
        )

    def forward(
        self, z: Float[Array, "... d"], observation: Float[Array, "... o"]
    ) -> tuple[Float[Array, "... d"], Float[Array, "..."]]:
        """Return x for noise z, and log|det ∂x/∂z|."""
        features = jax.nn.relu(self.torso(observation))
        log_det = jnp.zeros(z.shape[:-1], z.dtype)
        for coupling in self.couplings:
            z, more = coupling.forward(z, features)
            log_det += more
        return z, log_det

    def inverse(
        self, x: Float[Array, "... d"], observation: Float[Array, "... o"]
    ) -> tuple[Float[Array, "... d"], Float[Array, "..."]]:
        """Return the noise z that maps to x, and log|det ∂z/∂x|."""
        features = jax.nn.relu(self.torso(observation))
        log_det = jnp.zeros(x.shape[:-1], x.dtype)
        for coupling in reversed(self.couplings):
            x, more = coupling.inverse(x, features)
            log_det += more
        return x, log_det

    def log_prob(
        self, x: Float[Array, "... d"], observation: Float[Array, "... o"]
    ) -> Float[Array, "..."]:
        """Return log π(x), with noise from N(0, I)."""
        z, log_det = self.inverse(x, observation)
        return standard_log_prob(z) + log_det


def alternating(size: int, count: int, begin_with: int = 0) -> Halves:
    """Return which entries each of ``count`` couplings moves: one half, then the other.

    The halves are the first ``size // 2`` entries and the rest. A single entry has no halves: each
    coupling moves it, conditioned on the observation alone.

    Args:
        size: d.
        count: how many couplings.
        begin_with: which half moves first, 0 or 1. A flow above another one begins with the half
            that moved last below, so that it can invert it.
    """
    middle = size // 2
    halves = ((0, middle), (middle, size)) if middle else ((0, size), (0, size))
    return tuple(halves[(begin_with + k) % 2] for k in range(count))


def all_entries(size: int) -> Halves:
    """Return the one layer of a Gaussian policy: all entries move."""
    return ((0, size),)


def standard_log_prob(z: Float[Array, "... d"]) -> Float[Array, "..."]:
    """Return log N(z; 0, I)."""
    return -0.5 * jnp.sum(z**2 + _LOG_2PI, axis=-1)
