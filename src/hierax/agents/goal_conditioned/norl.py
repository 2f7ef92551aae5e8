"""NORL: HIRO in a goal space that is learned beside the levels.

Nachum, Gu, Lee & Levine (2019), "Near-optimal representation learning for hierarchical
reinforcement learning":

    m(s) = (f(s) - mean) / standard deviation        running statistics of f
    every update   f and φ are trained on stored decisions (see `representations.predictive`)
                   then both levels, as in HIRO, with goals in units of m

Reward of the low level for step k of a decision that began at s_t, with z* the goal (D is that of
`representations.predictive`, in units of f; I = -D(f(s_{t+k}) - φ) - log Z the logarithm of K / ρ):

    progress             ‖m(s_{t+k-1}) - z*‖₂ - ‖m(s_{t+k}) - z*‖₂
    distance             -‖m(s_{t+k}) - z*‖₂                     the released code
    huber                -D(f(s_{t+k}) - z*)
    huber_weighted       -w_k D(f(s_{t+k}) - z*)                 w_k = 1, and 1 / (1 - γ) for k = c
    mutual_information   w_k (-D(f(s_{t+k}) - z*) - I)           the paper

The released code leaves out w_k and I. I rests on the actions of the stored decision, as those of
the policy: where the policy has moved on, it is not exact.

Settings differ from the paper where it fails on most seeds of small worlds: f is normalised, φ does
not see the actions, the first actions are random corners of the action box for longer, and the
levels are trained later than f.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key, Metrics, Observation, TrainState
from hierax.agents.encoder import Encoder
from hierax.agents.goal_conditioned.batches import GOAL, GoalBatch, LowSteps, Pursuit
from hierax.agents.goal_conditioned.hiro import DECISIONS, HIRO
from hierax.agents.goal_conditioned.levels import LOW, SPACE, Levels, LowEncoder
from hierax.agents.goal_conditioned.metrics import named
from hierax.agents.goal_conditioned.representations import (
    Autoencoder,
    Controlled,
    LearnedSpace,
    Predictive,
    RandomMap,
    Representation,
    Segment,
    Slow,
    SpaceTraining,
    Whole,
)
from hierax.agents.goal_conditioned.representations.predictive import (
    huber_distance,
    log_ratio,
    offset_weights,
)
from hierax.agents.goal_conditioned.space_metrics import Factors, factor_metrics, factors_of
from hierax.agents.replay import Index

REPRESENTATIONS = ("norl", "vae", "e2c", "slow", "random", "observation", "goal")
TIME = "time"
"""The view of the time of an episode: a perfect, useless predictor of what follows."""
OFFSETS = ("published", "uniform")


class NORLBatch(NamedTuple):
    """A batch of an update of the goal space and of both levels.

    Attributes:
        goals: of both levels.
        factors: what is known of the observations of the first segments.
        levels_learn: () bool, whether the levels are trained.
    """

    goals: GoalBatch
    factors: Factors
    levels_learn: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class NORL(HIRO):
    """HIRO with a learned goal space.

    An update is ``low_updates`` of f, then one of the high level and ``low_updates`` of the low
    level. Fields that are not listed are those of `HIRO`; ``goal_range`` is in standard deviations
    of f, and ``goal_space`` is only used with the representation ``"goal"``.

    Attributes:
        spec: the world that the agent acts in.
        representation: f, one of `REPRESENTATIONS`: ``"norl"``, ``"vae"``, ``"e2c"``, ``"slow"``
            (LESSON), ``"random"``, ``"observation"`` (all of it), or ``"goal"`` (what the goal of
            the world is about).
        representation_views: names of the views that f sees; None for all but the world's goal and
            a view that is called ``"time"``.
        representation_size: d, dimensions of the goal space, where f is a network or random.
        representation_hidden_sizes: units of each hidden layer of f.
        representation_learning_rate: of Adam, for f.
        representation_actions: whether φ of NORL depends on the actions of a decision.
        offsets: weights of k in the objective of NORL: ``"published"`` or ``"uniform"``.
        offset_discount: γ of these weights, and of w_k in rewards.
        low_reward: see the module.
        low_sees_step: whether the low level sees how much of the decision is over, k / c.
        levels_start: environment steps before the first update of the levels; over a trained low
            level, whose goal space is kept, there is no such wait.

    Raises:
        ValueError: if a value is not allowed, or where `HIRO` raises it.
    """

    view_fields: ClassVar[Mapping[str, str]] = {
        **HIRO.view_fields,
        SPACE: "representation_views",
    }
    low_rewards_known: ClassVar[tuple[str, ...]] = (
        "progress", "distance", "huber", "huber_weighted", "mutual_information",
    )  # fmt: skip

    goal_range: tuple[float, ...] = (1.5,)
    correction: float = 0.0
    random_actions: int = 50_000
    low_reward: Literal[  # type: ignore[assignment]
        "progress", "distance", "huber", "huber_weighted", "mutual_information"
    ] = "progress"
    low_reward_scale: float = 3.0
    representation: Literal["norl", "vae", "e2c", "slow", "random", "observation", "goal"] = "norl"
    representation_views: tuple[str, ...] | None = None
    representation_size: int = 2
    representation_hidden_sizes: tuple[int, ...] = (64, 64)
    representation_learning_rate: float = 3e-4
    representation_actions: bool = False
    offsets: Literal["published", "uniform"] = "published"
    offset_discount: float = 0.6
    low_sees_step: bool = False
    levels_start: int = 20_000

    def __post_init__(self) -> None:
        checks.one_of("representation", self.representation, REPRESENTATIONS)
        checks.count("representation_size", self.representation_size, 1)
        checks.hidden_sizes(self.representation_hidden_sizes, "representation_hidden_sizes")
        checks.one_of("offsets", self.offsets, OFFSETS)
        for name in ("representation_actions", "low_sees_step"):
            checks.instance(name, getattr(self, name), bool)
        super().__post_init__()
        checks.positive("representation_learning_rate", self.representation_learning_rate)
        checks.discount("offset_discount", self.offset_discount)
        checks.count("levels_start", self.levels_start, 0)
        if self.low_reward == "mutual_information" and self.representation != "norl":
            raise ValueError(
                "low_reward 'mutual_information' needs representation 'norl', got "
                f"{self.representation!r}"
            )

    @property
    def f(self) -> Representation:
        """The map to the goal space, before it is scaled."""
        size, hidden = self.representation_size, self.representation_hidden_sizes
        actions = self.action_size
        match self.representation:
            case "norl":
                return self._predictive
            case "vae":
                return Autoencoder(size, hidden)
            case "e2c":
                return Controlled(size, hidden, actions)
            case "slow":
                return Slow(size, hidden)
            case "random":
                return RandomMap(size)
            case _:
                return Whole()

    @property
    def space_training(self) -> SpaceTraining:
        """How the goal space is built and updated."""
        return SpaceTraining(self.f, self.representation_learning_rate)

    @property
    def goal_size(self) -> int:
        """d, dimensions of the goal space."""
        return self.f.size(self._feature_size)

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each level, and of f."""
        views, chosen = super().views, self.representation_views
        goal = self.spec.goal
        hidden = {TIME, None if goal is None else goal.desired}
        own = tuple(name for name in self.spec.view_names if name not in hidden)
        return {**views, SPACE: own if chosen is None else chosen}

    @property
    def low_size(self) -> int:
        """D, numbers that the low level sees besides its goal."""
        return super().low_size + self.low_sees_step

    @property
    def indices(self) -> Mapping[str, Index]:
        """Decisions, for everything."""
        return {DECISIONS: Index(self.control_interval, aligned=True)}

    def encoders(self) -> Mapping[str, Encoder]:
        """Return the encoders of each level and of f."""
        of_space = LowEncoder.of(
            self.spec, self.views[SPACE], normalise=self.normalise_observations
        )
        return {**super().encoders(), SPACE: of_space}

    def build(self, key: Key) -> Levels:
        """Return both levels and the goal space."""
        levels_key, space_key = jax.random.split(key)
        space = self.space_training.build(space_key, self._feature_size)
        return super().build(levels_key)._replace(space=space)

    def features(self, encoders: Mapping[str, Encoder], observation: Observation) -> jax.Array:
        """Return ``(..., n)``: what f is a function of."""
        if self.representation == "goal":
            return self.space(observation)
        encode = encoders[SPACE]
        view = self.spec.view(self.views[SPACE][0])
        for _ in range(jnp.ndim(observation[view.name]) - len(view.shape) - 1):
            encode = jax.vmap(encode)
        return encode(observation)

    def places(self, learner: Levels, features: jax.Array) -> jax.Array:
        """Return m(s), ``(..., d)``."""
        return self.space_training.places(_space(learner), features)

    def low_seen(
        self, encoders: Mapping[str, Encoder], observation: Observation, age: jax.Array
    ) -> jax.Array:
        """Return ``(N, D)``, what the low level sees besides its goal."""
        seen = super().low_seen(encoders, observation, age)
        if not self.low_sees_step:
            return seen
        step = (age % self.control_interval) / self.control_interval
        return jnp.concatenate([seen, jnp.broadcast_to(step, len(seen))[:, None]], axis=1)

    def sample(self, state: TrainState, key: Key) -> NORLBatch:  # type: ignore[override]
        """Return a batch of decisions, and of their steps."""
        factor_key, goals_key = jax.random.split(key)
        learns = (state.steps >= self.levels_start) | state.encoders[LOW].frozen
        return NORLBatch(super().sample(state, goals_key), self._factors(state, factor_key), learns)

    def update(  # type: ignore[override]
        self, learner: Levels, batch: NORLBatch, key: Key
    ) -> tuple[Levels, Metrics]:
        """Return goal space and levels after one update, and metrics."""
        space_key, levels_key = jax.random.split(key)
        of_levels = super().update
        space, of_space = self._update_space(learner, _segment(batch.goals.low), space_key)
        learner = learner._replace(space=space)

        def learned(learner: Levels) -> tuple[Levels, Metrics]:
            return of_levels(learner, batch.goals, levels_key)

        def left(learner: Levels) -> tuple[Levels, Metrics]:
            metrics = jax.eval_shape(learned, learner)[1]
            return learner, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), metrics)

        learner, metrics = jax.lax.cond(batch.levels_learn, learned, left, learner)
        factors = factor_metrics(
            batch.factors, self.places(learner, batch.factors.features), self.goal_range
        )
        return learner, {**metrics, **named(SPACE, {**of_space, **factors})}

    def low_rewards(self, learner: Levels, steps: LowSteps, pursued: Pursuit) -> jax.Array:
        """Return the rewards of steps of the low level, ``(B,)``, before they are scaled."""
        if self.low_reward in ("progress", "distance"):
            return super().low_rewards(learner, steps, pursued)
        space, segment = _space(learner), _segment(steps)
        reward = -huber_distance((pursued.after - pursued.target) * space.spread)
        if self.low_reward == "huber":
            return reward
        if self.low_reward == "mutual_information":
            predicted = self._predictive.predicted(space.parameters, segment)
            reached = self.f.embed(space.parameters, steps.features[1])
            reward -= log_ratio(predicted, reached, reached)
        return offset_weights(self.control_interval, self.offset_discount)[segment.number] * reward

    def _low_batch(self, state: TrainState, key: Key) -> LowSteps:
        """Return a batch of steps, one of each of as many decisions, uniformly drawn."""
        draw_key, step_key, later_key = jax.random.split(key, 3)
        interval, each = self.control_interval, jnp.arange(self.batch_size)
        drawn = self.store.sample(state.replay, draw_key, self.batch_size, DECISIONS, following=1)
        is_step = drawn.is_step[:interval]
        length = is_step.sum(axis=0)
        number = jax.random.randint(step_key, length.shape, 0, length)
        later = number + jax.random.randint(later_key, length.shape, 1, length - number + 1)
        both = jnp.stack([number, number + 1])
        places = jax.tree.map(lambda view: view[: interval + 1], drawn.observation)
        features = self.features(state.encoders, places)
        pair = jax.tree.map(lambda view: view[both, each], places)
        seen = jax.vmap(lambda view, age: self.low_seen(state.encoders, view, age))(pair, both)
        return LowSteps(
            observation=seen,
            features=features[both, each],
            action=drawn.action[number, each],
            goal=drawn.extras[GOAL][both, each],
            followed=drawn.is_step[number + 1, each],
            reached=features[later, each][: self._hindsight_number],
            segment=Segment(features, drawn.action[:interval], is_step, number),
        )

    def _update_space(
        self, learner: Levels, segments: Segment, key: Key
    ) -> tuple[LearnedSpace, Metrics]:
        """Return the goal space after an update from each of the batches; unchanged if frozen."""

        def one(space: LearnedSpace, drawn: tuple[Segment, Key]) -> tuple[LearnedSpace, Metrics]:
            updated, metrics = self.space_training.update(space, *drawn)
            frozen = learner.low_frozen
            return jax.tree.map(lambda a, b: jnp.where(frozen, a, b), space, updated), metrics

        keys = jax.random.split(key, self.low_updates)
        space, each = jax.lax.scan(one, _space(learner), (segments, keys))
        return space, jax.tree.map(lambda metric: metric.mean(axis=0), each)

    def _factors(self, state: TrainState, key: Key) -> Factors:
        drawn = self.store.sample(state.replay, key, self.batch_size, DECISIONS)
        features = self.features(state.encoders, drawn.observation)
        segment = Segment(features, drawn.action, drawn.is_step, jnp.zeros((), jnp.int32))
        return factors_of(self.spec, drawn.observation, features, segment.weight)

    @property
    def _predictive(self) -> Predictive:
        actions = self.action_size if self.representation_actions else None
        return Predictive(
            self.representation_size,
            self.representation_hidden_sizes,
            actions,
            self.control_interval,
            self.offset_discount,
            self.offsets,
        )

    @property
    def _feature_size(self) -> int:
        """n, numbers that f is a function of."""
        if self.representation == "goal":
            return self.space.size(self.spec)
        return self.spec.size(self.views[SPACE])


def _space(learner: Levels) -> LearnedSpace:
    assert learner.space is not None
    return learner.space


def _segment(steps: LowSteps) -> Segment:
    assert steps.segment is not None
    return steps.segment
