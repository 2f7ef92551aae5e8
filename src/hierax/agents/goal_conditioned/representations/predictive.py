"""The representation of NORL: a goal space in which what follows can be told apart.

Nachum, Gu, Lee & Levine (2019), "Near-optimal representation learning for hierarchical
reinforcement learning", sections 3 to 5. With D(z) = 2 Σ_j huber(z_j), the model of what follows is

    K(s' | s, π) = ρ(s') exp(-D(f(s') - φ(s, π))) / Z(s, π),   Z = E_ρ exp(-D(f(s̃) - φ(s, π)))
    φ(s, a_0 .. a_{c-1}) = f(s) + u(s, a_0 .. a_{c-1}),   or f(s) alone

and f, φ maximise the mean over k of the logarithm of K / ρ,

    E [ -D(f(s_{t+k}) - φ) - log Z ],   k with probability (1 - γ) γ^{k-1} w_k,

a lower bound on the mutual information of s_{t+k} and (s_t, π). The weights are w_k = 1 for k < c,
and w_c = 1 / (1 - γ).

Z is the mean over a pool of states. Here the pool are the states s_{t+k} of the batch, the one of
the pair itself included. Without it the estimate has no upper bound, and the scale of f grows
without end. The gradient goes through both terms. (The blog note on the paper has the sign of log Z
wrong: a constant f would then be best.)
"""

import dataclasses
import math
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations.representation import (
    Course,
    OfSize,
    Trajectories,
)
from hierax.agents.networks import MLP

KAPPA = 0.1
"""Where the Huber function of D turns from square to linear."""
STEEPNESS = 2.0
"""Factor of the sum of Huber functions in D."""
ACTION_SIZES = (128, 64)
"""Units of the hidden layers of u."""
FINAL_SCALE = 0.1
"""Factor of the initial weights of the last layers."""


class Maps(NamedTuple):
    """The networks.

    Attributes:
        place: f.
        shift: u; None where φ is f alone.
    """

    place: MLP
    shift: MLP | None


@dataclasses.dataclass(frozen=True)
class Predictive(OfSize):
    """f and φ of NORL.

    Attributes:
        dimensions: d.
        hidden_sizes: units of each hidden layer of f.
        actions: A; None where φ does not depend on actions.
        interval: c.
        discount: γ of the weights of k.
        offsets: ``"published"`` weights of k, or ``"uniform"``.
    """

    hidden_sizes: tuple[int, ...]
    actions: int | None
    interval: int
    discount: float
    offsets: Literal["published", "uniform"]

    def build(self, key: Key, features: int) -> Maps:
        """Return untrained networks; f starts near 0."""
        place_key, shift_key = jax.random.split(key)
        place = MLP(
            place_key, features, self.hidden_sizes, self.dimensions, final_scale=FINAL_SCALE
        )
        if self.actions is None:
            return Maps(place, None)
        inputs = features + self.interval * self.actions
        shift = MLP(shift_key, inputs, ACTION_SIZES, self.dimensions, final_scale=FINAL_SCALE)
        return Maps(place, shift)

    def embed(self, parameters: Maps, features: jax.Array) -> jax.Array:
        """Return f, ``(..., d)``."""
        return parameters.place(features)

    def predicted(self, parameters: Maps, course: Course) -> jax.Array:
        """Return φ, ``(B, d)``, of decisions."""
        place = self.embed(parameters, course.start)
        if parameters.shift is None:
            return place
        action = jnp.where(course.is_step[..., None], course.action, 0.0)
        action = jnp.moveaxis(action, 0, 1).reshape(len(course.start), -1)
        return place + parameters.shift(jnp.concatenate([course.start, action], axis=-1))

    def loss(
        self, parameters: Maps, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return minus the bound on the mutual information, in nats."""
        steps = drawn_offsets(key, trajectories.length, self.probabilities)
        following = self.embed(parameters, trajectories.after(steps))
        information = log_ratio(
            self.predicted(parameters, trajectories.course), following, following
        ).mean()
        return -information, {"information": information}

    @property
    def probabilities(self) -> jax.Array:
        """``(c,)``, of k = 1 .. c."""
        if self.offsets == "uniform":
            return jnp.full(self.interval, 1 / self.interval)
        return offset_probabilities(self.interval, self.discount)


def huber_distance(difference: jax.Array, axis: int = -1) -> jax.Array:
    """Return D of differences, of which ``axis`` has d: about twice the sum of absolute values."""
    size = jnp.abs(difference)
    each = jnp.where(size <= KAPPA, size**2 / 2, KAPPA * (size - KAPPA / 2)) / KAPPA
    return STEEPNESS * each.sum(axis=axis)


def offset_weights(interval: int, discount: float) -> jax.Array:
    """Return w_1 .. w_c: 1, and 1 / (1 - γ) for the last."""
    return jnp.ones(interval).at[-1].set(1 / (1 - discount))


def offset_probabilities(interval: int, discount: float) -> jax.Array:
    """Return (1 - γ) γ^{k-1} w_k for k = 1 .. c; their sum is 1."""
    powers = discount ** jnp.arange(interval)
    return (1 - discount) * powers * offset_weights(interval, discount)


def drawn_offsets(key: Key, length: jax.Array, probabilities: jax.Array) -> jax.Array:
    """Return k ``(B,)`` of each decision; its length where it is shorter than k."""
    drawn = 1 + jax.random.categorical(key, jnp.log(probabilities), shape=length.shape)
    return jnp.minimum(drawn, length)


def log_partition(predicted: jax.Array, pool: jax.Array) -> jax.Array:
    """Return log Z ``(B,)``: of the mean of exp(-D) over a pool ``(M, d)``."""
    # Dimensions first: XLA vectorises along the last axis, and d is small.
    distances = huber_distance(pool.T[:, None] - predicted.T[:, :, None], axis=0)
    return logsumexp(-distances, axis=1) - math.log(len(pool))


def log_ratio(predicted: jax.Array, following: jax.Array, pool: jax.Array) -> jax.Array:
    """Return log K / ρ ``(B,)``, at most log M where the pool holds ``following``."""
    return -huber_distance(following - predicted) - log_partition(predicted, pool)
