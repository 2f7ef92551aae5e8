"""Soft actor-critic with twin critics and an automatic temperature (Haarnoja et al. 2018).

Haarnoja, Zhou, Hartikainen, Tucker, Ha, Tan, Kumar, Zhu, Gupta, Abbeel & Levine (2018), "Soft
actor-critic algorithms and applications", algorithm 1, with the reparameterised actor loss.

    y  = r + γ (min_j Q'_j(s', a') − α (log π(a'|s') − log p(a'))),         a' ~ π(·|s')
    L_Q = Σ_j mean ½ (Q_j(s, a) − y)²
    L_π = mean α (log π(a|s) − log p(a)) − min_j Q_j(s, a),                 a ~ π(·|s)
    L_α = −log α · mean (log π(a|s) + H̄)
    θ' ← θ' + τ (θ − θ')

p is the density that an action is measured against: 1 (``prior="flat"``, the usual form), or that
of uniform actions, 2^−d. Under the second, chance costs nothing, and no episode is worth prolonging
for its randomness alone.
"""

import dataclasses
import math
from numbers import Real
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import action_values, descend, follow, twin_critics
from hierax.agents.distributions import TanhGaussian
from hierax.agents.networks import MLP
from hierax.agents.off_policy import Batch, OffPolicy
from hierax.planning import checks

LOG_SCALES = (-5.0, 2.0)
"""Bounds of the logarithm of a policy's scale, before the squashing."""


class SACLearner(NamedTuple):
    """What changes in an update.

    Attributes:
        actor: (observation) → mean and logarithm of the scale, ``(2 A,)``.
        critics: two, see `twin_critics`.
        targets: their slow copies.
        log_temperature: () log α.
        optimisers: states of Adam for actor, critics and temperature.
    """

    actor: MLP
    critics: MLP
    targets: MLP
    log_temperature: jax.Array
    optimisers: tuple[Any, Any, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SAC(OffPolicy):
    """Soft actor-critic.

    Attributes:
        temperature: α; None learns it so that the policy's entropy is ``target_entropy``.
        initial_temperature: α at the beginning, where it is learned.
        target_entropy: H̄ in nats, of actions in [-1, 1]^d; None for −d.
        prior: what the density of an action is measured against, see the module.
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
                raise ValueError(f"target_entropy is {self.target_entropy}, but must be finite")
        checks.one_of("prior", self.prior, ("flat", "uniform"))

    @property
    def _optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.learning_rate)

    @property
    def _log_prior(self) -> float:
        """The logarithm of p, for every action."""
        return 0.0 if self.prior == "flat" else -self.action_size * math.log(2.0)

    def build(self, key: Key) -> SACLearner:
        """See `OffPolicy`."""
        actor_key, critic_key = jax.random.split(key)
        actor = MLP(actor_key, self.observation_size, self.hidden, 2 * self.action_size)
        critics = twin_critics(critic_key, self.observation_size, self.action_size, self.hidden)
        first = self.initial_temperature if self.temperature is None else self.temperature
        log_temperature = jnp.log(jnp.asarray(first, float))
        return SACLearner(
            actor=actor,
            critics=critics,
            targets=jax.tree.map(jnp.copy, critics),
            log_temperature=log_temperature,
            optimisers=(
                self._optimiser.init(actor),
                self._optimiser.init(critics),
                self._optimiser.init(log_temperature),
            ),
        )

    def policy(self, actor: MLP, observation: jax.Array) -> TanhGaussian:
        """π(·|s) for observations ``(B, D)``."""
        output = actor(observation)
        mean, log_scale = output[..., : self.action_size], output[..., self.action_size :]
        return TanhGaussian(mean, jnp.clip(log_scale, *LOG_SCALES))

    def explore(self, learner: SACLearner, observation: jax.Array, key: Key) -> jax.Array:
        """See `OffPolicy`: a sample of the policy."""
        return self.policy(learner.actor, observation).sample(key)

    def exploit(self, learner: SACLearner, observation: jax.Array) -> jax.Array:
        """See `OffPolicy`: the tanh of the mean."""
        return self.policy(learner.actor, observation).mode()

    def update(self, learner: SACLearner, batch: Batch, key: Key) -> tuple[SACLearner, Metrics]:
        """See `OffPolicy`."""
        target_key, actor_key = jax.random.split(key)
        for_actor, for_critics, for_temperature = learner.optimisers
        target = self._target(learner, batch, target_key)

        def critic_loss(critics: MLP) -> tuple[jax.Array, jax.Array]:
            values = action_values(critics, batch.observation, batch.action)
            return 0.5 * jnp.square(values - target).mean(axis=1).sum(), values.mean()

        critics = descend(self._optimiser, critic_loss, learner.critics, for_critics)

        def actor_loss(actor: MLP) -> tuple[jax.Array, jax.Array]:
            action, log_ratio = self._act(actor, batch.observation, actor_key)
            value = action_values(critics.parameters, batch.observation, action).min(axis=0)
            return (jnp.exp(learner.log_temperature) * log_ratio - value).mean(), log_ratio.mean()

        actor = descend(self._optimiser, actor_loss, learner.actor, for_actor)
        entropy = -(actor.aux + self._log_prior)
        log_temperature, for_temperature, temperature_loss = self._tempered(
            learner.log_temperature, for_temperature, entropy
        )
        learner = SACLearner(
            actor=actor.parameters,
            critics=critics.parameters,
            targets=follow(learner.targets, critics.parameters, self.target_rate),
            log_temperature=log_temperature,
            optimisers=(actor.optimiser, critics.optimiser, for_temperature),
        )
        return learner, {
            "critic_loss": critics.loss,
            "critic_gradient": critics.gradient_norm,
            "actor_loss": actor.loss,
            "actor_gradient": actor.gradient_norm,
            "temperature_loss": temperature_loss,
            "temperature": jnp.exp(log_temperature),
            "entropy": entropy,
            "action_value": critics.aux,
        }

    def _act(self, actor: MLP, observation: jax.Array, key: Key) -> tuple[jax.Array, jax.Array]:
        """Actions ``(B, A)`` and their log π − log p, ``(B,)``."""
        action, _, log_prob = self.policy(actor, observation).sample_with_log_prob(key)
        return action, log_prob - self._log_prior

    def _target(self, learner: SACLearner, batch: Batch, key: Key) -> jax.Array:
        """The target y, ``(B,)``."""
        action, log_ratio = self._act(learner.actor, batch.next_observation, key)
        value = action_values(learner.targets, batch.next_observation, action).min(axis=0)
        value = value - jnp.exp(learner.log_temperature) * log_ratio
        return batch.reward + batch.discount * value

    def _tempered(
        self, log_temperature: jax.Array, state: Any, entropy: jax.Array
    ) -> tuple[jax.Array, Any, jax.Array]:
        """The logarithm of α after its step, the state of its optimiser, and its loss."""
        if self.temperature is not None:
            return log_temperature, state, jnp.zeros(())
        wanted = -self.action_size if self.target_entropy is None else self.target_entropy
        step = descend(
            self._optimiser,
            lambda log_alpha: (log_alpha * (entropy - wanted), None),
            log_temperature,
            state,
        )
        return step.parameters, step.optimiser, step.loss
