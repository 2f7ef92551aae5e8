"""How a policy and its default policy are made: the architectures of `Distral`.

| name | π₀ | π |
|---|---|---|
| ``"own"`` | a network | a network |
| ``"shared"`` | a head of the network of π | another head: both see the same |
| ``"two_columns"`` | a network, the first column | a network, whose output is added to that of π₀ |
| ``"lstm"`` | an LSTM and a network: it remembers the episode | a network |
| ``"latent"`` | a network that also sees a latent y, drawn at each step | a network |

The latent one is Tirumala et al. (2019), appendix A, equation 15 for each step: π₀(a|y, x⁰) with
π₀(y|y'), where y' is the latent before, and an inference network f(y|y', x). Its divergence is

    KL(π(a|x) ‖ π₀(a|y, x⁰)) + KL(f(y|y', x) ‖ π₀(y|y')),  y ~ f

which bounds that from the marginal of π₀ from above. The gap is the mean divergence of f from the
posterior of y given the action. Default policy and inference network descend the bound.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from hierax.agents.agent import Key
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl import defaults
from hierax.agents.kl.flat import POLICY, Seen
from hierax.agents.kl.heads import gaussian, outputs
from hierax.agents.kl.learner import Parameters
from hierax.agents.kl.modular import ModularAgent
from hierax.agents.torsos import Network

POLICY_DEFAULT = "policy_default"
"""Name of the module of π₀; with ``"shared"`` it is the network of both."""
LATENT_DEFAULT, INFERENCE = "latent_default", "inference"
"""Names of the modules of π₀(y|y') and f(y|y', x)."""


class Past(NamedTuple):
    """The memory of a default policy where a window of T + 1 observations begins.

    Attributes:
        memory: ``(B, M)``, at the first of them.
        begins: ``(T + 1, B)`` bool, where an episode begins.
    """

    memory: Array
    begins: Array


class Both(NamedTuple):
    """Outputs of policy and default policy at T + 1 observations.

    Attributes:
        policy: ``(T + 1, B, outputs)``.
        default: likewise.
        nats: ``(T + 1, B)``, the divergence of latents of the default policy; 0 without any.
    """

    policy: Array
    default: Array
    nats: Array


@dataclasses.dataclass(frozen=True)
class Own:
    """Two networks.

    Attributes:
        size: units that the default policy remembers, where it does.
    """

    size: int

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that see views."""
        return POLICY, POLICY_DEFAULT

    @property
    def memory(self) -> int:
        """M, numbers that are remembered from one step to the next."""
        return 0

    def build(self, agent: ModularAgent, key: Key) -> dict[str, Any]:
        """Return untrained modules by name."""
        keys = jax.random.split(key)
        heads = outputs(agent.spec.action)
        return {
            name: agent.policy_network(each, name, heads)
            for name, each in zip((POLICY, POLICY_DEFAULT), keys, strict=True)
        }

    def policy(self, parameters: Parameters, seen: Seen) -> Array:
        """Return the outputs of the policy."""
        return parameters[POLICY](seen[POLICY])

    def remembered(self, parameters: Parameters, seen: Seen, memory: Array, key: Key) -> Array:
        """Return what is remembered after an observation of each of B environments."""
        del parameters, seen, key
        return memory

    def both(self, parameters: Parameters, seen: Seen, past: Past, key: Key) -> Both:
        """Return the outputs of policy and default policy at the observations of a window."""
        del key
        default = parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT])
        return Both(self.policy(parameters, seen), default, jnp.zeros(past.begins.shape))


class Shared(Own):
    """Two heads of one network."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that see views."""
        return (POLICY_DEFAULT,)

    def build(self, agent: ModularAgent, key: Key) -> dict[str, Any]:
        """Return untrained modules by name."""
        heads = 2 * outputs(agent.spec.action)
        return {POLICY_DEFAULT: agent.policy_network(key, POLICY_DEFAULT, heads)}

    def policy(self, parameters: Parameters, seen: Seen) -> Array:
        """Return the outputs of the policy."""
        return jnp.split(parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT]), 2, axis=-1)[0]

    def both(self, parameters: Parameters, seen: Seen, past: Past, key: Key) -> Both:
        """Return the outputs of policy and default policy at the observations of a window."""
        del key
        output = parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT])
        policy, default = jnp.split(output, 2, axis=-1)
        return Both(policy, default, jnp.zeros(past.begins.shape))


class TwoColumns(Own):
    """Two networks; the outputs of the policy are their sum."""

    def policy(self, parameters: Parameters, seen: Seen) -> Array:
        """Return the outputs of the policy."""
        return super().policy(parameters, seen) + parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT])


class Recurrent(eqx.Module):
    """A default policy that remembers the episode.

    Attributes:
        cell: an LSTM of what it observes.
        head: from observation and state of the LSTM to the outputs.
    """

    cell: eqx.nn.LSTMCell
    head: Network

    def after(self, memory: Array, seen: Array) -> Array:
        """Return the state ``(B, M)`` of the LSTM after an observation."""
        hidden, cell = jnp.split(memory, 2, axis=-1)
        return jnp.concatenate(jax.vmap(self.cell)(seen, (hidden, cell)), axis=-1)

    def __call__(self, seen: Array, past: Past) -> Array:
        """Return the outputs at the observations of a window."""

        def row(memory: Array, given: tuple[Array, Array]) -> tuple[Array, Array]:
            seen, begins = given
            after = self.after(jnp.where(begins[:, None], 0.0, memory), seen)
            return after, jnp.split(after, 2, axis=-1)[0]

        _, hidden = jax.lax.scan(row, past.memory, (seen, past.begins))
        return self.head(jnp.concatenate([seen, hidden], axis=-1))


class Lstm(Own):
    """A default policy with an LSTM of ``size`` units."""

    @property
    def memory(self) -> int:
        """M, hidden state and cell of the LSTM."""
        return 2 * self.size

    def build(self, agent: ModularAgent, key: Key) -> dict[str, Any]:
        """Return untrained modules by name."""
        policy_key, head_key, cell_key = jax.random.split(key, 3)
        heads, inputs = outputs(agent.spec.action), agent.spec.size(agent.views[POLICY_DEFAULT])
        head = agent.policy_network(head_key, POLICY_DEFAULT, heads, self.size)
        cell = eqx.nn.LSTMCell(inputs, self.size, key=cell_key)
        return {
            POLICY: agent.policy_network(policy_key, POLICY, heads),
            POLICY_DEFAULT: Recurrent(cell, head),
        }

    def remembered(self, parameters: Parameters, seen: Seen, memory: Array, key: Key) -> Array:
        """Return the state of the LSTM after an observation of each of B environments."""
        del key
        return parameters[POLICY_DEFAULT].after(memory, seen[POLICY_DEFAULT])

    def both(self, parameters: Parameters, seen: Seen, past: Past, key: Key) -> Both:
        """Return the outputs of policy and default policy at the observations of a window."""
        del key
        default = parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT], past)
        return Both(self.policy(parameters, seen), default, jnp.zeros(past.begins.shape))


class Latent(Own):
    """A default policy with a latent of ``size`` numbers for each step."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that see views."""
        return POLICY, POLICY_DEFAULT, INFERENCE

    @property
    def memory(self) -> int:
        """M, the latent of the step before."""
        return self.size

    def build(self, agent: ModularAgent, key: Key) -> dict[str, Any]:
        """Return untrained modules by name."""
        policy_key, default_key, inference_key, latent_key = jax.random.split(key, 4)
        heads = outputs(agent.spec.action)
        return {
            POLICY: agent.policy_network(policy_key, POLICY, heads),
            POLICY_DEFAULT: agent.policy_network(default_key, POLICY_DEFAULT, heads, self.size),
            INFERENCE: agent.policy_network(inference_key, INFERENCE, 2 * self.size, self.size),
            LATENT_DEFAULT: defaults.build(latent_key, "learned", self.size, 0.0, (self.size,)),
        }

    def remembered(self, parameters: Parameters, seen: Seen, memory: Array, key: Key) -> Array:
        """Return a latent that is inferred from an observation of each of B environments."""
        return _inferred(parameters, seen[INFERENCE], memory).sample(key)

    def both(self, parameters: Parameters, seen: Seen, past: Past, key: Key) -> Both:
        """Return the outputs of policy and default policy at the observations of a window."""

        def row(memory: Array, given: tuple[Array, Array, Array]) -> tuple[Array, Any]:
            seen, begins, noise = given
            before = jnp.where(begins[:, None], 0.0, memory)
            inferred = _inferred(parameters, seen, before)
            latent = inferred.mean + jnp.exp(inferred.log_scale) * noise
            return latent, (inferred, before, latent)

        noise = jax.random.normal(key, (*past.begins.shape, self.size))
        rows = seen[INFERENCE], past.begins, noise
        _, (inferred, before, latent) = jax.lax.scan(row, past.memory, rows)
        prior = parameters[LATENT_DEFAULT](before, past.begins)
        inputs = jnp.concatenate([seen[POLICY_DEFAULT], latent], axis=-1)
        return Both(
            self.policy(parameters, seen),
            parameters[POLICY_DEFAULT](inputs),
            kl_divergence(inferred, prior),
        )


ARCHITECTURES: Mapping[str, type[Own]] = {
    "own": Own,
    "shared": Shared,
    "two_columns": TwoColumns,
    "lstm": Lstm,
    "latent": Latent,
}
"""Architectures by name."""


def _inferred(parameters: Parameters, seen: Array, before: Array) -> Any:
    """Return f(y|y', x), a Gaussian of latents."""
    return gaussian(parameters[INFERENCE](jnp.concatenate([seen, before], axis=-1)))
