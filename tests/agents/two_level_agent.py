"""A goal-conditioned agent of two levels: one sets goals for three steps, one acts on them."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax.agents import Encoder, Index, OffPolicy, TD3Update, TransitionBatch
from hierax.agents.critics import twin_critics
from hierax.agents.networks import MLP
from hierax.agents.transitions import held_decision, one_step
from hierax.agents.updates.td3 import TD3Learner, deterministic_action

NOISE = 0.3


class Levels(NamedTuple):
    """Something of each level: learners or batches."""

    high: TD3Learner | TransitionBatch
    low: TD3Learner | TransitionBatch


class Goal(NamedTuple):
    age: jax.Array
    goal: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoLevels(OffPolicy[Levels]):
    """TD3 in both levels. The low level gets -‖position' - goal‖; goals are in [-1, 1]^A."""

    interval: int = 3
    hidden_sizes: tuple[int, ...] = (8,)

    @property
    def indices(self):
        return {"decisions": Index(self.interval, aligned=True), "steps": Index()}

    @property
    def level_update(self):
        return TD3Update(
            optimiser=optax.adam(self.learning_rate),
            tau=0.005,
            policy_delay=2,
            target_policy_noise=0.2,
            target_noise_clip=0.5,
        )

    @property
    def size(self):
        """Numbers of a position, of a goal and of an action."""
        return self.spec.action.size

    def encoders(self):
        return {"position": Encoder.of(self.spec, ("position",))}

    def build(self, key):
        sizes, keys = (self.size, 2 * self.size), jax.random.split(key)
        return Levels(*map(self._level, keys, sizes))

    def initial_carry(self, count):
        return Goal(jnp.zeros(count, jnp.int32), jnp.zeros((count, self.size)))

    def act(self, state, carry, observation, key, *, explore):
        position = state.encoders["position"](observation)
        keys = jax.random.split(key)
        chosen = self._noisy(state.learner.high, position, keys[0], explore)
        decides = (carry.age % self.interval == 0)[:, None]
        goal = jnp.where(decides, chosen, carry.goal)
        seen = jnp.concatenate([position, goal], axis=1)
        action = self._noisy(state.learner.low, seen, keys[1], explore)
        return Goal(carry.age + 1, goal), action, {"goal": goal}

    def sample(self, state, key):
        keys = jax.random.split(key)
        decisions, steps = (
            self.store.sample(state.replay, key, self.batch_size, index)
            for key, index in zip(keys, ("decisions", "steps"), strict=True)
        )
        encode = state.encoders["position"]
        high = held_decision(decisions, self.discount)._replace(action=decisions.extras["goal"][0])
        low, goal = one_step(steps, self.discount), steps.extras["goal"][0]
        high, low = (
            batch._replace(
                observation=encode(batch.observation),
                next_observation=encode(batch.next_observation),
            )
            for batch in (high, low)
        )
        return Levels(high, towards(low, goal))

    def update(self, learner, batch, key):
        keys = jax.random.split(key)
        updated = [self.level_update(*each) for each in zip(learner, batch, keys, strict=True)]
        metrics = {
            f"{name}/{metric}": value
            for name, (_, found) in zip(Levels._fields, updated, strict=True)
            for metric, value in found.items()
        }
        return Levels(*(each for each, _ in updated)), metrics

    def _level(self, key, size):
        actor_key, critic_key = jax.random.split(key)
        actor = MLP(actor_key, size, self.hidden_sizes, self.size)
        critics = twin_critics(critic_key, size, self.size, self.hidden_sizes)
        return self.level_update.init(actor, critics)

    def _noisy(self, level, seen, key, explore):
        best = deterministic_action(level.actor, seen)
        noise = NOISE * jax.random.normal(key, best.shape)
        return jnp.clip(best + noise, -1.0, 1.0) if explore else best


def towards(batch, goal):
    """The steps of a batch as the low level learns from them."""
    seen, after = (
        jnp.concatenate([position, goal], axis=1)
        for position in (batch.observation, batch.next_observation)
    )
    reward = -jnp.linalg.norm(batch.next_observation - goal, axis=1)
    return batch._replace(observation=seen, reward=reward, next_observation=after)
