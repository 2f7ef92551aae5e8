"""An on-policy actor-critic with V-trace, and a tiny world whose answer is known."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax.agents import Encoder, OnPolicy
from hierax.agents.distributions import Categorical
from hierax.agents.networks import MLP
from hierax.agents.optimisation import gradient_step
from hierax.agents.targets import vtrace
from hierax.spec import Discrete, View, WorldSpec
from hierax.worlds.world import Timestep

CHANCE = 0.1
"""Probability that an episode terminates although it was not ended."""


class Learner(NamedTuple):
    actor: MLP
    critic: MLP
    optimisers: tuple[Any, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class VTraceActorCritic(OnPolicy):
    """Discrete actions, with their log-probability as extras."""

    rollout_length: int = 8
    discount: float = 0.9
    learning_rate: float = 3e-3
    entropy: float = 1e-2
    hidden_sizes: tuple[int, ...] = (16,)

    def encoders(self):
        return {"all": Encoder.of(self.spec, self.spec.view_names)}

    def build(self, key):
        keys, size = jax.random.split(key), self.spec.size(self.spec.view_names)
        actor = MLP(keys[0], size, self.hidden_sizes, self.spec.action.count)
        critic = MLP(keys[1], size, self.hidden_sizes, 1)
        return Learner(actor, critic, tuple(map(self._optimiser.init, (actor, critic))))

    def initial_carry(self, count):
        return ()

    def act(self, state, carry, observation, key, *, explore):
        policy = Categorical(state.learner.actor(state.encoders["all"](observation)))
        action = policy.sample(key) if explore else policy.mode()
        return carry, action, {"log_prob": policy.log_prob(action)}

    def sample(self, state, key):
        rollout, encode = super().sample(state, key), jax.vmap(state.encoders["all"])
        return rollout._replace(
            observation=encode(rollout.observation),
            next_observation=encode(rollout.next_observation),
        )

    def update(self, learner, batch, key):
        def mean(values):
            return jnp.where(batch.is_step, values, 0.0).sum() / batch.is_step.sum()

        log_prob = Categorical(learner.actor(batch.observation)).log_prob(batch.action)
        targets = vtrace(
            value=learner.critic(batch.observation)[..., 0],
            next_value=learner.critic(batch.next_observation)[..., 0],
            reward=batch.reward,
            discount=jnp.where(batch.terminated, 0.0, self.discount),
            log_ratio=jnp.where(batch.is_step, log_prob - batch.extras["log_prob"], -jnp.inf),
        )

        def critic_loss(critic):
            error = critic(batch.observation)[..., 0] - targets.value
            return mean(0.5 * error**2), None

        def actor_loss(actor):
            policy = Categorical(actor(batch.observation))
            gain = targets.advantage * policy.log_prob(batch.action)
            return -mean(gain + self.entropy * policy.entropy()), None

        actor, critic = (
            gradient_step(self._optimiser, loss, parameters, state)
            for loss, parameters, state in zip(
                (actor_loss, critic_loss), learner[:2], learner.optimisers, strict=True
            )
        )
        learner = Learner(actor.parameters, critic.parameters, (actor.optimiser, critic.optimiser))
        return learner, {
            "actor_loss": actor.loss,
            "actor_gradient": actor.gradient_norm,
            "critic_loss": critic.loss,
            "critic_gradient": critic.gradient_norm,
        }

    @property
    def _optimiser(self):
        return optax.adam(self.learning_rate)


@dataclasses.dataclass(frozen=True)
class StayOrLeave:
    """Action ``cue`` leaves: reward 2, and the episode terminates. The other one stays: reward 1.

    The cue is drawn anew at each step. Episodes that go on terminate with probability `CHANCE`, and
    are truncated after five steps. To stay is best: V = 1 / (1 - γ (1 - `CHANCE`)).
    """

    @property
    def spec(self):
        return WorldSpec("StayOrLeave", (View("cue", (2,)),), Discrete(2), 5)

    def reset(self, key):
        cue = jax.random.bernoulli(key).astype(jnp.int32)
        return cue, self._shown(cue, 0.0, False)

    def step(self, state, action, key):
        cue_key, end_key = jax.random.split(key)
        leaves = action == state
        over = leaves | jax.random.bernoulli(end_key, CHANCE)
        cue = jax.random.bernoulli(cue_key).astype(jnp.int32)
        return cue, self._shown(cue, jnp.where(leaves, 2.0, 1.0), over)

    def _shown(self, cue, reward, over):
        seen = {"cue": jax.nn.one_hot(cue, 2)}
        return Timestep(seen, jnp.float32(reward), jnp.asarray(over), jnp.array(False))
