"""The base of agents that store steps and learn from batches of them, of whatever type.

    observe   store the step; update the encoders' statistics
    learn     sample a batch from the store, update the learner with it

A subclass says what it stores in (`store`), which batch it samples (`sample`), how a learner is
built (`build`) and updated (`update`), and how it acts (`initial_carry`, `act`). What is stored of
a step has the shapes that `act` returns, extras included.
"""

import abc
import dataclasses
import math
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import jax
import jax.numpy as jnp

from hierax.agents import parts
from hierax.agents.agent import Carry, Key, Metrics, Observation, TrainState, Transition
from hierax.agents.encoder import Encoder
from hierax.agents.parts import Parts
from hierax.spec import Continuous, WorldSpec

Batch = TypeVar("Batch")
_PICTURE_AXES = 3
"""Height, width and channels."""


class Store(Protocol):
    """A store of steps as pure functions, such as `Replay` or `Rollout`."""

    def init(self, transition: Transition) -> Any:
        """Return an empty store for steps of these shapes."""
        ...

    def add(self, state: Any, transition: Transition) -> Any:
        """Return the store after one step of N environments."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearningAgent(abc.ABC, Generic[Batch]):
    """An agent that learns from batches of stored steps; generic over the batch.

    Attributes:
        spec: the world that the agent acts in.
    """

    spec: WorldSpec = dataclasses.field(kw_only=False)

    @property
    @abc.abstractmethod
    def store(self) -> Store:
        """The store of steps."""

    @abc.abstractmethod
    def encoders(self) -> Mapping[str, Encoder]:
        """Return the encoders whose statistics follow the observations, before the first one."""

    @abc.abstractmethod
    def build(self, key: Key) -> Any:
        """Return the learner: parameters, target parameters, optimiser states."""

    @abc.abstractmethod
    def sample(self, state: TrainState, key: Key) -> Batch:
        """Return a batch from ``state.replay``."""

    @abc.abstractmethod
    def update(self, learner: Any, batch: Batch, key: Key) -> tuple[Any, Metrics]:
        """Make one gradient update of the learner from a batch."""

    @abc.abstractmethod
    def initial_carry(self, count: int) -> Carry:
        """Return the carry of ``count`` environments at the beginning of an episode."""

    @abc.abstractmethod
    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, Any, Any]:
        """Return carry, actions and extras for each environment."""

    @property
    def parts(self) -> Parts:
        """Parts that can be kept in a transfer and frozen, by name; by default there are none."""
        return {}

    def _require_continuous(self) -> None:
        """Raise ValueError unless the world's actions are continuous."""
        if not isinstance(self.spec.action, Continuous):
            raise ValueError(
                f"{type(self).__name__} needs continuous actions, got {self.spec.name} with "
                f"{self.spec.action.count} discrete actions"
            )

    def _warn_of_pictures(self, names: Iterable[str]) -> None:
        """Warn of each view of ``names`` that is a picture: an MLP sees it as a list of numbers."""
        for name in names:
            shape = self.spec.view(name).shape
            if len(shape) == _PICTURE_AXES:
                warnings.warn(
                    f"view {name!r} of {self.spec.name} is a picture of shape {shape}, and "
                    f"{type(self).__name__} flattens it into {math.prod(shape)} numbers for an "
                    "MLP: leave it out of the agent's views, or encode it in the world",
                    stacklevel=2,
                )

    def with_frozen(self, state: TrainState, names: Iterable[str]) -> TrainState:
        """Return the state with these parts frozen, besides those that are."""
        more = {name: jnp.ones((), bool) for name in names}
        return state._replace(frozen={**state.frozen, **more})

    def init(self, key: Key, environments: int = 1) -> TrainState:
        """Return the state of an untrained agent that will observe N environments."""
        state = self.acting_state(key)
        return state._replace(replay=self.store.init(self._step_shapes(state, environments)))

    def acting_state(self, key: Key) -> TrainState:
        """Return what `init` returns, without a store: enough for acting."""
        build_key, learn_key = jax.random.split(key)
        return TrainState(
            learner=self.build(build_key),
            replay=None,
            encoders=dict(self.encoders()),
            steps=jnp.zeros((), jnp.int32),
            updates=jnp.zeros((), jnp.int32),
            key=learn_key,
            frozen=parts.none_frozen(self.parts),
        )

    def observe(self, state: TrainState, transition: Transition) -> TrainState:
        """Store one step of N environments."""
        encoders = {
            name: encoder.updated(transition.observation, transition.is_step)
            for name, encoder in state.encoders.items()
        }
        encoders = parts.encoders_put_back(self.parts, state.frozen, state.encoders, encoders)
        return state._replace(
            replay=self.store.add(state.replay, transition),
            encoders=encoders,
            steps=state.steps + transition.is_step.size,
        )

    def ready(self, state: TrainState) -> Any:
        """Return () bool: whether enough is stored for an update. By default it always is."""
        del state
        return jnp.array(True)

    def learn(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """Make one gradient update from what is stored."""
        return self.learn_from(state, self.next_batch(state))

    def learn_from(self, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        """Make the update of `learn` from a batch of `next_batch`; needs no store."""
        key, _, update_key = jax.random.split(state.key, 3)
        learner, metrics = self.update(state.learner, batch, update_key)
        learner = parts.put_back(self.parts, state.frozen, state.learner, learner)
        return state._replace(learner=learner, updates=state.updates + 1, key=key), metrics

    def next_batch(self, state: TrainState) -> Batch:
        """Return the batch of the next update. It is saved when a loss is not finite."""
        # One of the keys that an update splits off: a folded key may equal one of them.
        _, key, _ = jax.random.split(state.key, 3)
        return self.sample(state, key)

    def next_batches(self, state: TrainState, updates: int) -> Batch:
        """Return the batches ``(updates, ...)`` of that many updates; needs no learner."""

        def draw(state: TrainState, _: None) -> tuple[TrainState, Batch]:
            key, _, _ = jax.random.split(state.key, 3)
            return state._replace(key=key), self.next_batch(state)

        return jax.lax.scan(draw, state, None, length=updates)[1]

    def _step_shapes(self, state: TrainState, environments: int) -> Transition:
        """Return the shapes of a step as it is stored."""

        def shape(*axes: int, dtype: Any = jnp.float32) -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct((environments, *axes), dtype)

        views = {view.name: shape(*view.shape, dtype=view.dtype) for view in self.spec.views}
        carry = jax.eval_shape(lambda: self.initial_carry(environments))
        _, action, extras = jax.eval_shape(
            lambda *given: self.act(*given, explore=True), state, carry, views, state.key
        )
        flag = shape(dtype=jnp.bool_)
        return Transition(views, action, extras, shape(), flag, flag, views, flag)
