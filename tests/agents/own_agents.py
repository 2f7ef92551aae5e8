"""Agents with batch types, stores and encoders of their own."""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from hierax.agents import Encoder, Index, OffPolicy
from hierax.agents.networks import MLP
from hierax.agents.optimisation import gradient_step
from hierax.agents.targets import n_step_return


class CommandBatch(NamedTuple):
    """Single steps, all as they were stored."""

    observation: Any
    action: jax.Array
    command: dict[str, jax.Array]
    phase: jax.Array
    reward: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Commander(OffPolicy[CommandBatch]):
    """Random integer actions; extras of several dtypes, some of them nested."""

    def encoders(self):
        return {}

    def build(self, key):
        return jnp.zeros(())

    def initial_carry(self, count):
        return jnp.zeros(count, jnp.uint8)

    def act(self, state, carry, observation, key, *, explore):
        count = len(carry)
        action_key, goal_key = jax.random.split(key)
        command = {
            "goal": jax.random.normal(goal_key, (count, 2), jnp.float16),
            "mask": jax.random.bernoulli(goal_key, 0.5, (count, 3)),
        }
        action = jax.random.randint(action_key, (count,), 0, self.spec.action.count)
        return carry + jnp.uint8(1), action, {"command": command, "phase": carry}

    def sample(self, state, key):
        drawn = self.store.sample(state.replay, key, self.batch_size)
        each = jax.tree.map(lambda leaf: leaf[0], drawn)
        extras = each.extras
        return CommandBatch(
            each.observation, each.action, extras["command"], extras["phase"], each.reward
        )

    def update(self, learner, batch, key):
        return learner + 1, {"loss": batch.reward.mean()}


class WindowBatch(NamedTuple):
    """Windows of 4 steps, time first, as each of two modules sees them."""

    fast: jax.Array
    slow: jax.Array
    reward: jax.Array
    discount: jax.Array


class Module(NamedTuple):
    value: MLP
    optimiser: Any


class Frozen(eqx.Module):
    """A value function that is no longer trained, with its encoder."""

    encoder: Encoder
    value: MLP

    def __call__(self, observation):
        return self.value(self.encoder(observation))[..., 0]


class Modules(NamedTuple):
    fast: Module
    slow: Module
    frozen: Frozen | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoModules(OffPolicy[WindowBatch]):
    """Two value functions with views of their own; the views of one are normalised."""

    steps: int = 4

    @property
    def indices(self):
        return {"windows": Index(self.steps)}

    def encoders(self):
        return {
            "fast": Encoder.of(self.spec, ("number",), normalise=True),
            "slow": Encoder.of(self.spec, ("byte", "number")),
        }

    def build(self, key):
        keys = jax.random.split(key)
        values = [MLP(key, size, (6,), 1) for key, size in zip(keys, (1, 2), strict=True)]
        return Modules(*(Module(value, self._optimiser.init(value)) for value in values))

    def freeze(self, state):
        """The state with the fast module and its encoder frozen, beside the one that learns."""
        frozen = Frozen(state.encoders["fast"], state.learner.fast.value)
        return state._replace(learner=state.learner._replace(frozen=frozen))

    def initial_carry(self, count):
        return ()

    def act(self, state, carry, observation, key, *, explore):
        seen = state.encoders["fast"](observation)
        action = jax.random.normal(key, (len(seen), 2)) + seen
        return carry, action, {"phase": jnp.zeros(len(seen), jnp.int32)}

    def sample(self, state, key):
        drawn = self.store.sample(state.replay, key, self.batch_size, "windows")
        encoded = {n: jax.vmap(each)(drawn.observation) for n, each in state.encoders.items()}
        discount = jnp.where(drawn.terminated, 0.0, self.discount)
        discount = jnp.where(drawn.is_step, discount, 1.0)
        return WindowBatch(**encoded, reward=drawn.reward, discount=discount)

    def update(self, learner, batch, key):
        metrics = {}
        for name in ("fast", "slow"):
            module, seen = getattr(learner, name), getattr(batch, name)
            target = n_step_return(batch.reward, batch.discount, module.value(seen[-1])[:, 0])[0]

            def loss(value, seen=seen, target=target):
                return jnp.square(value(seen[0])[:, 0] - target).mean(), None

            step = gradient_step(self._optimiser, loss, *module)
            learner = learner._replace(**{name: Module(step.parameters, step.optimiser)})
            metrics |= {f"{name}_loss": step.loss, f"{name}_gradient": step.gradient_norm}
        return learner, metrics

    @property
    def _optimiser(self):
        return optax.adam(self.learning_rate)
