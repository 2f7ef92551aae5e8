"""Soft actor-critic with twin critics and an automatic temperature (Haarnoja et al. 2018).

Haarnoja, Zhou, Hartikainen, Tucker, Ha, Tan, Kumar, Zhu, Gupta, Abbeel & Levine (2018), "Soft
actor-critic algorithms and applications", algorithm 1, with the reparameterised actor loss.

The update is `hierax.agents.updates.soft`, with a tanh-squashed Gaussian policy. α is tuned so that
the policy's entropy is H̄:

    L_α = −log α · mean (log π(a|s) + H̄)

The prior density p of actions is 1 (``prior="flat"``, the usual form) or that of uniform actions,
2^−d (``prior="uniform"``). With the second, the entropy term is at most 0, so no episode is worth
prolonging for its entropy alone.
"""

import dataclasses
import math
from numbers import Real
from typing import Literal

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.actor_critic import OBSERVATION
from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import twin_critics
from hierax.agents.distributions import TanhGaussian
from hierax.agents.flat_actor_critic import FlatActorCritic
from hierax.agents.networks import MLP
from hierax.agents.parts import Parts
from hierax.agents.transitions import TransitionBatch
from hierax.agents.updates.soft import SoftLearner, SoftUpdate, soft_parts

LOG_SCALES = (-5.0, 2.0)
"""Bounds of the policy's log standard deviation, before the tanh."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SAC(FlatActorCritic):
    """Soft actor-critic.

    Attributes:
        temperature: α; None tunes it so that the policy's entropy is ``target_entropy``.
        initial_temperature: α at the beginning, if it is tuned.
        target_entropy: H̄ in nats, of actions in [-1, 1]^d; None for −d.
        prior: ``"flat"`` or ``"uniform"``, the prior density of actions.
    """

    temperature: float | None = None
    initial_temperature: float = 1.0
    target_entropy: float | None = None
    prior: Literal["flat", "uniform"] = "flat"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.temperature is not None:
            checks.positive("temperature", self.temperature)
        checks.positive("initial_temperature", self.initial_temperature)
        if self.target_entropy is not None:
            checks.instance("target_entropy", self.target_entropy, Real)
            if not math.isfinite(self.target_entropy):
                raise ValueError(f"target_entropy must be finite, got {self.target_entropy}")
        checks.one_of("prior", self.prior, ("flat", "uniform"))

    @property
    def _log_prior(self) -> float:
        """Return log p, the same for every action."""
        return 0.0 if self.prior == "flat" else -self.action_size * math.log(2.0)

    @property
    def _soft_update(self) -> SoftUpdate:
        entropy = -self.action_size if self.target_entropy is None else self.target_entropy
        return SoftUpdate(
            sample=self._sample,
            optimiser=self.optimiser,
            tau=self.tau,
            target_ratio=None if self.temperature else -entropy - self._log_prior,
        )

    @property
    def parts(self) -> Parts:
        """Actor, critics and temperature."""
        return soft_parts((), OBSERVATION)

    def build(self, key: Key) -> SoftLearner:
        """Return actor, critics and temperature."""
        actor_key, critic_key = jax.random.split(key)
        actor = MLP(actor_key, self.observation_size, self.hidden_sizes, 2 * self.action_size)
        critics = twin_critics(
            critic_key, self.observation_size, self.action_size, self.hidden_sizes
        )
        first = self.initial_temperature if self.temperature is None else self.temperature
        return self._soft_update.init(actor, critics, first)

    def policy(self, actor: MLP, observation: jax.Array) -> TanhGaussian:
        """Return π(·|s) for observations ``(B, D)``."""
        output = actor(observation)
        mean, log_scale = output[..., : self.action_size], output[..., self.action_size :]
        return TanhGaussian(mean, jnp.clip(log_scale, *LOG_SCALES))

    def disturbed(
        self, learner: SoftLearner, observation: jax.Array, noise: jax.Array
    ) -> jax.Array:
        """Return samples of the policy, tanh(μ + σ ε) with ``noise`` ε."""
        policy = self.policy(learner.actor, observation)
        return jnp.tanh(policy.mean + jnp.exp(policy.log_scale) * noise)

    def exploit(self, learner: SoftLearner, observation: jax.Array) -> jax.Array:
        """Return the tanh of the policy's mean."""
        return self.policy(learner.actor, observation).mode()

    def update(
        self, learner: SoftLearner, batch: TransitionBatch, key: Key
    ) -> tuple[SoftLearner, Metrics]:
        """Return the learner after one update, and metrics."""
        return self._soft_update(learner, batch, key)

    def _sample(
        self, actor: MLP, observation: jax.Array, key: Key
    ) -> tuple[jax.Array, jax.Array, Metrics]:
        """Return actions ``(B, A)``, their log π − log p ``(B,)``, and the entropy."""
        action, _, log_prob = self.policy(actor, observation).sample_with_log_prob(key)
        return action, log_prob - self._log_prior, {"entropy": -log_prob.mean()}
