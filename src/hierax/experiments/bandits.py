"""Bandits with a known soft-optimal policy, and stacks of flows trained on them.

An episode has one step with reward r(a) and reward scale ρ = 1/α. The optimal level above a policy
p is

    π(a) ∝ p(a) exp(ρ r(a))

K optimal levels with the same reward give p(a) exp(K ρ r(a)). One optimal level at a K times lower
temperature gives the same.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy.special

from hierax.agents.distributions import log_det_tanh
from hierax.agents.latent_space.flows import Flow, alternating, standard_log_prob

SIZE = 2
GRID = 400
"""Number of midpoints along each axis of the cube."""


class Bandit(Protocol):
    """A bandit with two-dimensional actions and a known optimum."""

    @property
    def scale(self) -> float:
        """Reward scale ρ."""
        ...

    @property
    def squashed(self) -> bool:
        """Whether actions are squashed by tanh into the cube, with a uniform first prior.

        Otherwise actions are unbounded and the first prior is N(0, I).
        """
        ...

    def reward(self, action: jax.Array) -> jax.Array:
        """Return rewards of actions ``(..., 2)``."""
        ...

    def log_partition(self, levels: float) -> float:
        """Return log ∫ p(a) exp(levels · ρ r(a)) da."""
        ...

    def mean_reward(self, levels: float) -> float:
        """Return E[r] under the optimal policy of ``levels`` levels."""
        ...


@dataclasses.dataclass(frozen=True)
class GaussianBandit:
    """A bandit with r = -½ (a - μ)' diag(P) (a - μ), prior N(0, I) and optimum N(m, diag S).

    S = 1 / (1 + K ρ P) and m = S K ρ P μ, by entry. Affine couplings can represent the optimum.
    """

    precision: tuple[float, float] = (2.0, 0.5)
    centre: tuple[float, float] = (1.0, -1.0)
    scale: float = 1.5
    squashed: bool = False

    def reward(self, action: jax.Array) -> jax.Array:
        """Return rewards of actions ``(..., 2)``."""
        off = action - jnp.asarray(self.centre)
        return -0.5 * jnp.sum(jnp.asarray(self.precision) * off**2, axis=-1)

    def optimum(self, levels: float) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of each entry of the optimum of ``levels`` levels."""
        tilt = levels * self.scale * np.asarray(self.precision)
        variance = 1.0 / (1.0 + tilt)
        return variance * tilt * np.asarray(self.centre), variance

    def log_partition(self, levels: float) -> float:
        """Return log ∫ p(a) exp(levels · ρ r(a)) da."""
        tilt, centre = levels * self.scale * np.asarray(self.precision), np.asarray(self.centre)
        terms = np.log1p(tilt) + centre**2 * (tilt - tilt**2 / (1.0 + tilt))
        return float(-0.5 * terms.sum())

    def mean_reward(self, levels: float) -> float:
        """Return E[r] under the optimal policy of ``levels`` levels."""
        mean, variance = self.optimum(levels)
        off = (mean - np.asarray(self.centre)) ** 2 + variance
        return float(-0.5 * (np.asarray(self.precision) * off).sum())


@dataclasses.dataclass(frozen=True)
class CubeBandit:
    """A bandit with r = - least squared distance to (±½, ±½), less 0.15 in the left half.

    The prior is uniform. The edge between the halves is a sigmoid of width ``width``, so that it
    has a gradient with respect to actions; 0 makes it a step.
    """

    width: float = 0.02
    scale: float = 10.0
    squashed: bool = True

    def reward(self, action: jax.Array) -> jax.Array:
        """Return rewards of actions ``(..., 2)``."""
        near = jnp.sum((jnp.abs(action) - 0.5) ** 2, axis=-1)
        x = action[..., 0]
        left = jax.nn.sigmoid(-x / self.width) if self.width else jnp.where(x < 0, 1.0, 0.0)
        return -near - 0.15 * left

    def log_partition(self, levels: float) -> float:
        """Return log ∫ p(a) exp(levels · ρ r(a)) da."""
        exponent = levels * self.scale * self._grid
        return float(scipy.special.logsumexp(exponent) - np.log(exponent.size))

    def mean_reward(self, levels: float) -> float:
        """Return E[r] under the optimal policy of ``levels`` levels."""
        weight = scipy.special.softmax(levels * self.scale * self._grid)
        return float((weight * self._grid).sum())

    @property
    def _grid(self) -> np.ndarray:
        middles = -1.0 + (np.arange(GRID) + 0.5) * 2.0 / GRID
        x, y = np.meshgrid(middles, middles, indexing="ij")
        near = (np.abs(x) - 0.5) ** 2 + (np.abs(y) - 0.5) ** 2
        left = scipy.special.expit(-x / self.width) if self.width else (x < 0)
        return -near - 0.15 * left


class Size(NamedTuple):
    """Size of a flow and of its training.

    Attributes:
        couplings: number of coupling layers.
        units: hidden units of each coupling.
        steps: steps of Adam.
        batch: samples in each step.
        rate: initial learning rate; it decays to 0 by a cosine.
    """

    couplings: int
    units: int
    steps: int
    batch: int = 256
    rate: float = 2e-3


Flows = tuple[Flow, ...]
"""Flows of all levels, lowest first."""
OBSERVATION = jnp.ones(1)
"""Observation of a bandit, a constant."""


def train_stack(bandit: Bandit, levels: Sequence[tuple[Size, float]], key: jax.Array) -> Flows:
    """Train levels one after the other, each with its size and its multiple of ρ."""
    flows: Flows = ()
    first_moved = 0
    for size, weight in levels:
        key, level_key = jax.random.split(key)
        flow = _flow(size, first_moved, level_key)
        flows = (*flows, _trained(bandit, size, weight, flows, flow, level_key))
        first_moved = (first_moved + size.couplings - 1) % 2
    return flows


def draw(bandit: Bandit, flows: Flows, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Return actions ``(count, 2)`` of the whole stack and their log density."""
    noise = jax.random.normal(key, (count, SIZE))
    output, log_prob = noise, standard_log_prob(noise)
    for flow in reversed(flows):
        output, log_det = flow.forward(output, _observations(count))
        log_prob -= log_det
    if not bandit.squashed:
        return output, log_prob
    return jnp.tanh(output), log_prob - log_det_tanh(output)


@partial(jax.jit, static_argnums=(0, 3))
def evaluate(
    bandit: Bandit, flows: Flows, key: jax.Array, count: int
) -> tuple[jax.Array, jax.Array]:
    """Return E[r] and E[log π - log p] of the whole stack from ``count`` samples."""
    action, log_prob = draw(bandit, flows, key, count)
    return bandit.reward(action).mean(), (log_prob - _log_prior(bandit, action)).mean()


def divergence(bandit: Bandit, levels: float, reward: Any, kl_to_prior: Any) -> np.ndarray:
    """Return KL(π ‖ π*) = E[log π - log p] - K ρ E[r] + log Z from values of `evaluate`."""
    tilt = levels * bandit.scale
    return np.asarray(kl_to_prior) - tilt * np.asarray(reward) + bandit.log_partition(levels)


def inverse_error(flow: Flow, key: jax.Array, count: int = 10_000) -> float:
    """Return the largest error of f^{-1}(f(z)) over ``count`` samples of noise."""
    noise = jax.random.normal(key, (count, SIZE))
    output, _ = flow.forward(noise, _observations(count))
    back, _ = flow.inverse(output, _observations(count))
    return float(jnp.abs(back - noise).max())


def _log_prior(bandit: Bandit, action: jax.Array) -> jax.Array:
    if bandit.squashed:
        return jnp.full(action.shape[:-1], -SIZE * jnp.log(2.0))
    return standard_log_prob(action)


def _flow(size: Size, first_moved: int, key: jax.Array) -> Flow:
    moved = alternating(SIZE, size.couplings, first_moved)
    return Flow(key, OBSERVATION.size, SIZE, (8,), moved, size.units)


@partial(jax.jit, static_argnums=(0, 1))
def _trained(
    bandit: Bandit, size: Size, weight: float, below: Flows, flow: Flow, key: jax.Array
) -> Flow:
    optimiser = optax.adam(optax.cosine_decay_schedule(size.rate, size.steps))

    def loss(flow: Flow, key: jax.Array) -> jax.Array:
        noise = jax.random.normal(key, (size.batch, SIZE))
        output, log_det = flow.forward(noise, _observations(size.batch))
        log_prob = standard_log_prob(noise) - log_det
        action = output
        for frozen in reversed(below):
            action, _ = frozen.forward(action, _observations(size.batch))
        if bandit.squashed:
            action = jnp.tanh(action)
        if bandit.squashed and not below:
            log_ratio = log_prob - log_det_tanh(output) - _log_prior(bandit, action)
        else:
            log_ratio = log_prob - standard_log_prob(output)
        return (log_ratio - weight * bandit.scale * bandit.reward(action)).mean()

    def step(at: tuple[Flow, Any], key: jax.Array) -> tuple[tuple[Flow, Any], None]:
        flow, state = at
        change, state = optimiser.update(jax.grad(loss)(flow, key), state, flow)
        return (optax.apply_updates(flow, change), state), None

    keys = jax.random.split(key, size.steps)
    return jax.lax.scan(step, (flow, optimiser.init(flow)), keys)[0][0]


def _observations(count: int) -> jax.Array:
    return jnp.broadcast_to(OBSERVATION, (count, OBSERVATION.size))
