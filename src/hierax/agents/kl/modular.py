"""The base of agents made of modules with views of their own, which a learner updates."""

import abc
import dataclasses
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Metrics, TrainState
from hierax.agents.base import LearningAgent, Store
from hierax.agents.distributions import Categorical, DiagonalGaussian
from hierax.agents.encoder import Encoder, require_views
from hierax.agents.kl.heads import actions
from hierax.agents.kl.learner import VALUE, Modules, Parameters, Unrolled, Weights, Window
from hierax.agents.kl.retrace import Retrace
from hierax.agents.kl.vtrace import VTrace
from hierax.agents.networks import BOX_SIZE, MLP
from hierax.agents.parts import Parts
from hierax.agents.torsos import BOXES, Network, TorsoNetwork, is_boxes, is_image, torsos_of
from hierax.spec import Continuous, Discrete

Policy: TypeAlias = Categorical | DiagonalGaussian
TASK = "task"
"""The view that modules of the body do not see, unless their views are given."""
TORSOS = 1 << 20
"""Folded into the key of an MLP for that of torsos; smaller numbers are its layers."""
_BY_THE_ACTIONS: Any = None
"""In place of a learner that the actions of the world choose."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModularAgent(LearningAgent[Window]):
    """An agent made of modules; subclasses say which, and how they act.

    Attributes:
        spec: the world that the agent acts in.
        hidden_sizes: units of each hidden layer of policies.
        value_hidden_sizes: units of each hidden layer of the value.
        layer_norm: whether the first hidden layers have layer normalisation and tanh, so that the
            scale of observations matters little.
        box_sizes: units of the layers that see each box of the view ``"boxes"``; without any,
            modules see its numbers.
        image_size: features that the residual network of IMPALA makes of an image of 64 × 64
            pixels.
        initial_scale: factor of the initial weights of last layers; where it is small, first
            discrete actions are near uniform, and first continuous ones have means near 0.
        normalise_observations: whether observations are shifted and scaled by running statistics.
        action_scales: least and largest standard deviation of continuous actions.
        discount: γ of a step.
        entropy: weight of the entropy of actions.
        entropy_end: weight after ``entropy_steps``, to which it falls linearly; None keeps it.
        entropy_steps: environment steps over which it falls, from the first update on. They are
            counted in updates of the modules: a training that starts with modules of another goes
            on where they were.
        learner: how the modules are updated; None for `Retrace` with continuous actions and
            `VTrace` with discrete ones.

    Raises:
        ValueError: if a value is not allowed, or the world has no such view.
    """

    learners: ClassVar[tuple[type[VTrace | Retrace], ...]] = (Retrace, VTrace)
    """Kinds of learners, the preferred one first."""

    hidden_sizes: tuple[int, ...] = (64,)
    value_hidden_sizes: tuple[int, ...] = (64, 64)
    layer_norm: bool = False
    box_sizes: tuple[int, ...] = ()
    image_size: int = 256
    initial_scale: float = 0.1
    normalise_observations: bool = False
    action_scales: tuple[float, float] = (0.1, 1.0)
    discount: float = 0.97
    entropy: float = 1e-3
    entropy_end: float | None = None
    entropy_steps: int = 1_000_000
    learner: VTrace | Retrace = _BY_THE_ACTIONS

    def __post_init__(self) -> None:
        if self.learner is None:
            object.__setattr__(self, "learner", self.learner_for(self.spec.action)())
        checks.hidden_sizes(self.hidden_sizes)
        checks.hidden_sizes(self.value_hidden_sizes, "value_hidden_sizes")
        checks.instance("layer_norm", self.layer_norm, bool)
        checks.instance("box_sizes", self.box_sizes, tuple)
        for units in self.box_sizes:
            checks.count("box_sizes", units, 1)
        if self.box_sizes and not any(map(is_boxes, self.spec.views)):
            raise ValueError(
                f"box_sizes must be () where there is no view {BOXES!r} of {BOX_SIZE} numbers for "
                f"each box, as in {self.spec.name}, got {self.box_sizes}"
            )
        checks.count("image_size", self.image_size, 1)
        checks.positive("initial_scale", self.initial_scale)
        checks.instance("normalise_observations", self.normalise_observations, bool)
        self._check_action_scales()
        checks.discount("discount", self.discount)
        checks.not_negative("entropy", self.entropy)
        if self.entropy_end is not None:
            checks.not_negative("entropy_end", self.entropy_end)
        checks.count("entropy_steps", self.entropy_steps, 1)
        checks.instance("learner", self.learner, *self.learners)
        if self.learner.judges_actions and not isinstance(self.spec.action, Continuous):
            raise ValueError(
                f"learner must be VTrace for discrete actions, got {type(self.learner).__name__} "
                f"and {self.spec.name} with {self.spec.action.count} actions"
            )
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            if field.name.endswith("_views") and given is not None:
                checks.instance(field.name, given, tuple)

    @classmethod
    def learner_for(cls, action: Discrete | Continuous) -> type[VTrace | Retrace]:
        """Return the kind of the learner that is used where none is given."""
        is_continuous = isinstance(action, Continuous)
        able = [kind for kind in cls.learners if is_continuous or not kind.judges_actions]
        return (able or cls.learners)[0]

    @property
    @abc.abstractmethod
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each module that sees any."""

    @abc.abstractmethod
    def unrolled(
        self, parameters: Parameters, targets: Parameters, window: Window, key: Key
    ) -> Unrolled:
        """Return policy and divergences at all observations of a window of `sample`."""

    def weights(self, modules: Modules, window: Window) -> Weights:
        """Return the weights of an update."""
        entropy = self._entropy(self.learner.steps_of(modules.updates, window))
        return Weights(self.discount, 0.0, entropy)

    @property
    def learning_starts(self) -> int:
        """Environment steps before the first update."""
        return self.learner.learning_starts

    @property
    def rollout_length(self) -> int | None:
        """Steps of each environment between two updates; None where a replay is drawn from."""
        return self.learner.rollout_length

    @property
    def updates_per_step(self) -> float:
        """Updates for each environment step."""
        return self.learner.updates_per_step

    @property
    def store(self) -> Store:
        """The store of the learner."""
        return self.learner.store

    def ready(self, state: TrainState) -> Array:
        """Return () bool: whether enough is stored for an update."""
        return self.learner.ready(state.replay)

    @property
    @abc.abstractmethod
    def modules(self) -> tuple[str, ...]:
        """Names of the modules."""

    @property
    @abc.abstractmethod
    def actors(self) -> tuple[str, ...]:
        """Names of the modules that are distributions of actions; the first one draws them."""

    @property
    def actor(self) -> str:
        """Name of the policy of actions in metrics."""
        return self.actors[0]

    @property
    def parts(self) -> Parts:
        """All modules."""
        is_continuous = isinstance(self.spec.action, Continuous)
        scales = {"action_scales": self.action_scales} if is_continuous else {}
        return {
            name: self.learner.part(name, self.views, scales if name in self.actors else {})
            for name in self.modules
        }

    def encoders(self) -> Mapping[str, Encoder]:
        """Return the encoder of each module that sees any view."""
        return {
            name: Encoder.of(self.spec, views, normalise=self.normalise_observations)
            for name, views in self.views.items()
        }

    def sample(self, state: TrainState, key: Key) -> Window:
        """Return sequences of steps, with observations of each module ``(T + 1, B, D)``."""
        window = self.learner.window(state.replay, key)
        encoded = {
            name: jax.vmap(encoder)(window.observation) for name, encoder in state.encoders.items()
        }
        return window._replace(observation=encoded)

    def update(self, learner: Modules, batch: Window, key: Key) -> tuple[Modules, Metrics]:
        """Return the modules after one update, and metrics."""
        weights = self.weights(learner, batch)
        return self.learner.update(self.actor, self.unrolled, learner, batch, key, weights)

    @property
    def body_views(self) -> tuple[str, ...]:
        """Names of all views but ``"task"`` and the goal of the world."""
        hidden = {TASK, None if self.spec.goal is None else self.spec.goal.desired}
        return tuple(name for name in self.spec.view_names if name not in hidden)

    def policy(self, network: Network, seen: Array) -> Policy:
        """Return the distribution of actions of a network."""
        return self.policy_of(network(seen))

    def policy_of(self, output: Array) -> Policy:
        """Return the distribution of actions of an output of a network."""
        return actions(self.spec.action, output, self.action_scales)

    def chooser(self, name: str) -> str:
        """Return the module whose field gives a module its views."""
        return name

    def _require_views(self, may_be_empty: tuple[str, ...] = ()) -> None:
        """Raise ValueError unless the views of all modules are views that they can see."""
        for name, names in self.views.items():
            least = int(name not in may_be_empty)
            require_views(self.spec, f"{self.chooser(name)}_views", names, least=least)
            images = [each for each in names if is_image(self.spec.view(each))]
            if images and self.normalise_observations:
                raise ValueError(
                    f"normalise_observations must be False where a module sees images, as {name} "
                    f"sees {images[0]!r} of {self.spec.name}; layer_norm=True takes out scales, too"
                )
        seen = dict.fromkeys(name for names in self.views.values() for name in names)
        self._warn_of_pictures(name for name in seen if not is_image(self.spec.view(name)))

    def policy_network(self, key: Key, name: str, outputs: int, more: int = 0) -> Network:
        """Return an untrained policy.

        Args:
            key: of its weights.
            name: of the module, which sees its views.
            outputs: numbers that it returns.
            more: numbers that it sees after its views.
        """
        return self._network(key, self.views[name], more, self.hidden_sizes, outputs)

    def value_network(self, key: Key, more: int = 0) -> Network:
        """Return an untrained value; it sees ``more`` numbers, and the actions that it judges."""
        judged = math.prod(self.spec.action.shape) if self.learner.judges_actions else 0
        return self._network(key, self.views[VALUE], more + judged, self.value_hidden_sizes, 1)

    def _network(
        self,
        key: Key,
        names: tuple[str, ...],
        more: int,
        hidden_sizes: tuple[int, ...],
        outputs: int,
    ) -> Network:
        views = [self.spec.view(name) for name in names]
        torsos = torsos_of(jax.random.fold_in(key, TORSOS), views, self.box_sizes, self.image_size)
        inputs = self.spec.size(names) + more
        inputs += sum(torso.size - (torso.stop - torso.start) for torso in torsos)
        mlp = MLP(
            key,
            inputs,
            hidden_sizes,
            outputs,
            activation="elu",
            layer_norm=self.layer_norm,
            final_scale=self.initial_scale,
        )
        return TorsoNetwork(torsos, mlp) if torsos else mlp

    def _entropy(self, steps: Array) -> Array | float:
        """Return the weight of the entropy after so many environment steps."""
        if self.entropy_end is None:
            return self.entropy
        share = jnp.minimum(steps / self.entropy_steps, 1.0)
        return self.entropy + share * (self.entropy_end - self.entropy)

    def _check_action_scales(self) -> None:
        scales = self.action_scales
        is_pair = isinstance(scales, tuple) and len(scales) == 2 and all(map(_is_real, scales))
        if not (is_pair and 0.0 < scales[0] <= scales[1] < math.inf):
            raise ValueError(
                "action_scales must be two positive numbers, the first not above the second, got "
                f"{self.action_scales}"
            )


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
