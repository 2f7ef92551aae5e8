"""The update of TD3: clipped double Q-learning with a delayed deterministic actor.

Fujimoto, van Hoof & Meger (2018), "Addressing function approximation error in actor-critic
methods", algorithm 1:

    a' = clip(μ'(s') + clip(σ' ε, −c, c), −1, 1)
    y  = r + γ min_j Q'_j(s', a')
    L_Q = Σ_j mean (Q_j(s, a) − y)²
    every d-th update:   L_μ = −mean Q_1(s, μ(s));   θ' ← θ' + τ (θ − θ') for actor and critics

With a penalty w on actions before the tanh, μ = tanh ν, the loss of the actor is L_μ + w mean ν².
Without it, an actor that saturates early has no gradient left to leave the corner.
"""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import action_values
from hierax.agents.networks import MLP
from hierax.agents.optimisation import GradientStep, gradient_step, polyak_update
from hierax.agents.transitions import TransitionBatch


class TD3Learner(NamedTuple):
    """Everything that an update changes.

    Attributes:
        actor: (observation) → action before the tanh, ``(A,)``.
        critics: two, from `twin_critics`.
        target_actor: slow copy of the actor.
        target_critics: slow copies of the critics.
        optimisers: states of the optimiser for actor and critics.
        updates: () int32, updates of the critics so far.
        actor_metrics: loss and gradient norm of the actor's last update, ``(2,)``.
    """

    actor: MLP
    critics: MLP
    target_actor: MLP
    target_critics: MLP
    optimisers: tuple[optax.OptState, optax.OptState]
    updates: jax.Array
    actor_metrics: jax.Array


@dataclasses.dataclass(frozen=True)
class TD3Update:
    """One gradient update of critics and, every d-th time, of actor and targets.

    Actions are in [-1, 1]. Noise is Gaussian, in the same units.

    Attributes:
        optimiser: of actor and critics.
        tau: τ.
        policy_delay: d, critic updates for each update of actor and targets.
        target_policy_noise: standard deviation σ' of the noise on target actions.
        target_noise_clip: c, bound of that noise.
        actor_optimiser: of the actor, if it has one of its own.
        critic_loss: ``"squared"``, or ``"huber"`` with δ = 1.
        pretanh_penalty: w, weight of the mean square of actions before the tanh.
    """

    optimiser: optax.GradientTransformation
    tau: float
    policy_delay: int
    target_policy_noise: float
    target_noise_clip: float
    actor_optimiser: optax.GradientTransformation | None = None
    critic_loss: Literal["squared", "huber"] = "squared"
    pretanh_penalty: float = 0.0

    def init(self, actor: MLP, critics: MLP) -> TD3Learner:
        """Return the learner before its first update."""
        return TD3Learner(
            actor=actor,
            critics=critics,
            target_actor=jax.tree.map(jnp.copy, actor),
            target_critics=jax.tree.map(jnp.copy, critics),
            optimisers=(self._of_actor.init(actor), self.optimiser.init(critics)),  # type: ignore[arg-type]
            updates=jnp.zeros((), jnp.int32),
            actor_metrics=jnp.zeros(2),
        )

    def __call__(
        self, learner: TD3Learner, batch: TransitionBatch, key: Key
    ) -> tuple[TD3Learner, Metrics]:
        """Return the learner after one update from a batch, and metrics."""
        target = self._target(learner, batch, key)

        def loss(critics: MLP) -> tuple[jax.Array, jax.Array]:
            values = action_values(critics, batch.observation, batch.action)
            return self._error(values - target).mean(axis=1).sum(), values

        step = gradient_step(self.optimiser, loss, learner.critics, learner.optimisers[1])
        updates = learner.updates + 1
        learner = learner._replace(
            critics=step.parameters,
            optimisers=(learner.optimisers[0], step.optimiser),
            updates=updates,
        )
        learner = jax.lax.cond(
            updates % self.policy_delay == 0,
            lambda before: self._update_actor(before, batch.observation),
            lambda before: before,
            learner,
        )
        return learner, {
            "critic_loss": step.loss,
            "critic_gradient": step.gradient_norm,
            "actor_loss": learner.actor_metrics[0],
            "actor_gradient": learner.actor_metrics[1],
            "action_value": step.aux.mean(),
            "action_value_least": step.aux.min(),
            "action_value_most": step.aux.max(),
        }

    @property
    def _of_actor(self) -> optax.GradientTransformation:
        return self.optimiser if self.actor_optimiser is None else self.actor_optimiser

    def _error(self, difference: jax.Array) -> jax.Array:
        """Return the loss of each temporal difference."""
        if self.critic_loss == "huber":
            return optax.losses.huber_loss(difference)
        return jnp.square(difference)

    def _target(self, learner: TD3Learner, batch: TransitionBatch, key: Key) -> jax.Array:
        """Return the target y, ``(B,)``."""
        noise = self.target_policy_noise * jax.random.normal(key, batch.action.shape)
        noise = jnp.clip(noise, -self.target_noise_clip, self.target_noise_clip)
        action = deterministic_action(learner.target_actor, batch.next_observation) + noise
        action = jnp.clip(action, -1.0, 1.0)
        values = action_values(learner.target_critics, batch.next_observation, action)
        return batch.reward + batch.discount * values.min(axis=0)

    def _update_actor(self, learner: TD3Learner, observation: jax.Array) -> TD3Learner:
        """Return the learner after the delayed part: the actor's step and the Polyak updates."""
        first = jax.tree.map(lambda leaf: leaf[:1], learner.critics)

        def loss(actor: MLP) -> tuple[jax.Array, None]:
            before = actor(observation)
            value = -action_values(first, observation, jnp.tanh(before)).mean()
            if self.pretanh_penalty:
                value += self.pretanh_penalty * jnp.square(before).mean()
            return value, None

        step: GradientStep = gradient_step(
            self._of_actor, loss, learner.actor, learner.optimisers[0]
        )
        return learner._replace(
            actor=step.parameters,
            target_actor=polyak_update(learner.target_actor, step.parameters, self.tau),
            target_critics=polyak_update(learner.target_critics, learner.critics, self.tau),
            optimisers=(step.optimiser, learner.optimisers[1]),
            actor_metrics=jnp.stack([step.loss, step.gradient_norm]),
        )


def deterministic_action(actor: MLP, observation: jax.Array) -> jax.Array:
    """Return the actor's actions ``(B, A)`` in [-1, 1] for observations ``(B, D)``."""
    return jnp.tanh(actor(observation))
