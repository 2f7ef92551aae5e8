"""The update of maximum-entropy actor-critics, for any policy that can be sampled.

    y  = r + γ (min_j Q'_j(s', a') − α k(a', s')),      a' ~ π(·|s'),   k = log π(a|s) − log p(a)
    L_Q = Σ_j mean ½ (Q_j(s, a) − y)²
    L_π = mean α k(a, s) − min_j Q_j(s, a),             a ~ π(·|s)
    L_α = log α · mean (k̄ − k)
    θ' ← θ' + τ (θ − θ')

p is a fixed prior density of actions. If p is normalised, the mean of k is KL(π ‖ p). k is in the
target and in the actor's loss. With k in only one of them, critic and actor would have different
objectives. Gradients of L_π pass through the action to the policy (reparameterisation).
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import action_values
from hierax.agents.networks import MLP
from hierax.agents.optimisation import gradient_step, polyak_update
from hierax.agents.parts import Part, Parts, Path
from hierax.agents.transitions import TransitionBatch

Sample = Callable[[Any, jax.Array, Key], tuple[jax.Array, jax.Array, Metrics]]
"""(actor, observations ``(B, D)``, key) → actions ``(B, A)``, their k ``(B,)``, and metrics."""


class SoftLearner(NamedTuple):
    """Everything that an update changes.

    Attributes:
        actor: parameters of the policy.
        critics: two, from `twin_critics`.
        targets: slow copies of the critics.
        log_temperature: () log α.
        optimisers: states of Adam for actor, critics and temperature.
    """

    actor: Any
    critics: MLP
    targets: MLP
    log_temperature: jax.Array
    optimisers: tuple[Any, Any, Any]


def soft_parts(place: Path, encoder: str) -> Parts:
    """Return the parts of a learner at a place; all see through one encoder."""
    actor, critics, temperature = ((*place, "optimisers", number) for number in range(3))
    encoders = (encoder,)
    return {
        "actor": Part((*place, "actor"), (), (actor,), encoders),
        "critic": Part((*place, "critics"), ((*place, "targets"),), (critics,), encoders),
        "temperature": Part((*place, "log_temperature"), (), (temperature,)),
    }


@dataclasses.dataclass(frozen=True)
class SoftUpdate:
    """One gradient update of actor, critics and temperature.

    Attributes:
        sample: of the policy.
        optimiser: of actor, critics and temperature.
        tau: τ.
        target_ratio: k̄, the mean of k that α is tuned to; None keeps α constant.
    """

    sample: Sample
    optimiser: optax.GradientTransformation
    tau: float
    target_ratio: float | None

    def init(self, actor: Any, critics: MLP, temperature: float) -> SoftLearner:
        """Return the learner before its first update."""
        log_temperature = jnp.log(jnp.asarray(temperature, float))
        learned = (actor, critics, log_temperature)
        return SoftLearner(
            actor=actor,
            critics=critics,
            targets=jax.tree.map(jnp.copy, critics),
            log_temperature=log_temperature,
            optimisers=tuple(map(self.optimiser.init, learned)),  # type: ignore[arg-type]
        )

    def __call__(
        self, learner: SoftLearner, batch: TransitionBatch, key: Key
    ) -> tuple[SoftLearner, Metrics]:
        """Return the learner after one update from a batch, and metrics."""
        target_key, actor_key = jax.random.split(key)
        for_actor, for_critics, for_temperature = learner.optimisers
        target = self._target(learner, batch, target_key)

        def critic_loss(critics: MLP) -> tuple[jax.Array, jax.Array]:
            values = action_values(critics, batch.observation, batch.action)
            return 0.5 * jnp.square(values - target).mean(axis=1).sum(), values.mean()

        critics = gradient_step(self.optimiser, critic_loss, learner.critics, for_critics)

        def actor_loss(actor: Any) -> tuple[jax.Array, tuple[jax.Array, Metrics]]:
            action, log_ratio, logged = self.sample(actor, batch.observation, actor_key)
            value = action_values(critics.parameters, batch.observation, action).min(axis=0)
            loss = (jnp.exp(learner.log_temperature) * log_ratio - value).mean()
            return loss, (log_ratio.mean(), logged)

        actor = gradient_step(self.optimiser, actor_loss, learner.actor, for_actor)
        log_ratio, logged = actor.aux
        log_temperature, for_temperature, temperature_loss = self._temperature_step(
            learner.log_temperature, for_temperature, log_ratio
        )
        learner = SoftLearner(
            actor=actor.parameters,
            critics=critics.parameters,
            targets=polyak_update(learner.targets, critics.parameters, self.tau),
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
            "action_value": critics.aux,
            **logged,
        }

    def _target(self, learner: SoftLearner, batch: TransitionBatch, key: Key) -> jax.Array:
        """Return the target y, ``(B,)``."""
        action, log_ratio, _ = self.sample(learner.actor, batch.next_observation, key)
        value = action_values(learner.targets, batch.next_observation, action).min(axis=0)
        value = value - jnp.exp(learner.log_temperature) * log_ratio
        return batch.reward + batch.discount * value

    def _temperature_step(
        self, log_temperature: jax.Array, state: Any, log_ratio: jax.Array
    ) -> tuple[jax.Array, Any, jax.Array]:
        """Return log α after its step, the state of its optimiser, and its loss."""
        target = self.target_ratio
        if target is None:
            return log_temperature, state, jnp.zeros(())
        step = gradient_step(
            self.optimiser,
            lambda log_alpha: (log_alpha * (target - log_ratio), None),
            log_temperature,
            state,
        )
        return step.parameters, step.optimiser, step.loss
