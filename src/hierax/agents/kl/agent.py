"""KL-regularised hierarchies: a high level that sets latents, and a low level that acts on them.

Tirumala et al. (2019), "Exploiting hierarchy for learning and transfer in KL-regularized RL".
Every p steps of an episode the high level draws a latent z from π^H(z|x). The low level acts,
a ~ π^L(a|z, x). Each level has a default policy that sees less, and the hierarchy maximises

    E Σ γ^t ( r_t - α 1_p(t) KL(π^H ‖ π₀^H) - α KL(π^L ‖ π₀^L) )

which bounds the objective of the same kind for actions alone from below. With a shared low level
π^L = π₀^L, and its term is 0.

| module | sees | is |
|---|---|---|
| ``high`` | ``high_views`` | π^H: mean and standard deviation of z |
| ``low`` | ``low_views``, z, the phase | π^L |
| ``high_default`` | the last latent | π₀^H, of `hierax.agents.kl.defaults` |
| ``low_default`` | ``low_default_views``, z, the phase | π₀^L; only where it is separate |
| ``value`` | ``value_views``, z, the phase | V, or Q with a `Retrace` learner |

The phase, steps since the last decision as a share of p, is seen where p > 1.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import jax
import jax.numpy as jnp
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Observation, TrainState
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl import defaults
from hierax.agents.kl.clock import Latents, clock, held
from hierax.agents.kl.heads import gaussian, outputs
from hierax.agents.kl.learner import VALUE, Divergence, Modules, Parameters, Unrolled, Window
from hierax.agents.kl.regularised import Regularised
from hierax.agents.parts import Parts
from hierax.agents.torsos import Network

HIGH, LOW, HIGH_DEFAULT, LOW_DEFAULT = "high", "low", "high_default", "low_default"
"""Names of the modules besides the value, in metrics, encoders and transfers."""
Default: TypeAlias = Callable[[Latents], Any]
"""A default policy as a function of latents."""


class KLCarry(NamedTuple):
    """The carry of N environments.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        latent: ``(N, Z)``, z, held since the last decision.
        previous: ``(N, Z)``, z', the latent of the decision before that; 0 before the second.
    """

    age: Array
    latent: Array
    previous: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class KL(Regularised):
    """Two levels joined by latents, with default policies.

    Attributes:
        spec: the world that the agent acts in.
        period: p, steps that a latent is held for, counted from the beginning of an episode.
        latent_size: Z, dimensions of a latent.
        default: π₀^H: ``"isotropic"``, ``"ar1"`` or ``"learned"``.
        default_correlation: κ of ``"ar1"``.
        default_hidden_sizes: units of each hidden layer of ``"learned"``.
        low_level: ``"shared"``, where π₀^L is π^L, or ``"separate"``, where it is learned.
        latents: in updates: ``"stored"``, with the noise of acting, or ``"resample"``, drawn anew.
        high_views: names of the views of the high level; None for all.
        low_views: names of the views of the low level; None for all but ``"task"`` and the goal of
            the world.
        low_default_views: names of the views of a separate π₀^L; None for ``low_views``.
        value_views: names of the views of V; None for all.

    Raises:
        ValueError: if a value is not allowed, or the world has no such view.
    """

    period: int = 1
    latent_size: int = 4
    default: defaults.Kind = "ar1"
    default_correlation: float = 0.9
    default_hidden_sizes: tuple[int, ...] = (32,)
    low_level: Literal["shared", "separate"] = "shared"
    latents: Literal["stored", "resample"] = "stored"
    high_views: tuple[str, ...] | None = None
    low_views: tuple[str, ...] | None = None
    low_default_views: tuple[str, ...] | None = None
    value_views: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("period", "latent_size"):
            checks.count(name, getattr(self, name), 1)
        checks.one_of("default", self.default, get_args(defaults.Kind))
        checks.discount("default_correlation", self.default_correlation)
        checks.hidden_sizes(self.default_hidden_sizes, "default_hidden_sizes")
        checks.one_of("low_level", self.low_level, ("shared", "separate"))
        checks.one_of("latents", self.latents, ("stored", "resample"))
        super().__post_init__()
        if self.low_default_views is not None and self.low_level == "shared":
            raise ValueError(
                "low_default_views must be None with low_level='shared', where the low level is "
                f"its own default policy, got {self.low_default_views}"
            )
        self._require_views(may_be_empty=(LOW, LOW_DEFAULT, VALUE))  # they also see latents

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each module that sees any."""
        every = self.spec.view_names
        low = self.body_views if self.low_views is None else self.low_views
        found = {
            HIGH: every if self.high_views is None else self.high_views,
            LOW: low,
            VALUE: every if self.value_views is None else self.value_views,
        }
        if self.low_level == "separate":
            views = self.low_default_views
            found[LOW_DEFAULT] = low if views is None else views
        return found

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules."""
        own = (LOW_DEFAULT,) if self.low_level == "separate" else ()
        return (HIGH, LOW, HIGH_DEFAULT, *own, VALUE, *self.multipliers)

    @property
    def parts(self) -> Parts:
        """All modules; those below the latent say whether they see the phase."""
        found = dict(super().parts)
        for name in {LOW, LOW_DEFAULT, VALUE} & found.keys():
            settings = {**found[name].settings, "sees_phase": self.period > 1}
            found[name] = dataclasses.replace(found[name], settings=settings)
        return found

    @property
    def actors(self) -> tuple[str, ...]:
        """The low level and, where it is separate, its default policy."""
        return (LOW, LOW_DEFAULT) if self.low_level == "separate" else (LOW,)

    def build(self, key: Key) -> Modules:
        """Return untrained modules."""
        keys = dict(zip(self.modules, jax.random.split(key, len(self.modules)), strict=True))
        below = self.latent_size + (self.period > 1)
        acts = outputs(self.spec.action)
        parameters = {
            HIGH: self.policy_network(keys[HIGH], HIGH, 2 * self.latent_size),
            LOW: self.policy_network(keys[LOW], LOW, acts, below),
            HIGH_DEFAULT: defaults.build(
                keys[HIGH_DEFAULT],
                self.default,
                self.latent_size,
                self.default_correlation,
                self.default_hidden_sizes,
            ),
            VALUE: self.value_network(keys[VALUE], below),
        }
        if self.low_level == "separate":
            own = self.policy_network(keys[LOW_DEFAULT], LOW_DEFAULT, acts, below)
            parameters[LOW_DEFAULT] = own
        return self.learner.init({**parameters, **self.multipliers})

    def initial_carry(self, count: int) -> KLCarry:
        """Return the carry at the beginning of an episode."""
        zeros = jnp.zeros((count, self.latent_size))
        return KLCarry(jnp.zeros(count, jnp.int32), zeros, zeros)

    def act(
        self,
        state: TrainState,
        carry: KLCarry,
        observation: Observation,
        key: Key,
        *,
        explore: bool,
    ) -> tuple[KLCarry, Array, Mapping[str, Array]]:
        """Return carry, actions, and what updates need to know of them.

        Without exploration, latents and actions are the modes of their policies.
        """
        parameters, encode = state.learner.parameters, state.encoders
        latent_key, action_key = jax.random.split(key)
        high = gaussian(parameters[HIGH](encode[HIGH](observation)))
        noise = jax.random.normal(latent_key, high.mean.shape)
        drawn = high.mean + jnp.exp(high.log_scale) * noise if explore else high.mean
        phase = carry.age % self.period
        decides = (phase == 0)[:, None]
        latent = jnp.where(decides, drawn, carry.latent)
        previous = jnp.where(decides, carry.latent, carry.previous)
        low = self._acting(parameters[LOW], encode[LOW](observation), latent, phase)
        action = low.sample(action_key) if explore else low.mode()
        extras = {
            "age": carry.age,
            "latent": latent,
            "previous": previous,
            "noise": noise,
            "log_prob": low.log_prob(action),
        }
        return KLCarry(carry.age + 1, latent, previous), action, extras

    def unrolled(
        self, parameters: Parameters, targets: Parameters, window: Window, key: Key
    ) -> Unrolled:
        """Return policy and divergences at all observations of a window of `sample`."""
        seen, extras = window.observation, window.extras
        at = clock(extras["age"][0], window.is_step, self.period)
        high = gaussian(parameters[HIGH](seen[HIGH]))
        drawn = high.mean + jnp.exp(high.log_scale) * self._noise(extras["noise"], key)
        latents = held(drawn, at, extras["latent"][0], extras["previous"][0])
        compared = jax.lax.stop_gradient({**parameters, **targets})
        low = self._acting(parameters[LOW], seen[LOW], latents.held, at.phase)
        divergences = {
            HIGH: divergence(
                high,
                lambda given: parameters[HIGH_DEFAULT](given.previous, at.begins),
                lambda given: compared[HIGH_DEFAULT](given.previous, at.begins),
                latents,
                at.decides,
            )
        }
        if self.low_level == "separate":
            views = seen[LOW_DEFAULT]
            divergences[LOW] = divergence(
                low,
                lambda given: self._acting(parameters[LOW_DEFAULT], views, given.held, at.phase),
                lambda given: self._acting(compared[LOW_DEFAULT], views, given.held, at.phase),
                latents,
                jnp.ones_like(at.decides),
            )
        kept = jax.lax.stop_gradient(latents.held)
        return Unrolled(low, self._below(seen[VALUE], kept, at.phase), divergences)

    def _acting(self, network: Network, seen: Array, latent: Array, phase: Array) -> Any:
        """Return the distribution of actions of a low level, or of its default policy."""
        return self.policy(network, self._below(seen, latent, phase))

    def _below(self, seen: Array, latent: Array, phase: Array) -> Array:
        """Return views, latent and, where p > 1, the phase, side by side."""
        parts = [seen, latent]
        if self.period > 1:
            parts.append((phase / self.period)[..., None])
        return jnp.concatenate(parts, axis=-1)

    def _noise(self, stored: Array, key: Key) -> Array:
        """Return ε ``(T + 1, N, Z)`` of latents; nothing is stored of the last observation."""
        rows = stored.shape[0] + 1
        fresh = jax.random.normal(key, (rows, *stored.shape[1:]))
        if self.latents == "resample":
            return fresh
        return jnp.concatenate([stored, fresh[-1:]])


def divergence(
    policy: Any, default: Default, target: Default, latents: Latents, paid: Array
) -> Divergence:
    """Return the divergence of a policy from its default policy.

    Gradients for the policy also pass through the latents that the default policy is given.
    Gradients for the default policy do not: they would move the latents.

    Args:
        policy: π.
        default: π₀, that is learned, as a function of latents.
        target: π₀, that the policy is compared with; its parameters are constants.
        latents: of the policy.
        paid: where the policy chooses.
    """
    kept, held = jax.lax.stop_gradient((policy, latents))
    of_policy = kl_divergence(policy, target(latents))
    of_default = kl_divergence(kept, default(held))
    return Divergence(
        jnp.where(paid, of_policy, 0.0), jnp.where(paid, of_default, 0.0), paid, policy.entropy()
    )
