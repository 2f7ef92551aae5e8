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

The released code leaves out w_k and I. With actions in φ, I rests on those of the stored decision,
as actions of the policy: where the policy has moved on, it is not exact.

Settings differ from the paper where it fails on most seeds of small worlds: f is normalised, near
states have more weight, φ does not see the actions, the reward of the low level is progress, half
of its goals are places that were reached later, the high level has a smaller γ, the first actions
are random corners of the action box for longer, and the levels are trained later than f.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple, TypeAlias, get_args

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key, Metrics, Observation, TrainState
from hierax.agents.encoder import Encoder
from hierax.agents.goal_conditioned.batches import GOAL, Decision, GoalBatch, LowSteps, Pursuit
from hierax.agents.goal_conditioned.hiro import DECISIONS, HIRO
from hierax.agents.goal_conditioned.levels import LOW, SPACE, Levels, LowEncoder, updated_if
from hierax.agents.goal_conditioned.metrics import named
from hierax.agents.goal_conditioned.representations import (
    Autoencoder,
    Controlled,
    Course,
    LearnedSpace,
    Predictive,
    RandomMap,
    Representation,
    Slow,
    SpaceTraining,
    Trajectories,
    Whole,
)
from hierax.agents.goal_conditioned.representations.predictive import (
    huber_distance,
    log_ratio,
    offset_weights,
)
from hierax.agents.goal_conditioned.space_metrics import Factors, factor_metrics, factors_of
from hierax.agents.replay import Index

Name: TypeAlias = Literal["norl", "vae", "e2c", "slow", "random", "observation", "goal"]
Offsets: TypeAlias = Literal["published", "uniform"]
LearnedReward: TypeAlias = Literal[
    "progress", "distance", "huber", "huber_weighted", "mutual_information"
]
TIME = "time"
"""The view of the time of an episode: a perfect, useless predictor of what follows."""


class NORLBatch(NamedTuple):
    """A batch of an update of the goal space and of both levels.

    Attributes:
        goals: of both levels.
        trajectories: ``(r, ...)``, decisions for r updates of f.
        factors: what is known of their observations.
        levels_learn: () bool, whether the levels are trained.
    """

    goals: GoalBatch
    trajectories: Trajectories
    factors: Factors
    levels_learn: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class NORL(HIRO):
    """HIRO with a learned goal space.

    An update is ``representation_updates`` of f, each with ``batch_size`` decisions, and then one
    of HIRO. Fields that are not listed are those of `HIRO`. ``goal_range`` is in standard
    deviations of f; ``goal_space`` is for the representation ``"goal"`` alone.

    Attributes:
        spec: the world that the agent acts in.
        representation: f: ``"norl"``, ``"vae"``, ``"e2c"``, ``"slow"``
            (LESSON), ``"random"``, ``"observation"`` (all of it), or ``"goal"`` (what the goal of
            the world is about).
        representation_views: names of the views that f sees; None for all but the world's goal and
            a view that is called ``"time"``.
        representation_size: d, dimensions of the goal space, where f is a network or random.
        representation_hidden_sizes: units of each hidden layer of f.
        representation_learning_rate: of Adam, for f.
        representation_updates: r, updates of f for each one of the high level.
        representation_actions: whether φ of NORL depends on the actions of a decision.
        offsets: weights of k in the objective of NORL: ``"published"`` or ``"uniform"``.
        offset_discount: γ of these weights, and of w_k in rewards.
        low_reward: ``"progress"``, what a step takes off the distance, or one of the others in the
            table of the module.
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
    low_rewards_known: ClassVar[tuple[str, ...]] = get_args(LearnedReward)

    discount: float = 0.95
    updates_per_step: float = 1 / 16
    goal_range: tuple[float, ...] = (1.5,)
    low_updates: int = 1
    correction: float = 0.0
    hindsight: float = 0.5
    random_actions: int = 50_000
    low_reward: LearnedReward = "progress"  # type: ignore[assignment]
    low_reward_scale: float = 3.0
    representation: Name = "norl"
    representation_views: tuple[str, ...] | None = None
    representation_size: int = 2
    representation_hidden_sizes: tuple[int, ...] = (64, 64)
    representation_learning_rate: float = 3e-4
    representation_updates: int = 1
    representation_actions: bool = False
    offsets: Offsets = "published"
    offset_discount: float = 0.6
    low_sees_step: bool = False
    levels_start: int = 20_000

    def __post_init__(self) -> None:
        checks.one_of("representation", self.representation, get_args(Name))
        for name in ("representation_size", "representation_updates"):
            checks.count(name, getattr(self, name), 1)
        checks.hidden_sizes(self.representation_hidden_sizes, "representation_hidden_sizes")
        checks.one_of("offsets", self.offsets, get_args(Offsets))
        for name in ("representation_actions", "low_sees_step"):
            checks.instance(name, getattr(self, name), bool)
        super().__post_init__()
        checks.positive("representation_learning_rate", self.representation_learning_rate)
        checks.discount("offset_discount", self.offset_discount)
        checks.count("levels_start", self.levels_start, 0)
        if self.low_reward == "mutual_information" and self.representation != "norl":
            raise ValueError(
                "low_reward 'mutual_information' needs representation 'norl', got "
                f"{self.representation!r}: choose that, or low_reward='huber_weighted'"
            )
        if self.goal_space is not None and self.representation != "goal":
            raise ValueError(
                "goal_space is used with representation 'goal' alone, got "
                f"{self.representation!r}: choose that, or leave goal_space out"
            )

    @property
    def representation_map(self) -> Representation:
        """f, the map to the goal space before it is scaled."""
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
            case "observation" | "goal":
                return Whole()

    @property
    def space_training(self) -> SpaceTraining:
        """How the goal space is built and updated."""
        return SpaceTraining(self.representation_map, self.representation_learning_rate)

    @property
    def goal_size(self) -> int:
        """d, dimensions of the goal space."""
        return self.representation_map.size(self._feature_size)

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
        # The encoder takes one axis before those of a view.
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
        space_key, goals_key = jax.random.split(key)
        trajectories, factors = self._space_batch(state, space_key)
        learns = (state.steps >= self.levels_start) | state.encoders[LOW].frozen
        return NORLBatch(super().sample(state, goals_key), trajectories, factors, learns)

    def update(  # type: ignore[override]
        self, learner: Levels, batch: NORLBatch, key: Key
    ) -> tuple[Levels, Metrics]:
        """Return goal space and levels after one update, and metrics."""
        space_key, levels_key = jax.random.split(key)
        of_levels = super().update
        space, of_space = self._update_space(learner, batch.trajectories, space_key)
        learner, metrics = updated_if(
            batch.levels_learn,
            lambda learner: of_levels(learner, batch.goals, levels_key),
            learner._replace(space=space),
        )
        found = self.places(learner, batch.factors.features)
        factors = factor_metrics(batch.factors, found, self.goal_range)
        return learner, {**metrics, **named(SPACE, {**of_space, **factors})}

    def note(self, state: TrainState, steps: int) -> str:
        """Return what to say before a run of so many steps; nothing if the levels learn in it."""
        if steps > self.levels_start or bool(state.encoders[LOW].frozen):
            return ""
        return (
            f"the levels do not learn: levels_start is {self.levels_start} and the run has {steps} "
            "steps; choose fewer, or more steps"
        )

    def low_rewards(self, learner: Levels, steps: LowSteps, pursued: Pursuit) -> jax.Array:
        """Return the rewards of steps of the low level, ``(B,)``, before they are scaled."""
        if self.low_reward in ("progress", "distance"):
            return super().low_rewards(learner, steps, pursued)
        assert steps.decision is not None
        space, decision = _space(learner), steps.decision
        reward = -huber_distance((pursued.after - pursued.target) * space.spread)
        if self.low_reward == "huber":
            return reward
        if self.low_reward == "mutual_information":
            predicted = self._predictive.predicted(space.parameters, decision.course)
            reached = self.representation_map.embed(space.parameters, steps.features[1])
            reward -= log_ratio(predicted, reached, reached)
        return offset_weights(self.control_interval, self.offset_discount)[decision.number] * reward

    def _low_batch(self, state: TrainState, key: Key) -> LowSteps:
        """Return a batch of steps, one of each of as many decisions, uniformly drawn."""
        draw_key, step_key, later_key = jax.random.split(key, 3)
        drawn = self.store.draw(state.replay, draw_key, self.batch_size, DECISIONS)
        is_step = drawn.is_step(self.control_interval + 1)
        length = is_step[:-1].sum(axis=0)
        number = jax.random.randint(step_key, length.shape, 0, length)
        later = number + jax.random.randint(later_key, length.shape, 1, length - number + 1)
        begin, following = jnp.zeros_like(number), number + 1
        ages = jnp.stack([number, following])
        found = drawn.observations(jnp.stack([begin, number, following]))
        features = self.features(state.encoders, found)
        reached = drawn.observations(later[: self._hindsight_number])
        pair = jax.tree.map(lambda view: view[1:], found)
        seen = jax.vmap(lambda view, age: self.low_seen(state.encoders, view, age))(pair, ages)
        is_at_end = following == self.control_interval
        every = jnp.broadcast_to(jnp.arange(self.control_interval)[:, None], is_step[:-1].shape)
        actions = drawn.steps(every).action
        return LowSteps(
            observation=seen,
            features=features[1:],
            action=drawn.steps(number).action,
            goal=drawn.steps(jnp.stack([begin, following])).extras[GOAL],
            followed=jnp.take_along_axis(is_step, following[None], axis=0)[0] & is_at_end,
            reached=self.features(state.encoders, reached),
            decision=Decision(Course(features[0], actions, is_step[:-1]), number),
        )

    def _space_batch(self, state: TrainState, key: Key) -> tuple[Trajectories, Factors]:
        """Return decisions for each update of f, and what is known of their observations."""
        updates, size = self.representation_updates, self.batch_size
        drawn = self.store.sample(state.replay, key, updates * size, DECISIONS)
        features = self.features(state.encoders, drawn.observation)
        every = Trajectories(features, drawn.action, drawn.is_step)
        factors = factors_of(self.spec, drawn.ends, every.ends)

        def parts(leaf: jax.Array) -> jax.Array:
            return jnp.moveaxis(leaf.reshape(len(leaf), updates, size, *leaf.shape[2:]), 1, 0)

        return jax.tree.map(parts, every), factors

    def _update_space(
        self, learner: Levels, trajectories: Trajectories, key: Key
    ) -> tuple[LearnedSpace, Metrics]:
        """Return the goal space after its updates; unchanged if the low level is frozen."""

        def one(
            space: LearnedSpace, drawn: tuple[Trajectories, Key]
        ) -> tuple[LearnedSpace, Metrics]:
            return self.space_training.update(space, *drawn)

        def every(space: LearnedSpace) -> tuple[LearnedSpace, Metrics]:
            keys = jax.random.split(key, self.representation_updates)
            space, each = jax.lax.scan(one, space, (trajectories, keys))
            return space, jax.tree.map(lambda metric: metric.mean(axis=0), each)

        return updated_if(~learner.low_frozen, every, _space(learner))

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
