"""DISTRAL: a policy of actions with a default policy that sees less, `KL` without latents.

Teh et al. (2017), "Distral: Robust multitask reinforcement learning", as the baseline of Tirumala
et al. (2019). The policy maximises

    E Σ γ^t ( r_t - α KL(π(·|x_t) ‖ π₀(·|x_t)) )

and the default policy π₀ is trained to be near it. There are three architectures:

| `default` | π₀ | π |
|---|---|---|
| ``"own"`` | a network | a network |
| ``"shared"`` | a head of the network of π | another head: both see the same |
| ``"two_columns"`` | a network, the first column | a network, whose output is added to that of π₀ |
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal, get_args

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl.flat import POLICY, FlatModular, Seen
from hierax.agents.kl.heads import outputs
from hierax.agents.kl.learner import VALUE, Divergence, Modules, Parameters, Unrolled, Window
from hierax.agents.kl.modular import Policy
from hierax.agents.kl.regularised import Regularised
from hierax.agents.torsos import Network

Architecture = Literal["own", "shared", "two_columns"]
POLICY_DEFAULT = "policy_default"
"""Name of the module of π₀; with ``default="shared"`` it is the network of both."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distral(FlatModular, Regularised):
    """A policy, a default policy, and a value.

    Attributes:
        spec: the world that the agent acts in.
        distillation: weight of the loss of the default policy. Where no network is shared, Adam
            takes it out again.
        default: architecture of π₀: ``"own"``, ``"shared"`` or ``"two_columns"``.
        policy_default_views: names of the views of π₀; None for all but ``"task"`` and the goal of
            the world, or, with a shared network, for those of the policy.
    """

    distillation: float = 1.0
    default: Architecture = "own"
    policy_default_views: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        checks.not_negative("distillation", self.distillation)
        checks.one_of("default", self.default, get_args(Architecture))
        if self.default == "shared" and self.policy_default_views is not None:
            raise ValueError(
                "policy_default_views must be None with default='shared', whose network sees the "
                f"views of the policy, got {self.policy_default_views}"
            )
        super().__post_init__()

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each module."""
        found = dict(super().views)
        if self.default == "shared":
            return {POLICY_DEFAULT: found[POLICY], VALUE: found[VALUE]}
        given = self.policy_default_views
        return {**found, POLICY_DEFAULT: self.body_views if given is None else given}

    @property
    def modules(self) -> tuple[str, ...]:
        """Policy, unless its network is shared, default policy and value."""
        return (*self.views, *self.multipliers)

    @property
    def actors(self) -> tuple[str, ...]:
        """Policy and default policy."""
        return tuple(name for name in self.views if name != VALUE)

    @property
    def actor(self) -> str:
        """The policy."""
        return POLICY

    def build(self, key: Key) -> Modules:
        """Return untrained modules."""
        keys = dict(zip(self.modules, jax.random.split(key, len(self.modules)), strict=True))
        heads = outputs(self.spec.action) * (2 if self.default == "shared" else 1)
        parameters: dict[str, Network] = {
            name: self.policy_network(keys[name], name, heads) for name in self.actors
        }
        value = self.value_network(keys[VALUE])
        return self.learner.init({**parameters, VALUE: value, **self.multipliers})

    def unrolled(
        self, parameters: Parameters, targets: Parameters, window: Window, key: Key
    ) -> Unrolled:
        """Return policy and divergence at all observations of a window of `sample`."""
        del key
        seen: Seen = window.observation
        policy, default = self._both(parameters, seen)
        _, target = self._both(jax.lax.stop_gradient({**parameters, **targets}), seen)
        distilled = self.distillation * kl_divergence(jax.lax.stop_gradient(policy), default)
        divergence = Divergence(
            of_policy=kl_divergence(policy, target),
            of_default=distilled,
            paid=jnp.ones(distilled.shape, bool),
            entropy=policy.entropy(),
        )
        return Unrolled(policy, seen[VALUE], {POLICY: divergence})

    def acting(self, parameters: Parameters, seen: Seen) -> Policy:
        """Return the policy at encoded observations of each module."""
        return self._both(parameters, seen)[0]

    def _both(self, parameters: Parameters, seen: Seen) -> tuple[Policy, Policy]:
        """Return policy and default policy."""
        default = parameters[POLICY_DEFAULT](seen[POLICY_DEFAULT])
        if self.default == "shared":
            own, default = jnp.split(default, 2, axis=-1)
        else:
            own = parameters[POLICY](seen[POLICY])
        if self.default == "two_columns":
            own = own + default
        return self.policy_of(own), self.policy_of(default)
