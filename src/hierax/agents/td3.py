"""Twin delayed deep deterministic policy gradient, TD3 (Fujimoto, van Hoof & Meger 2018, alg. 1).

a' = clip(μ'(s') + clip(σ' ε, −c, c), −1, 1)
y  = r + γ min_j Q'_j(s', a')
L_Q = Σ_j mean (Q_j(s, a) − y)²
every d-th update:   L_μ = −mean Q_1(s, μ(s));   θ' ← θ' + τ (θ − θ') for actor and critics
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax import checks
from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import Descended, action_values, descend, follow, twin_critics
from hierax.agents.flat import FlatOffPolicy
from hierax.agents.networks import MLP
from hierax.agents.off_policy import Batch


class TD3Learner(NamedTuple):
    """What changes in an update.

    Attributes:
        actor: (observation) → action before the tanh, ``(A,)``.
        critics: two, see `twin_critics`.
        target_actor: slow copy of the actor.
        target_critics: slow copies of the critics.
        optimisers: states of Adam for actor and critics.
        updates: () int32, of the critics so far.
        actor_metrics: loss and gradient norm of the actor's last update, ``(2,)``.
    """

    actor: MLP
    critics: MLP
    target_actor: MLP
    target_critics: MLP
    optimisers: tuple[Any, Any]
    updates: jax.Array
    actor_metrics: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class TD3(FlatOffPolicy):
    """TD3. All noise is Gaussian, in units of half the range of an action.

    Attributes:
        exploration_noise: standard deviation of the noise on actions while learning.
        target_policy_noise: standard deviation σ' of the noise on target actions.
        target_noise_clip: c, its largest size.
        policy_delay: d, critic updates for each update of actor and targets.
    """

    exploration_noise: float = 0.1
    target_policy_noise: float = 0.2
    target_noise_clip: float = 0.5
    policy_delay: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("exploration_noise", "target_policy_noise", "target_noise_clip"):
            checks.not_negative(name, getattr(self, name))
        checks.count("policy_delay", self.policy_delay, 1)

    @property
    def _optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.learning_rate)

    def build(self, key: Key) -> TD3Learner:
        """See `FlatOffPolicy`."""
        actor_key, critic_key = jax.random.split(key)
        actor = MLP(actor_key, self.observation_size, self.hidden_sizes, self.action_size)
        critics = twin_critics(
            critic_key, self.observation_size, self.action_size, self.hidden_sizes
        )
        return TD3Learner(
            actor=actor,
            critics=critics,
            target_actor=jax.tree.map(jnp.copy, actor),
            target_critics=jax.tree.map(jnp.copy, critics),
            optimisers=(self._optimiser.init(actor), self._optimiser.init(critics)),
            updates=jnp.zeros((), jnp.int32),
            actor_metrics=jnp.zeros(2),
        )

    def explore(self, learner: TD3Learner, observation: jax.Array, key: Key) -> jax.Array:
        """See `FlatOffPolicy`: the actor's action and noise."""
        action = self.exploit(learner, observation)
        noise = self.exploration_noise * jax.random.normal(key, action.shape)
        return jnp.clip(action + noise, -1.0, 1.0)

    def exploit(self, learner: TD3Learner, observation: jax.Array) -> jax.Array:
        """See `FlatOffPolicy`: the actor's action."""
        return jnp.tanh(learner.actor(observation))

    def update(self, learner: TD3Learner, batch: Batch, key: Key) -> tuple[TD3Learner, Metrics]:
        """See `FlatOffPolicy`."""
        target = self._target(learner, batch, key)

        def loss(critics: MLP) -> tuple[jax.Array, jax.Array]:
            values = action_values(critics, batch.observation, batch.action)
            return jnp.square(values - target).mean(axis=1).sum(), values.mean()

        step = descend(self._optimiser, loss, learner.critics, learner.optimisers[1])
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
            "action_value": step.aux,
        }

    def _target(self, learner: TD3Learner, batch: Batch, key: Key) -> jax.Array:
        """The target y, ``(B,)``."""
        noise = self.target_policy_noise * jax.random.normal(key, batch.action.shape)
        noise = jnp.clip(noise, -self.target_noise_clip, self.target_noise_clip)
        action = jnp.tanh(learner.target_actor(batch.next_observation)) + noise
        action = jnp.clip(action, -1.0, 1.0)
        values = action_values(learner.target_critics, batch.next_observation, action)
        return batch.reward + batch.discount * values.min(axis=0)

    def _update_actor(self, learner: TD3Learner, observation: jax.Array) -> TD3Learner:
        """The delayed part: the actor's step, and targets that follow."""
        first = jax.tree.map(lambda leaf: leaf[:1], learner.critics)

        def loss(actor: MLP) -> tuple[jax.Array, None]:
            action = jnp.tanh(actor(observation))
            return -action_values(first, observation, action).mean(), None

        step: Descended = descend(self._optimiser, loss, learner.actor, learner.optimisers[0])
        return learner._replace(
            actor=step.parameters,
            target_actor=follow(learner.target_actor, step.parameters, self.tau),
            target_critics=follow(learner.target_critics, learner.critics, self.tau),
            optimisers=(step.optimiser, learner.optimisers[1]),
            actor_metrics=jnp.stack([step.loss, step.gradient_norm]),
        )
