"""The base of agents made of a policy and its value alone: `KL` without a hierarchy."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeAlias

import jax
from jax import Array

from hierax.agents.agent import Carry, Key, Observation, TrainState
from hierax.agents.kl.heads import outputs
from hierax.agents.kl.learner import VALUE, Modules, Parameters, Unrolled, Window
from hierax.agents.kl.modular import ModularAgent, Policy

Seen: TypeAlias = Mapping[str, Any]
"""Encoded observations by the name of the module."""
POLICY = "policy"
"""Name of the module besides the value, in metrics, encoders and transfers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatModular(ModularAgent):
    """A policy and its value; both see all views, or those that are given.

    Attributes:
        spec: the world that the agent acts in.
        policy_views: names of the views of the policy; None for all.
        value_views: likewise, of the value.
    """

    policy_views: tuple[str, ...] | None = None
    value_views: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_views()

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of policy and value."""
        every = self.spec.view_names
        return {
            POLICY: every if self.policy_views is None else self.policy_views,
            VALUE: every if self.value_views is None else self.value_views,
        }

    @property
    def modules(self) -> tuple[str, ...]:
        """Policy and value."""
        return POLICY, VALUE

    @property
    def actors(self) -> tuple[str, ...]:
        """The policy."""
        return (POLICY,)

    def build(self, key: Key) -> Modules:
        """Return untrained modules."""
        policy_key, value_key = jax.random.split(key)
        parameters = {
            POLICY: self.policy_network(policy_key, POLICY, outputs(self.spec.action)),
            VALUE: self.value_network(value_key),
        }
        return self.learner.init(parameters)

    def initial_carry(self, count: int) -> Carry:
        """Return an empty carry."""
        del count
        return ()

    def act(
        self,
        state: TrainState,
        carry: Carry,
        observation: Observation,
        key: Key,
        *,
        explore: bool,
    ) -> tuple[Carry, Array, Mapping[str, Array]]:
        """Return carry, actions and their log-probabilities; modes without exploration."""
        action, extras = self.acted(state, self.seen(state, observation), key, explore=explore)
        return carry, action, extras

    def seen(self, state: TrainState, observation: Observation) -> Seen:
        """Return observations as each module but the value sees them."""
        encoders = state.encoders.items()
        return {name: encoder(observation) for name, encoder in encoders if name != VALUE}

    def acted(
        self, state: TrainState, seen: Seen, key: Key, *, explore: bool
    ) -> tuple[Array, dict[str, Array]]:
        """Return actions and their log-probabilities; modes without exploration."""
        policy = self.acting(state.learner.parameters, seen)
        action = policy.sample(key) if explore else policy.mode()
        return action, {"log_prob": policy.log_prob(action)}

    def unrolled(
        self, parameters: Parameters, targets: Parameters, window: Window, key: Key
    ) -> Unrolled:
        """Return the policy at all observations of a window of `sample`."""
        del targets, key
        seen: Seen = window.observation
        return Unrolled(self.acting(parameters, seen), seen[VALUE], {})

    def acting(self, parameters: Parameters, seen: Seen) -> Policy:
        """Return the policy at encoded observations of each module."""
        return self.policy(parameters[POLICY], seen[POLICY])
