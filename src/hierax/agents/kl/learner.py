"""The learner of agents made of modules: what an update changes, and what it is given.

`hierax.agents.kl.vtrace` and `hierax.agents.kl.retrace` are learners. An agent gives them a model:
a function from the parameters of all modules to its policy, to what its value sees, and to its
divergences from default policies, at T + 1 observations of each of B sequences. Both minimise the
sum of three losses:

    policy     the objective, less its divergences as a cost: reaches all policies
    default    the divergences: reaches default policies alone
    value      the error of the value: reaches the value alone

No module learns from two of them, but for the default policies of `Distral` that are part of the
policy: ``"shared"`` and ``"two_columns"``.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Metrics, Transition
from hierax.agents.base import Store
from hierax.agents.distributions import Categorical, DiagonalGaussian
from hierax.agents.optimisation import adam
from hierax.agents.parts import Part
from hierax.agents.replay import Sequences

Parameters: TypeAlias = Mapping[str, Any]
"""The parameters of each module by its name."""
Window: TypeAlias = Transition | Sequences
"""B sequences of T steps; ``observation`` has T + 1 rows, encoded for each module by its name."""
VALUE = "value"
"""Name of the module that judges: V, or Q of an action."""
KL_WEIGHT = "kl_weight"
"""Name of the logarithm of α among the parameters, where α is adapted."""
KL_WEIGHTS = (1e-6, 1e4)
"""Least and largest α where it is adapted: a target that cannot be reached has an end."""
DEFAULT = "default"
"""End of the names of default policies."""
LARGEST_LOG_RATIO = 10.0
"""Largest logarithm of an importance ratio in metrics; beyond 88 the ratio is not finite."""


class Modules(NamedTuple):
    """Everything that an update changes.

    Attributes:
        parameters: of each module, by name.
        optimisers: state of the optimiser of each module.
        targets: earlier parameters of some modules, by name; empty where there are none.
        updates: () int32, updates so far.
    """

    parameters: dict[str, Any]
    optimisers: dict[str, Any]
    targets: dict[str, Any]
    updates: Array


class Divergence(NamedTuple):
    """The divergence of a policy from its default policy, at T + 1 observations.

    Attributes:
        of_policy: KL in nats from the default policy that the policy is compared with, a target
            where there is one, ``(T + 1, B)``; its gradient is for the policy.
        of_default: KL from the present default policy, times the weight of its loss, ``(T + 1,
            B)``; its gradient is for the default policy alone.
        paid: ``(T + 1, B)`` bool, where the policy chooses; elsewhere both are 0.
        entropy: of the policy, in nats, ``(T + 1, B)``.
    """

    of_policy: Array
    of_default: Array
    paid: Array
    entropy: Array

    @property
    def before(self) -> "Divergence":
        """The divergence at the T observations before a step."""
        return jax.tree.map(lambda leaf: leaf[:-1], self)


class Unrolled(NamedTuple):
    """A policy, and what judges it, at T + 1 observations of B sequences.

    Attributes:
        policy: distribution of actions, ``(T + 1, B)``.
        judged: ``(T + 1, B, D)``, what the value sees; no gradient passes from it to a latent.
        divergences: of each policy that has a default policy, by name.
    """

    policy: Categorical | DiagonalGaussian
    judged: Array
    divergences: Mapping[str, Divergence]

    @property
    def nats(self) -> Array:
        """``(T + 1, B)``, the sum of all divergences, with gradients for the policies."""
        zero = jnp.zeros(self.judged.shape[:2], self.judged.dtype)
        return sum((each.of_policy for each in self.divergences.values()), zero)


Model: TypeAlias = Callable[[Parameters, Parameters, Window, Key], Unrolled]
"""(parameters, targets, window, key) → policy and what judges it."""


class Weights(NamedTuple):
    """Weights of the parts of the objective.

    Attributes:
        discount: γ.
        kl: α, of divergences.
        entropy: w, of the entropy of actions.
        kl_target: nats for each decision that α is adapted to; None where it is constant.
    """

    discount: float
    kl: Array | float
    entropy: Array | float
    kl_target: float | None = None


class Losses(NamedTuple):
    """The losses of policies and value, and what they rest on.

    Attributes:
        policy: () of all policies.
        value: () of the value.
        target: ``(T, B)``, what the value is to tell.
        error: ``(T, B)``, the target less what it tells.
        log_ratio: ``(T, B)``, log w of importance ratios.
        clip: largest ratio that counts as it is.
    """

    policy: Array
    value: Array
    target: Array
    error: Array
    log_ratio: Array
    clip: float


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
class Learner(abc.ABC):
    """A learner of modules; subclasses say what they store and how policies and value learn.

    Attributes:
        learning_rate: of Adam; each module has an optimiser of its own.
        max_gradient_norm: largest norm of the gradient of a module; longer ones are scaled down.
            None scales none.
        target_period: P, updates between two copies of targets.

    Raises:
        ValueError: if a value is not allowed.
    """

    judges_actions: ClassVar[bool]
    """Whether the value is Q of an action."""

    learning_rate: float
    max_gradient_norm: float | None
    target_period: int

    def __post_init__(self) -> None:
        checks.positive("learning_rate", self.learning_rate)
        if self.max_gradient_norm is not None:
            checks.positive("max_gradient_norm", self.max_gradient_norm)

    @property
    @abc.abstractmethod
    def store(self) -> Store:
        """The store of steps."""

    @abc.abstractmethod
    def ready(self, stored: Any) -> Array:
        """Return () bool: whether enough is stored for an update."""

    @abc.abstractmethod
    def window(self, stored: Any, key: Key) -> Window:
        """Return sequences from the store; ``observation`` has T + 1 rows for each view."""

    @abc.abstractmethod
    def steps_of(self, updates: Array, window: Window) -> Array:
        """Return the environment steps that so many updates stand for."""

    @abc.abstractmethod
    def has_target(self, name: str) -> bool:
        """Return whether earlier parameters of a module are kept."""

    @abc.abstractmethod
    def losses(
        self,
        unrolled: Unrolled,
        parameters: Parameters,
        targets: Parameters,
        window: Window,
        key: Key,
        weights: Weights,
    ) -> Losses:
        """Return the losses of policies and value."""

    def part(self, name: str, views: Mapping[str, Any], settings: Mapping[str, Any]) -> Part:
        """Return where a module is; those with ``views`` have an encoder."""
        return Part(
            ("parameters", name),
            (("targets", name),) if self.has_target(name) else (),
            (("optimisers", name),),
            (name,) if name in views else (),
            settings,
        )

    def init(self, parameters: dict[str, Any]) -> Modules:
        """Return modules with these parameters before their first update."""
        kept = filter(self.has_target, parameters)
        return Modules(
            parameters,
            {name: self._optimiser(name).init(each) for name, each in parameters.items()},
            {name: jax.tree.map(jnp.copy, parameters[name]) for name in kept},
            jnp.zeros((), jnp.int32),
        )

    def update(
        self, actor: str, model: Model, modules: Modules, window: Window, key: Key, weights: Weights
    ) -> tuple[Modules, Metrics]:
        """Return the modules after one update, and metrics.

        Args:
            actor: name of the module that draws actions, in metrics.
            model: of the modules.
            modules: before the update.
            window: B sequences of T steps, with encoded observations.
            key: of all random numbers.
            weights: of the parts of the objective.
        """
        model_key, key = jax.random.split(key)

        def loss(parameters: Parameters) -> tuple[Array, Metrics]:
            unrolled = model(parameters, modules.targets, window, model_key)
            found = self.losses(unrolled, parameters, modules.targets, window, key, weights)
            before = {name: each.before for name, each in unrolled.divergences.items()}
            default = sum(mean(window.is_step, each.of_default) for each in before.values())
            entropy = unrolled.policy.entropy()[:-1]
            metrics = _metrics(actor, window.is_step, found, before, entropy)
            tuned = _tuned(parameters, window.is_step, before, weights)
            return found.policy + found.value + default + tuned, metrics

        gradients, metrics = jax.grad(loss, has_aux=True)(modules.parameters)
        stepped = {
            name: self._step(name, gradients[name], modules.optimisers[name], each)
            for name, each in modules.parameters.items()
        }
        updates = modules.updates + 1
        parameters = {name: each.parameters for name, each in stepped.items()}
        if KL_WEIGHT in parameters:
            least, most = map(math.log, KL_WEIGHTS)
            parameters[KL_WEIGHT] = jnp.clip(parameters[KL_WEIGHT], least, most)
        modules = Modules(
            parameters,
            {name: each.optimiser for name, each in stepped.items()},
            self._targets(modules.targets, parameters, updates),
            updates,
        )
        norms = {f"{name}/gradient": each.norm for name, each in stepped.items()}
        adapted = {} if weights.kl_target is None else {"policy/kl_weight": weights.kl}
        return modules, {**metrics, **norms, **adapted}

    def rate_of(self, name: str) -> float:
        """Return the learning rate of a module."""
        del name
        return self.learning_rate

    def _targets(
        self, targets: dict[str, Any], parameters: dict[str, Any], updates: Array
    ) -> dict[str, Any]:
        """Return the targets after an update: copies of the parameters at every P-th."""
        copies = updates % max(self.target_period, 1) == 0
        online = {name: parameters[name] for name in targets}
        return jax.tree.map(lambda old, new: jnp.where(copies, new, old), targets, online)

    def _step(self, name: str, gradient: Any, state: Any, parameters: Any) -> Step:
        """Return a module after a step."""
        change, state = self._optimiser(name).update(gradient, state, parameters)
        return Step(optax.apply_updates(parameters, change), state, optax.tree.norm(gradient))

    def _optimiser(self, name: str) -> optax.GradientTransformation:
        return adam(self.rate_of(name), max_gradient_norm=self.max_gradient_norm)


def mean(where: Array, values: Array) -> Array:
    """Return the mean of values where there are any, else 0."""
    return jnp.where(where, values, 0.0).sum() / jnp.maximum(where.sum(), 1)


def _tuned(
    parameters: Parameters,
    is_step: Array,
    divergences: Mapping[str, Divergence],
    weights: Weights,
) -> Array | float:
    """Return the loss of log α, where α is adapted."""
    if weights.kl_target is None:
        return 0.0
    nats = [mean(is_step & each.paid, each.of_policy) for each in divergences.values()]
    return parameters[KL_WEIGHT] * (weights.kl_target - jax.lax.stop_gradient(sum(nats)))


def _variance(where: Array, values: Array) -> Array:
    """Return the variance, at least the smallest positive float."""
    variance = mean(where, (values - mean(where, values)) ** 2)
    return jnp.maximum(variance, jnp.finfo(values.dtype).tiny)


def _metrics(
    actor: str,
    is_step: Array,
    found: Losses,
    divergences: Mapping[str, Divergence],
    entropy: Array,
) -> Metrics:
    """Return losses, ratios and, where each policy chooses, its KL and entropy in nats."""
    shown = jnp.where(is_step, found.log_ratio, 0.0)
    ratio = jnp.exp(jnp.minimum(shown, LARGEST_LOG_RATIO))
    spread = partial(_variance, is_step)
    return {
        "policy/loss": found.policy,
        f"{actor}/entropy": mean(is_step, entropy),
        f"{actor}/ratio": mean(is_step, ratio),
        f"{actor}/clipped": mean(is_step, ratio > found.clip),
        "value/loss": found.value,
        "value/explained_variance": 1.0 - spread(found.error) / spread(found.target),
        **{
            f"{name}/{what}": mean(is_step & each.paid, values)
            for name, each in divergences.items()
            for what, values in (("kl", each.of_policy), ("entropy", each.entropy))
        },
    }
