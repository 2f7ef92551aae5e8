"""What agents that learn from replayed transitions share: all but acting, networks and losses.

    observe   store the step; let the observation count for the statistics
    learn     draw a batch of transitions, update the learner with it

A subclass builds a learner (`build`), acts (`begin`, `act`) and says how a batch of transitions
changes the learner (`update`). `update` is a pure function of its own, so that a hierarchy can call
it with batches that it makes itself. Agents without levels are a `FlatOffPolicy`.
"""

import abc
import dataclasses
from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents import statistics
from hierax.agents.agent import Carry, Key, Metrics, Observation, TrainState, Transition
from hierax.agents.networks import flatten_views
from hierax.agents.replay import Replay, Stretch
from hierax.spec import Continuous, WorldSpec


class Batch(NamedTuple):
    """B transitions as a learner sees them.

    Attributes:
        observation: ``(B, D)``, the views side by side.
        action: ``(B, A)`` in [-1, 1].
        reward: ``(B,)``.
        discount: ``(B,)``, 0 where the episode terminated, not where it was cut off.
        next_observation: ``(B, D)``.
    """

    observation: jax.Array
    action: jax.Array
    reward: jax.Array
    discount: jax.Array
    next_observation: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class OffPolicy(abc.ABC):
    """An agent with continuous actions that learns from replayed transitions.

    Attributes:
        spec: the world that it acts in.
        hidden_sizes: units of the hidden layers, of actor and critics alike.
        discount: γ in [0, 1).
        learning_rate: of Adam, for all networks.
        batch_size: B, transitions of an update.
        tau: share τ in (0, 1] of the online parameters in a step of the target parameters.
        buffer_size: steps that the replay keeps, of all environments together.
        learning_starts: steps with uninformed actions before the first update.
        updates_per_step: gradient updates for each environment step after that.
        views: names of the views that it sees, in this order; None for all of the world's.
        normalise_observations: whether observations are shifted and scaled by their running mean
            and deviation.

    Raises:
        ValueError: where a number is not allowed, the world's actions are not continuous, or it has
            no such view.
    """

    spec: WorldSpec = dataclasses.field(kw_only=False)
    hidden_sizes: tuple[int, ...] = (256, 256)
    discount: float = 0.99
    learning_rate: float = 3e-4
    batch_size: int = 256
    tau: float = 0.005
    buffer_size: int = 1_000_000
    learning_starts: int = 1_000
    updates_per_step: float = 1.0
    views: tuple[str, ...] | None = None
    normalise_observations: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.spec.action, Continuous):
            raise ValueError(
                f"{self.spec.name} has {self.spec.action.count} discrete actions, but "
                f"{type(self).__name__} needs continuous ones"
            )
        if self.views is not None:
            checks.instance("views", self.views, tuple)
        if not self.observation_size:
            raise ValueError(f"views are {self._names}, but must hold at least one number together")
        checks.instance("hidden_sizes", self.hidden_sizes, tuple)
        if not self.hidden_sizes:
            raise ValueError("hidden_sizes is (), but must name the units of at least one layer")
        for units in self.hidden_sizes:
            checks.count("hidden_sizes", units, 1)
        for name in ("batch_size", "buffer_size"):
            checks.count(name, getattr(self, name), 1)
        checks.count("learning_starts", self.learning_starts, 0)
        for name in ("learning_rate", "updates_per_step", "tau"):
            checks.positive(name, getattr(self, name))
        if not (isinstance(self.discount, Real) and 0.0 <= self.discount < 1.0):
            raise ValueError(f"discount is {self.discount!r}, but must be a number in [0, 1)")
        if self.tau > 1.0:
            raise ValueError(f"tau is {self.tau!r}, but must be in (0, 1]")

    @property
    def observation_size(self) -> int:
        """D, how many numbers it sees."""
        return self.spec.size(self._names)

    @property
    def action_size(self) -> int:
        """A, how many numbers an action has."""
        return self.spec.action.shape[0]

    @property
    def replay(self) -> Replay:
        """How transitions are kept."""
        return Replay(self.buffer_size)

    @abc.abstractmethod
    def build(self, key: Key) -> Any:
        """Makes the learner: parameters, target parameters, states of optimisers."""

    @abc.abstractmethod
    def update(self, learner: Any, batch: Batch, key: Key) -> tuple[Any, Metrics]:
        """One gradient update of the learner from a batch."""

    def init(self, key: Key, environments: int = 1) -> TrainState:
        """See `Agent`."""
        nothing = self._nothing(environments)
        return self.untrained(key)._replace(replay=self.replay.init(nothing))

    def untrained(self, key: Key) -> TrainState:
        """As `init`, without a replay: a state that can only act."""
        build_key, learn_key = jax.random.split(key)
        size = self.observation_size
        return TrainState(
            learner=self.build(build_key),
            replay=None,
            statistics=statistics.empty(size) if self.normalise_observations else None,
            steps=jnp.zeros((), jnp.int32),
            updates=jnp.zeros((), jnp.int32),
            key=learn_key,
        )

    @abc.abstractmethod
    def begin(self, count: int) -> Carry:
        """See `Agent`."""

    @abc.abstractmethod
    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, jax.Array, Mapping[str, jax.Array]]:
        """See `Agent`."""

    def observe(self, state: TrainState, transition: Transition) -> TrainState:
        """See `Agent`."""
        known = state.statistics
        if known is not None:
            flat = flatten_views(transition.observation, self._names)
            known = statistics.update(known, flat, transition.is_step)
        return state._replace(
            replay=self.replay.add(state.replay, transition),
            statistics=known,
            steps=state.steps + transition.is_step.size,
        )

    def learn(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """See `Agent`."""
        return self.learn_from(state, self.draw(state))

    def learn_from(self, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        """As `learn`, from the batch that `draw` or `draw_ahead` gave; needs no replay."""
        key, _, update_key = jax.random.split(state.key, 3)
        learner, metrics = self.update(state.learner, batch, update_key)
        return state._replace(learner=learner, updates=state.updates + 1, key=key), metrics

    def draw(self, state: TrainState) -> Batch:
        """The batch that the next update learns from."""
        # One of the keys that an update splits off: a folded key can be the same as one of those.
        _, key, _ = jax.random.split(state.key, 3)
        drawn = self.replay.sample(state.replay, key, self.batch_size)
        return self._batch(state, drawn)

    def draw_ahead(self, state: TrainState, updates: int) -> Batch:
        """The batches ``(updates, B, ...)`` that so many updates learn from; needs no learner."""

        def draw(state: TrainState, _: None) -> tuple[TrainState, Batch]:
            key, _, _ = jax.random.split(state.key, 3)
            return state._replace(key=key), self.draw(state)

        return jax.lax.scan(draw, state, None, length=updates)[1]

    def see(self, state: TrainState, observation: Observation) -> jax.Array:
        """Observations ``(N, D)`` as the networks see them."""
        flat = flatten_views(observation, self._names)
        return flat if state.statistics is None else statistics.normalise(state.statistics, flat)

    @property
    def _names(self) -> tuple[str, ...]:
        return self.spec.view_names if self.views is None else self.views

    def _batch(self, state: TrainState, drawn: Stretch) -> Batch:
        first, second = (
            self.see(state, jax.tree.map(lambda view, k=k: view[k], drawn.observation))
            for k in (0, 1)
        )
        return Batch(
            observation=first,
            action=drawn.action[0],
            reward=drawn.reward[0],
            discount=jnp.where(drawn.terminated[0], 0.0, self.discount),
            next_observation=second,
        )

    def _nothing(self, environments: int) -> Transition:
        """A transition of zeros, which tells the replay what it will keep."""
        observation = {
            view.name: jnp.zeros((environments, *view.shape), view.dtype)
            for view in self.spec.views
        }
        no = jnp.zeros(environments, bool)
        return Transition(
            observation=observation,
            action=jnp.zeros((environments, self.action_size)),
            extras={},
            reward=jnp.zeros(environments),
            terminated=no,
            truncated=no,
            next_observation=observation,
            is_step=no,
        )
