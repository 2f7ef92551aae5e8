"""A linear-quadratic problem and its soft-optimal policy by a Riccati equation.

s' = A s + B u + w, w ~ N(0, W); r = -½ (s' Q s + u' R u); temperature α, discount γ. The default
policy is π_0 = N(-K_0 s, S_0). The policy that maximises E Σ γ^t [r - α (log π - log π_0)] is
linear and Gaussian too, because α log π_0 is quadratic:

    R' = R + α S_0^{-1},   N = α S_0^{-1} K_0,   Q' = Q + K_0' N
    G = R' + γ B' P B,   H = N + γ B' P A,   P = Q' + γ A' P A - H' G^{-1} H
    π = N(-K s, S),   K = G^{-1} H,   S = α G^{-1}

The levels of a stack are solved one after the other. The policy of each level is the default policy
of the next.
"""

import dataclasses
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.world import Key, Timestep

Matrix: TypeAlias = tuple[tuple[float, ...], ...]
LARGEST = 1.0 - 1e-6
ITERATIONS = 5_000


class Solution(NamedTuple):
    """The policy N(-K s, S) and the value V(s) = -½ s' P s + c.

    Attributes:
        gain: K, ``(m, n)``.
        covariance: S, ``(m, m)``.
        cost: P, ``(n, n)``.
        constant: c.
    """

    gain: np.ndarray
    covariance: np.ndarray
    cost: np.ndarray
    constant: float


@dataclasses.dataclass(frozen=True)
class LQR:
    """A world with linear dynamics and quadratic reward.

    Inputs are unbounded: u = artanh(action) inverts the tanh of the lowest level. If that level is
    the identity, the level above it emits u, with N(0, I) as its prior.

    | | |
    |---|---|
    | view ``"state"`` | (n,): s |
    | action | (m,) in [-1, 1]: tanh u |
    | reward | -½ (s' Q s + u' R u), s before the step |
    | initial state | s ~ N(0, I) |
    | termination | none; truncation after ``episode_limit`` steps |

    Attributes:
        dynamics: A, ``(n, n)``.
        control: B, ``(n, m)``.
        state_cost: diagonal of Q.
        control_cost: the value on the diagonal of R.
        noise: variance of each entry of w.
        episode_limit: maximum number of steps of an episode.
    """

    dynamics: Matrix = ((1.0, 0.1), (0.0, 0.95))
    control: Matrix = ((0.0,), (0.1,))
    state_cost: tuple[float, ...] = (1.0, 0.1)
    control_cost: float = 0.05
    noise: float = 1e-3
    episode_limit: int = 50

    name = "LQR-v0"

    @property
    def spec(self) -> WorldSpec:
        """Views, actions and episode limit of the world."""
        states, inputs = len(self.control), len(self.control[0])
        views = (View("state", (states,)),)
        return WorldSpec(self.name, views, Continuous(inputs), self.episode_limit)

    def reset(self, key: Key) -> tuple[jax.Array, Timestep]:
        """Start an episode at a random state."""
        state = jax.random.normal(key, (len(self.control),))
        return state, _timestep(state, jnp.zeros(()))

    def step(self, state: jax.Array, action: jax.Array, key: Key) -> tuple[jax.Array, Timestep]:
        """Take one step."""
        u = jnp.arctanh(jnp.clip(action, -LARGEST, LARGEST))
        cost = jnp.asarray(self.state_cost) @ state**2 + self.control_cost * jnp.sum(u**2)
        moved = jnp.asarray(self.dynamics) @ state + jnp.asarray(self.control) @ u
        moved += jnp.sqrt(self.noise) * jax.random.normal(key, state.shape)
        return moved, _timestep(moved, -0.5 * cost)

    def solve(
        self, temperature: float, discount: float, default: tuple[Any, Any] | None = None
    ) -> Solution:
        """Return the soft-optimal policy and its value.

        Args:
            temperature: α.
            discount: γ.
            default: gain and covariance of the default policy; N(0, I) by default.
        """
        a, b = np.array(self.dynamics), np.array(self.control)
        states, inputs = b.shape
        gain, covariance = (
            (np.zeros((inputs, states)), np.eye(inputs)) if default is None else default
        )
        weight = temperature * np.linalg.inv(covariance)
        cross = weight @ gain
        cost_u = self.control_cost * np.eye(inputs) + weight
        cost_s = np.diag(self.state_cost) + gain.T @ cross
        p = cost_s
        for _ in range(ITERATIONS):
            g, h = cost_u + discount * b.T @ p @ b, cross + discount * b.T @ p @ a
            p = cost_s + discount * a.T @ p @ a - h.T @ np.linalg.solve(g, h)
        g, h = cost_u + discount * b.T @ p @ b, cross + discount * b.T @ p @ a
        # The entropies of π and π_0 differ by log determinants; the rest is the noise.
        determinants = np.linalg.slogdet(g / temperature)[1] + np.linalg.slogdet(covariance)[1]
        constant = -0.5 * (temperature * determinants + discount * self.noise * np.trace(p))
        return Solution(
            np.linalg.solve(g, h), temperature * np.linalg.inv(g), p, constant / (1.0 - discount)
        )


def _timestep(state: jax.Array, reward: jax.Array) -> Timestep:
    never = jnp.array(False)
    return Timestep({"state": state}, reward, never, never)
