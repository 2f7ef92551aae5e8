"""The V-trace learner of modules: one update from the last T steps.

Tirumala et al. (2019), appendix B.3, equations 21 to 25, with α where it was dropped. For steps t
of a rollout, with the policy π, its value V, the cost k_t = α KL at x_t, and δv_t and v_t of
`hierax.agents.targets.vtrace`:

    policy     -mean ρ_t log π(a_t|x_t) δv_t + mean k_t - w mean H(π(·|x_t))
    default    mean KL_t
    value      mean ½ (v_t - V_t)²

The cost k_{t+1} is part of what follows step t, and so of v_t; k_t is not, because a_t does not
change it. Its gradient is taken in the loss. Where the policy has a latent z = μ(x) + σ(x) ε, the
first term reaches the high level through z. Value and policy have no parameter in common, and the
value does not pass a gradient to z.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Metrics, Transition
from hierax.agents.distributions import Categorical, DiagonalGaussian
from hierax.agents.optimisation import adam
from hierax.agents.parts import Part
from hierax.agents.targets import vtrace

Parameters: TypeAlias = Mapping[str, Any]
"""The parameters of each module by its name."""
LARGEST_LOG_RATIO = 10.0
"""Largest logarithm of an importance ratio in metrics; beyond 88 the ratio is not finite."""
DEFAULT = "default"
"""End of the names of default policies."""


class Modules(NamedTuple):
    """Everything that an update changes.

    Attributes:
        parameters: of each module, by name.
        optimisers: state of the optimiser of each module.
        targets: earlier parameters of default policies, by name; empty where there are none.
        updates: () int32, updates so far.
    """

    parameters: dict[str, Any]
    optimisers: dict[str, Any]
    targets: dict[str, Any]
    updates: Array


class Divergence(NamedTuple):
    """The divergence of a policy from its default policy, at T + 1 observations.

    Attributes:
        of_policy: KL in nats, ``(T + 1, N)``, with gradients for the policy alone.
        of_default: the same numbers, with gradients for the default policy alone.
        paid: ``(T + 1, N)`` bool, where the policy chooses; elsewhere both are 0.
        entropy: of the policy, in nats, ``(T + 1, N)``.
    """

    of_policy: Array
    of_default: Array
    paid: Array
    entropy: Array


class Unrolled(NamedTuple):
    """The policy and its value at T + 1 observations of N environments.

    Attributes:
        policy: distribution of actions, ``(T + 1, N)``.
        value: V, ``(T + 1, N)``.
        divergences: of each policy that has a default policy, by name.
    """

    policy: Categorical | DiagonalGaussian
    value: Array
    divergences: Mapping[str, Divergence]


Model: TypeAlias = Callable[[Parameters, Parameters, Transition, Key], Unrolled]
"""(parameters, targets, rollout of encoded observations, key) → policy and value."""


class Weights(NamedTuple):
    """Weights of the parts of the objective.

    Attributes:
        discount: γ.
        kl: α, of divergences.
        entropy: w, of the entropy of actions.
    """

    discount: float
    kl: float
    entropy: Array | float


class Step(NamedTuple):
    """A module after a gradient step.

    Attributes:
        parameters: after the step.
        optimiser: state of the optimiser.
        norm: () Euclidean norm of the gradient, before it is clipped.
    """

    parameters: Any
    optimiser: Any
    norm: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class VTrace:
    """Updates by V-trace, from exactly the last T steps.

    Attributes:
        rollout_length: T, steps of each environment between two updates; several periods of a high
            level that is trained, because it learns nothing of latents that were drawn before.
        learning_rate: of Adam, for each module of its own.
        max_gradient_norm: largest norm of the gradient of a module; longer ones are scaled down.
        clip_ratio: ρ̄, largest importance ratio in targets.
        clip_trace: c̄, largest importance ratio in traces.
        target_period: updates between two copies of the default policies, with which the policy is
            compared; 0 compares it with the present ones.

    Raises:
        ValueError: if a value is not allowed.
    """

    rollout_length: int = 16
    learning_rate: float = 2e-3
    max_gradient_norm: float = 1.0
    clip_ratio: float = 1.0
    clip_trace: float = 1.0
    target_period: int = 0

    def __post_init__(self) -> None:
        checks.count("rollout_length", self.rollout_length, 1)
        for name in ("learning_rate", "max_gradient_norm", "clip_ratio", "clip_trace"):
            checks.positive(name, getattr(self, name))
        checks.count("target_period", self.target_period, 0)

    def part(self, name: str, views: Mapping[str, Any], settings: Mapping[str, Any]) -> Part:
        """Return where a module is; those with ``views`` have an encoder."""
        is_copied = self.target_period and name.endswith(DEFAULT)
        return Part(
            ("parameters", name),
            (("targets", name),) if is_copied else (),
            (("optimisers", name),),
            (name,) if name in views else (),
            settings,
        )

    def init(self, parameters: dict[str, Any]) -> Modules:
        """Return modules with these parameters before their first update."""
        defaults = [name for name in parameters if self.target_period and name.endswith(DEFAULT)]
        return Modules(
            parameters,
            {name: self._optimiser.init(each) for name, each in parameters.items()},
            {name: jax.tree.map(jnp.copy, parameters[name]) for name in defaults},
            jnp.zeros((), jnp.int32),
        )

    def update(
        self,
        actor: str,
        model: Model,
        modules: Modules,
        rollout: Transition,
        key: Key,
        weights: Weights,
    ) -> tuple[Modules, Metrics]:
        """Return the modules after one update, and metrics.

        Args:
            actor: name of the module that draws actions, in metrics.
            model: of the modules.
            modules: before the update.
            rollout: T steps, with encoded observations.
            key: of all random numbers of the model.
            weights: of the parts of the objective.
        """

        def loss(parameters: Parameters) -> tuple[Array, Metrics]:
            unrolled = model(parameters, modules.targets, rollout, key)
            return self._loss(actor, unrolled, rollout, weights)

        gradients, metrics = jax.grad(loss, has_aux=True)(modules.parameters)
        stepped = {
            name: self._step(gradients[name], modules.optimisers[name], each)
            for name, each in modules.parameters.items()
        }
        updates = modules.updates + 1
        parameters = {name: each.parameters for name, each in stepped.items()}
        modules = Modules(
            parameters,
            {name: each.optimiser for name, each in stepped.items()},
            self._targets(modules.targets, parameters, updates),
            updates,
        )
        norms = {f"{name}/gradient": each.norm for name, each in stepped.items()}
        return modules, {**metrics, **norms}

    def _loss(
        self, actor: str, unrolled: Unrolled, rollout: Transition, weights: Weights
    ) -> tuple[Array, Metrics]:
        """Return the sum of all losses, and metrics."""
        is_step = rollout.is_step
        mean, spread = partial(_mean, is_step), partial(_variance, is_step)
        before = jax.tree.map(lambda leaf: leaf[:-1], unrolled)
        cost = weights.kl * sum(each.of_policy for each in unrolled.divergences.values())
        cost = jnp.broadcast_to(cost, unrolled.value.shape)
        log_prob = before.policy.log_prob(rollout.action)
        log_ratio = jnp.where(is_step, log_prob - rollout.extras["log_prob"], -jnp.inf)
        found = vtrace(
            value=before.value,
            next_value=unrolled.value[1:],
            reward=rollout.reward,
            discount=jnp.where(rollout.terminated, 0.0, weights.discount),
            log_ratio=log_ratio,
            next_cost=cost[1:],
            clip_ratio=self.clip_ratio,
            clip_trace=self.clip_trace,
        )
        entropy, error = before.policy.entropy(), found.value - before.value
        policy_loss = mean(cost[:-1] - found.advantage * log_prob - weights.entropy * entropy)
        value_loss = mean(0.5 * error**2)
        default_loss = sum(mean(each.of_default) for each in before.divergences.values())
        ratio = jnp.exp(jnp.minimum(jnp.where(is_step, log_ratio, 0.0), LARGEST_LOG_RATIO))
        return policy_loss + value_loss + default_loss, {
            "policy/loss": policy_loss,
            f"{actor}/entropy": mean(entropy),
            f"{actor}/ratio": mean(ratio),
            f"{actor}/clipped": mean(ratio > self.clip_ratio),
            "value/loss": value_loss,
            "value/explained_variance": 1.0 - spread(error) / spread(found.value),
            **_divergence_metrics(is_step, before.divergences),
        }

    def _targets(
        self, targets: dict[str, Any], parameters: dict[str, Any], updates: Array
    ) -> dict[str, Any]:
        """Return the targets after an update: copies of the parameters at every P-th."""
        copies = updates % max(self.target_period, 1) == 0
        online = {name: parameters[name] for name in targets}
        return jax.tree.map(lambda old, new: jnp.where(copies, new, old), targets, online)

    def _step(self, gradient: Any, state: Any, parameters: Any) -> Step:
        """Return a module after a step."""
        change, state = self._optimiser.update(gradient, state, parameters)
        return Step(optax.apply_updates(parameters, change), state, optax.tree.norm(gradient))

    @property
    def _optimiser(self) -> optax.GradientTransformation:
        return adam(self.learning_rate, max_gradient_norm=self.max_gradient_norm)


def _mean(where: Array, values: Array) -> Array:
    """Return the mean of values where there are any, else 0."""
    return jnp.where(where, values, 0.0).sum() / jnp.maximum(where.sum(), 1)


def _variance(where: Array, values: Array) -> Array:
    """Return the variance, at least the smallest positive float."""
    variance = _mean(where, (values - _mean(where, values)) ** 2)
    return jnp.maximum(variance, jnp.finfo(values.dtype).tiny)


def _divergence_metrics(is_step: Array, divergences: Mapping[str, Divergence]) -> Metrics:
    """Return KL and entropy of each policy in nats, where it chooses."""
    return {
        f"{name}/{what}": _mean(is_step & each.paid, values)
        for name, each in divergences.items()
        for what, values in (("kl", each.of_policy), ("entropy", each.entropy))
    }
