"""SVG(0) with Retrace, the learner of modules from replay.

Tirumala et al. (2019), appendix B.2 and algorithm 2, with its errors corrected. From windows of K
steps, with targets Q' and π₀' that are copies from earlier, ε of latents drawn anew, the actions
a' = h(z, x, ξ) of the policy at x, and the cost k_t = α KL(π ‖ π₀') at x_t:

    V_t        mean over M actions of Q'(a', z_t, x_t)
    policy     -mean V_t + mean k_t - w mean H(π(·|z_t, x_t))
    default    mean KL(π ‖ π₀)_t
    value      mean ½ (G_t - Q(a_t, z_t, x_t))²

G_t is the target of `hierax.agents.targets.retrace`, with Q', V_{t+1}, k_{t+1} and the ratios
w_t = π(a_t|z_t, x_t) / μ(a_t|z_t, x_t). The cost is in G_t once, and not in V.

The gradient of V reaches the low level through a', and the high level through the latent that the
low level acts on. The latent that Q' sees is a constant: through it, the high level would learn to
please the critic. Actions outside the box of the world are clipped before Q sees them, as the world
clips them.
"""

import dataclasses
import math
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from hierax import checks
from hierax.agents.agent import Key
from hierax.agents.kl.learner import (
    DEFAULT,
    VALUE,
    Learner,
    Losses,
    Parameters,
    Unrolled,
    Weights,
    Window,
    mean,
)
from hierax.agents.off_policy import LEAST_SHARE
from hierax.agents.replay import Index, Replay, Sequences
from hierax.agents.targets import retrace
from hierax.agents.torsos import Network

WINDOWS = "windows"
"""Name of the sequences that are drawn."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Retrace(Learner):
    """Updates by SVG(0) with Retrace, from windows of a replay; continuous actions alone.

    Attributes:
        window_length: K, steps of a window.
        batch_size: B, windows of an update.
        buffer_size: steps that the replay keeps, of all environments together.
        learning_starts: environment steps before the first update. Updates also wait until
            ``batch_size`` / 4 windows are stored.
        updates_per_step: updates for each environment step after that.
        learning_rate: of Adam, for each module but the value.
        value_learning_rate: of Adam, for the value.
        max_gradient_norm: largest norm of the gradient of a module; longer ones are scaled down.
            None scales none.
        target_period: P, updates between two copies of the value and of the default policies.
        action_samples: M, actions that a value is averaged over.
        trace_decay: λ of Retrace.

    Raises:
        ValueError: if a value is not allowed.
    """

    judges_actions: ClassVar[bool] = True

    window_length: int = 10
    batch_size: int = 64
    buffer_size: int = 1_000_000
    learning_starts: int = 10_000
    updates_per_step: float = 1 / 16
    learning_rate: float = 3e-4
    value_learning_rate: float = 1e-3
    max_gradient_norm: float | None = None
    target_period: int = 25
    action_samples: int = 1
    trace_decay: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = ("window_length", "batch_size", "buffer_size", "target_period", "action_samples")
        for name in counts:
            checks.count(name, getattr(self, name), 1)
        checks.count("learning_starts", self.learning_starts, 0)
        for name in ("updates_per_step", "value_learning_rate"):
            checks.positive(name, getattr(self, name))
        checks.share("trace_decay", self.trace_decay)

    @property
    def store(self) -> Replay:
        """The replay."""
        return Replay(self.buffer_size, {WINDOWS: Index(self.window_length)})

    @property
    def rollout_length(self) -> None:
        """None: windows come from a replay."""
        return

    def ready(self, stored: Any) -> Array:
        """Return () bool: whether a quarter of a batch is stored."""
        return self.store.holds(stored, math.ceil(LEAST_SHARE * self.batch_size))

    def window(self, stored: Any, key: Key) -> Sequences:
        """Return windows from the replay."""
        return self.store.sample(stored, key, self.batch_size, WINDOWS)

    def steps_of(self, updates: Array, window: Window) -> Array:
        """Return the environment steps in which so many updates are made."""
        del window
        return updates.astype(jnp.float32) / self.updates_per_step

    def has_target(self, name: str) -> bool:
        """Return whether earlier parameters of a module are kept: of value and default policies."""
        return name == VALUE or name.endswith(DEFAULT)

    def rate_of(self, name: str) -> float:
        """Return the learning rate of a module."""
        return self.value_learning_rate if name == VALUE else self.learning_rate

    def losses(
        self,
        unrolled: Unrolled,
        parameters: Parameters,
        targets: Parameters,
        window: Window,
        key: Key,
        weights: Weights,
    ) -> Losses:
        """Return the losses of policies and value."""
        is_step, average = window.is_step, partial(mean, window.is_step)
        policy = jax.tree.map(lambda leaf: leaf[:-1], unrolled.policy)
        judged, cost = unrolled.judged[:-1], weights.kl * unrolled.nats
        value = self._expected(targets[VALUE], unrolled, key)
        log_prob = policy.log_prob(window.action)
        log_ratio = jnp.where(is_step, log_prob - window.extras["log_prob"], -jnp.inf)
        target = retrace(
            action_value=_judgement(targets[VALUE], judged, window.action),
            next_value=value[1:],
            reward=window.reward,
            discount=jnp.where(window.terminated | ~is_step, 0.0, weights.discount),
            log_ratio=log_ratio,
            next_cost=cost[1:],
            trace_decay=self.trace_decay,
        )
        error = target - _judgement(parameters[VALUE], judged, window.action)
        return Losses(
            policy=average(cost[:-1] - value[:-1] - weights.entropy * policy.entropy()),
            value=average(0.5 * error**2),
            target=target,
            error=error,
            log_ratio=log_ratio,
            clip=1.0,
        )

    def _expected(self, network: Network, unrolled: Unrolled, key: Key) -> Array:
        """Return V ``(T + 1, B)``, the mean of Q over actions that are drawn."""
        keys = jax.random.split(key, self.action_samples)

        def of(key: Key) -> Array:
            return _judgement(network, unrolled.judged, unrolled.policy.sample(key))

        return jax.vmap(of)(keys).mean(axis=0)


def _judgement(network: Network, judged: Array, action: Array) -> Array:
    """Return Q ``(..., B)``."""
    inside = jnp.clip(action, -1.0, 1.0)
    return network(jnp.concatenate([judged, inside], axis=-1))[..., 0]
