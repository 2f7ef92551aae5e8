"""DISTRAL: a policy of actions with a default policy that sees less, `KL` without latents.

Teh et al. (2017), "Distral: Robust multitask reinforcement learning", as the baseline of Tirumala
et al. (2019). The policy maximises

    E Σ γ^t ( r_t - α KL(π(·|x_t) ‖ π₀(·|x_t)) )

and the default policy π₀ is trained to be near it. `hierax.agents.kl.architectures` says how both
are made; in one of them π₀ has latents, and an upper bound takes the place of the divergence.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

import jax
import jax.numpy as jnp
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Observation, TrainState
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl.architectures import (
    ARCHITECTURES,
    INFERENCE,
    LATENT_DEFAULT,
    POLICY_DEFAULT,
    Own,
    Past,
)
from hierax.agents.kl.clock import clock
from hierax.agents.kl.flat import POLICY, FlatModular, Seen
from hierax.agents.kl.learner import VALUE, Divergence, Modules, Parameters, Unrolled, Window
from hierax.agents.kl.modular import Policy
from hierax.agents.kl.regularised import Regularised
from hierax.agents.parts import Parts
from hierax.agents.torsos import is_image

Kind: TypeAlias = Literal["own", "shared", "two_columns", "lstm", "latent"]


class DistralCarry(NamedTuple):
    """The carry of N environments.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        memory: ``(N, M)``, what the default policy remembers.
    """

    age: Array
    memory: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distral(FlatModular, Regularised):
    """A policy, a default policy, and a value.

    Attributes:
        spec: the world that the agent acts in.
        distillation: weight of the loss of the default policy. It matters most where the loss of
            the policy reaches the same network: with ``"shared"`` and ``"two_columns"``.
        default: how π₀ is made: ``"own"``, ``"shared"``, ``"two_columns"``, ``"lstm"`` or
            ``"latent"``.
        memory_size: units of the LSTM, or numbers of a latent.
        policy_default_views: names of the views of π₀; None for all but ``"task"`` and the goal of
            the world, or, with a shared network, for those of the policy.
    """

    distillation: float = 1.0
    default: Kind = "own"
    memory_size: int = 32
    policy_default_views: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        checks.not_negative("distillation", self.distillation)
        checks.one_of("default", self.default, get_args(Kind))
        checks.count("memory_size", self.memory_size, 1)
        if self.default == "shared" and self.policy_default_views is not None:
            raise ValueError(
                "policy_default_views must be None with default='shared', whose network sees the "
                f"views of the policy, got {self.policy_default_views}"
            )
        if self.policy_default_views is None and self.default != "shared" and not self.body_views:
            raise ValueError(
                f"policy_default_views must be given, because {self.spec.name} has no view but "
                "'task' and the goal"
            )
        super().__post_init__()
        images = [name for name in self.views[POLICY_DEFAULT] if is_image(self.spec.view(name))]
        if self.default == "lstm" and images:
            raise ValueError(
                f"policy_default_views must have no image with default='lstm', got {images[0]!r}"
            )

    @property
    def architecture(self) -> Own:
        """How policy and default policy are made."""
        return ARCHITECTURES[self.default](self.memory_size)

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each module that sees any."""
        found = super().views
        given = self.body_views if self.policy_default_views is None else self.policy_default_views
        own = {POLICY_DEFAULT: found[POLICY] if self.default == "shared" else given}
        each = {name: own.get(name, found[POLICY]) for name in self.architecture.modules}
        return {**each, VALUE: found[VALUE]}

    def chooser(self, name: str) -> str:
        """Return the module whose field gives a module its views."""
        is_seen = name == INFERENCE or self.default == "shared"
        return POLICY if is_seen and name != VALUE else name

    @property
    def parts(self) -> Parts:
        """All modules; a policy that is one of two columns is no policy alone."""
        found = dict(super().parts)
        if self.default == "two_columns":
            own = found[POLICY]
            found[POLICY] = dataclasses.replace(own, settings={**own.settings, "column": True})
        return found

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules."""
        latent = (LATENT_DEFAULT,) if self.default == "latent" else ()
        return (*self.views, *latent, *self.multipliers)

    @property
    def actors(self) -> tuple[str, ...]:
        """Policy, unless its network is shared, and default policy."""
        return tuple(name for name in self.views if name in (POLICY, POLICY_DEFAULT))

    @property
    def actor(self) -> str:
        """The policy."""
        return POLICY

    def build(self, key: Key) -> Modules:
        """Return untrained modules."""
        key, value_key = jax.random.split(key)
        parameters = self.architecture.build(self, key)
        value = self.value_network(value_key)
        return self.learner.init({**parameters, VALUE: value, **self.multipliers})

    def initial_carry(self, count: int) -> DistralCarry:
        """Return the carry at the beginning of an episode."""
        memory = jnp.zeros((count, self.architecture.memory))
        return DistralCarry(jnp.zeros(count, jnp.int32), memory)

    def act(
        self,
        state: TrainState,
        carry: DistralCarry,
        observation: Observation,
        key: Key,
        *,
        explore: bool,
    ) -> tuple[DistralCarry, Array, Mapping[str, Array]]:
        """Return carry, actions, and what updates need to know; modes without exploration."""
        action_key, memory_key = jax.random.split(key)
        seen, parameters = self.seen(state, observation), state.learner.parameters
        action, extras = self.acted(state, seen, action_key, explore=explore)
        memory = self.architecture.remembered(parameters, seen, carry.memory, memory_key)
        kept = {"age": carry.age, "memory": carry.memory}
        return DistralCarry(carry.age + 1, memory), action, {**extras, **kept}

    def unrolled(
        self, parameters: Parameters, targets: Parameters, window: Window, key: Key
    ) -> Unrolled:
        """Return policy and divergence at all observations of a window of `sample`."""
        extras, seen = window.extras, window.observation
        past = Past(extras["memory"][0], clock(extras["age"][0], window.is_step, 1).begins)
        kept = jax.lax.stop_gradient({**parameters, **targets})
        both = self.architecture.both(parameters, seen, past, key)
        target = self.architecture.both(kept, seen, past, key)
        policy = self.policy_of(both.policy)
        distilled = kl_divergence(jax.lax.stop_gradient(policy), self.policy_of(both.default))
        divergence = Divergence(
            of_policy=kl_divergence(policy, self.policy_of(target.default)) + target.nats,
            of_default=self.distillation * (distilled + both.nats),
            paid=jnp.ones(distilled.shape, bool),
            entropy=policy.entropy(),
        )
        return Unrolled(policy, seen[VALUE], {POLICY: divergence})

    def acting(self, parameters: Parameters, seen: Seen) -> Policy:
        """Return the policy at encoded observations of each module."""
        return self.policy_of(self.architecture.policy(parameters, seen))
