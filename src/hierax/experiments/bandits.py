"""Bandits whose soft-optimal policy is known, and stacks of flows trained on them.

One step, reward r(a), reward scale ρ = 1/α. A level trained to the end on top of a policy p gives

    π(a) ∝ p(a) exp(ρ r(a))

so K levels with the same reward give p(a) exp(K ρ r(a)): what one level gives at a temperature K
times lower.
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
"""Midpoints along each axis of the cube."""


class Bandit(Protocol):
    """Actions in two dimensions that are paid for, and what is optimal."""

    @property
    def scale(self) -> float:
        """ρ."""
        ...

    @property
    def squashed(self) -> bool:
        """Whether actions go through tanh into the cube, with uniform actions as the first prior.

        Else the first prior is N(0, I).
        """
        ...

    def reward(self, action: jax.Array) -> jax.Array:
        """Rewards of actions ``(..., 2)``."""
        ...

    def log_partition(self, levels: float) -> float:
        """The logarithm of ∫ p(a) exp(levels · ρ r(a)) da."""
        ...

    def mean_reward(self, levels: float) -> float:
        """E[r] under the optimal policy of so many levels."""
        ...


@dataclasses.dataclass(frozen=True)
class GaussianBandit:
    """r = -½ (a - μ)' diag(P) (a - μ), prior N(0, I): optimal is N(m, diag S).

    S = 1 / (1 + K ρ P) and m = S K ρ P μ, by entry; affine couplings can represent it exactly.
    """

    precision: tuple[float, float] = (2.0, 0.5)
    centre: tuple[float, float] = (1.0, -1.0)
    scale: float = 1.5
    squashed: bool = False

    def reward(self, action: jax.Array) -> jax.Array:
        """See `Bandit`."""
        off = action - jnp.asarray(self.centre)
        return -0.5 * jnp.sum(jnp.asarray(self.precision) * off**2, axis=-1)

    def optimum(self, levels: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each entry after so many levels."""
        tilt = levels * self.scale * np.asarray(self.precision)
        variance = 1.0 / (1.0 + tilt)
        return variance * tilt * np.asarray(self.centre), variance

    def log_partition(self, levels: float) -> float:
        """See `Bandit`."""
        tilt, centre = levels * self.scale * np.asarray(self.precision), np.asarray(self.centre)
        terms = np.log1p(tilt) + centre**2 * (tilt - tilt**2 / (1.0 + tilt))
        return float(-0.5 * terms.sum())

    def mean_reward(self, levels: float) -> float:
        """See `Bandit`."""
        mean, variance = self.optimum(levels)
        off = (mean - np.asarray(self.centre)) ** 2 + variance
        return float(-0.5 * (np.asarray(self.precision) * off).sum())


@dataclasses.dataclass(frozen=True)
class CubeBandit:
    """r = - least squared distance to (±½, ±½), less 0.15 in the left half; uniform prior.

    The edge between the halves is a sigmoid of that ``width``, so that gradients with respect to
    actions tell of it; 0 for a step.
    """

    width: float = 0.02
    scale: float = 10.0
    squashed: bool = True

    def reward(self, action: jax.Array) -> jax.Array:
        """See `Bandit`."""
        near = jnp.sum((jnp.abs(action) - 0.5) ** 2, axis=-1)
        x = action[..., 0]
        left = jax.nn.sigmoid(-x / self.width) if self.width else jnp.where(x < 0, 1.0, 0.0)
        return -near - 0.15 * left

    def log_partition(self, levels: float) -> float:
        """See `Bandit`."""
        exponent = levels * self.scale * self._grid
        return float(scipy.special.logsumexp(exponent) - np.log(exponent.size))

    def mean_reward(self, levels: float) -> float:
        """See `Bandit`."""
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
    """How large a flow is and how long it is trained.

    Attributes:
        couplings: layers.
        units: of the hidden layer of each coupling.
        steps: of Adam.
        batch: samples of each.
        rate: of learning, at first; a cosine takes it to 0.
    """

    couplings: int
    units: int
    steps: int
    batch: int = 256
    rate: float = 2e-3


Flows = tuple[Flow, ...]
"""Levels from the bottom."""
NOTHING = jnp.ones(1)
"""What a bandit shows: always the same."""


def train_stack(bandit: Bandit, levels: Sequence[tuple[Size, float]], key: jax.Array) -> Flows:
    """Trains levels one after the other, each with its size and its multiple of ρ."""
    flows: Flows = ()
    turn = 0
    for size, weight in levels:
        key, level_key = jax.random.split(key)
        flow = _flow(size, turn, level_key)
        flows = (*flows, _trained(bandit, size, weight, flows, flow, level_key))
        turn = (turn + size.couplings - 1) % 2
    return flows


def draw(bandit: Bandit, flows: Flows, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Actions ``(count, 2)`` of the whole stack, and the logarithm of their density."""
    noise = jax.random.normal(key, (count, SIZE))
    output, log_prob = noise, standard_log_prob(noise)
    for flow in reversed(flows):
        output, log_det = flow.forward(output, _seen(count))
        log_prob -= log_det
    if not bandit.squashed:
        return output, log_prob
    return jnp.tanh(output), log_prob - log_det_tanh(output)


@partial(jax.jit, static_argnums=(0, 3))
def judge(bandit: Bandit, flows: Flows, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """E[r], and E[log π - log p] of the whole stack, from ``count`` samples."""
    action, log_prob = draw(bandit, flows, key, count)
    return bandit.reward(action).mean(), (log_prob - _log_prior(bandit, action)).mean()


def divergence(bandit: Bandit, levels: float, reward: Any, kl_to_prior: Any) -> np.ndarray:
    """KL(π ‖ π*) from what `judge` found: E[log π - log p] - K ρ E[r] + log Z."""
    tilt = levels * bandit.scale
    return np.asarray(kl_to_prior) - tilt * np.asarray(reward) + bandit.log_partition(levels)


def inverse_error(flow: Flow, key: jax.Array, count: int = 10_000) -> float:
    """The largest error of f^{-1}(f(z)) over so much noise."""
    noise = jax.random.normal(key, (count, SIZE))
    output, _ = flow.forward(noise, _seen(count))
    back, _ = flow.inverse(output, _seen(count))
    return float(jnp.abs(back - noise).max())


def _log_prior(bandit: Bandit, action: jax.Array) -> jax.Array:
    if bandit.squashed:
        return jnp.full(action.shape[:-1], -SIZE * jnp.log(2.0))
    return standard_log_prob(action)


def _flow(size: Size, turn: int, key: jax.Array) -> Flow:
    moved = alternating(SIZE, size.couplings, turn)
    return Flow(key, NOTHING.size, SIZE, (8,), moved, size.units)


@partial(jax.jit, static_argnums=(0, 1))
def _trained(
    bandit: Bandit, size: Size, weight: float, below: Flows, flow: Flow, key: jax.Array
) -> Flow:
    optimiser = optax.adam(optax.cosine_decay_schedule(size.rate, size.steps))

    def loss(flow: Flow, key: jax.Array) -> jax.Array:
        noise = jax.random.normal(key, (size.batch, SIZE))
        output, log_det = flow.forward(noise, _seen(size.batch))
        log_prob = standard_log_prob(noise) - log_det
        action = output
        for frozen in reversed(below):
            action, _ = frozen.forward(action, _seen(size.batch))
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


def _seen(count: int) -> jax.Array:
    return jnp.broadcast_to(NOTHING, (count, NOTHING.size))
