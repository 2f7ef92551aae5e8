"""The acting of two levels: a high level that sets goals and a low level that pursues them."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import (
    Key,
    Observation,
    TrainState,
)
from hierax.agents.encoder import Encoder, require_views
from hierax.agents.goal_conditioned.batches import GOAL, IS_RANDOM, GoalBatch, with_goal
from hierax.agents.goal_conditioned.goals import Entries, Goals, GoalSpace, TaskGoal, in_box
from hierax.agents.goal_conditioned.levels import (
    HIGH,
    LOW,
    GoalCarry,
    LowEncoder,
    level_part,
    with_low_frozen,
)
from hierax.agents.goal_conditioned.random_phase import RandomActions, uniform_goals
from hierax.agents.off_policy import OffPolicy
from hierax.agents.parts import Parts
from hierax.agents.updates.td3 import deterministic_action

LowReward: TypeAlias = Literal["progress", "distance"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoLevels(OffPolicy[GoalBatch]):
    """Two levels with deterministic policies, joined by goals. Subclasses say how they learn.

    Without exploration the target actors act: their parameters are averages over many updates, so
    evaluations vary less from one to the next. Noise is in units of half the range: of an action,
    or of the goal box.

    Attributes:
        spec: the world that the agent acts in.
        control_interval: c, environment steps that a goal is pursued for.
        goal_space: m, entries of a view; None for what the goal of the world is about. An object
            with ``__call__`` and ``size`` as `Entries` may be any function of the views.
        goals: whether goals are displacements from where the agent is, or points.
        goal_range: G, half the range of the goal box, for each dimension or for all.
        goal_centre: b, centre of the goal box, for absolute goals.
        low_reward: ``"progress"``, what a step takes off the distance, or ``"distance"``, minus
            the distance that is left.
        high_views: names of the views of the high level; None for all.
        low_views: likewise, of the low level; None for all but the world's goal.
        normalise_observations: whether observations are shifted and scaled by running statistics.
        high_noise: standard deviation of the exploration noise on goals.
        low_noise: likewise, on actions.
        random_goals: environment steps in which all goals are drawn uniformly from the box.
        random_goal_probability: probability that a goal is drawn so afterwards.
        random_actions: environment steps in which all actions are random.
        random_action_kind: ``"uniform"`` in the action box, or its ``"corners"``.
        random_action_steps: steps that a random action is held for; environment i has entry i
            modulo the length.

    Raises:
        ValueError: if a value is not allowed, the world's actions are not continuous, it has no
            such view, or it has no goal and there is no ``goal_space``.
    """

    view_fields: ClassVar[Mapping[str, str]] = {HIGH: "high_views", LOW: "low_views"}
    low_rewards_known: ClassVar[tuple[str, ...]] = get_args(LowReward)

    control_interval: int = 10
    goal_space: Entries | GoalSpace | None = None
    goals: Literal["relative", "absolute"] = "relative"
    goal_range: tuple[float, ...] = (10.0,)
    goal_centre: tuple[float, ...] = (0.0,)
    low_reward: LowReward = "progress"
    high_views: tuple[str, ...] | None = None
    low_views: tuple[str, ...] | None = None
    normalise_observations: bool = True
    high_noise: float = 0.5
    low_noise: float = 0.2
    random_goals: int = 120_000
    random_goal_probability: float = 0.2
    random_actions: int = 20_000
    random_action_kind: Literal["uniform", "corners"] = "corners"
    random_action_steps: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_continuous()
        checks.count("control_interval", self.control_interval, 1)
        checks.one_of("goals", self.goals, ("relative", "absolute"))
        checks.one_of("low_reward", self.low_reward, self.low_rewards_known)
        checks.one_of("random_action_kind", self.random_action_kind, ("uniform", "corners"))
        for name in ("high_noise", "low_noise"):
            checks.not_negative(name, getattr(self, name))
        for name in ("random_goals", "random_actions"):
            checks.count(name, getattr(self, name), 0)
        checks.share("random_goal_probability", self.random_goal_probability)
        checks.instance("random_action_steps", self.random_action_steps, tuple)
        for steps in self.random_action_steps or (0,):
            checks.count("random_action_steps", steps, 1)
        for module, names in self.views.items():
            require_views(self.spec, self.view_fields[module], names)
        self._check_box()

    def _check_box(self) -> None:
        for name in ("goal_range", "goal_centre"):
            given = getattr(self, name)
            checks.instance(name, given, tuple)
            if len(given) not in (1, self.goal_size):
                raise ValueError(
                    f"{name} must hold one number, or one for each of the {self.goal_size} "
                    f"dimensions of the goal space, got {given}"
                )
        for half in self.goal_range:
            checks.positive("goal_range", half)
        for centre in self.goal_centre:
            checks.finite("goal_centre", centre)
        if self.goals == "relative" and any(self.goal_centre):
            raise ValueError(
                f"goal_centre must be 0 with relative goals, got {self.goal_centre}: choose "
                "goals='absolute'"
            )

    @property
    def box(self) -> Goals:
        """The goal box, and the arithmetic of goals in it."""
        return Goals(
            self.goal_range,
            self.goal_centre,
            self.goals == "relative",
            self.low_reward == "progress",
        )

    @property
    def space(self) -> GoalSpace:
        """The goal space, m."""
        if self.goal_space is not None:
            return self.goal_space
        if self.spec.goal is None:
            raise ValueError(
                f"goal_space must be given, because {self.spec.name} has no goal: for example "
                f"Entries({self.spec.view_names[0]!r})"
            )
        return TaskGoal(self.spec.goal)

    @property
    def goal_size(self) -> int:
        """d, dimensions of the goal space."""
        return self.space.size(self.spec)

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the views of each level."""
        names = self.spec.view_names
        shown = None if self.spec.goal is None else self.spec.goal.desired
        own = tuple(name for name in names if name != shown)
        return {
            HIGH: names if self.high_views is None else self.high_views,
            LOW: own if self.low_views is None else self.low_views,
        }

    def encoders(self) -> Mapping[str, Encoder]:
        """Return the encoder of each level."""
        normalise = self.normalise_observations
        return {
            HIGH: Encoder.of(self.spec, self.views[HIGH], normalise=normalise),
            LOW: LowEncoder.of(self.spec, self.views[LOW], normalise=normalise),
        }

    def features(self, encoders: Mapping[str, Encoder], observation: Observation) -> jax.Array:
        """Return ``(..., n)`` features of observations, from which `places` computes m(s)."""
        del encoders
        return self.space(observation)

    def places(self, learner: Any, features: jax.Array) -> jax.Array:
        """Return m(s), ``(..., d)``; where it is not learned, the features are m(s)."""
        del learner
        return features

    def low_seen(
        self, encoders: Mapping[str, Encoder], observation: Observation, age: jax.Array
    ) -> jax.Array:
        """Return ``(N, D)``, what the low level sees besides its goal.

        Args:
            encoders: of the agent.
            observation: ``(N, ...)`` for each view.
            age: ``(N,)`` or (), steps since the episode began.
        """
        del age
        return encoders[LOW](observation)

    @property
    def low_size(self) -> int:
        """D, numbers that the low level sees besides its goal."""
        return self.spec.size(self.views[LOW])

    def initial_carry(self, count: int) -> GoalCarry:
        """Return a carry of zeros; a goal is set in the first step."""
        return GoalCarry(
            jnp.zeros(count, jnp.int32),
            jnp.zeros((count, self.goal_size)),
            jnp.zeros(count, bool),
            jnp.zeros((count, self.action_size)),
        )

    def act(
        self,
        state: TrainState,
        carry: GoalCarry,
        observation: Observation,
        key: Key,
        *,
        explore: bool,
    ) -> tuple[GoalCarry, jax.Array, dict[str, jax.Array]]:
        """Return carry, actions in [-1, 1], and the goal as the low level sees it."""
        high_key, low_key = jax.random.split(key)
        place = self.places(state.learner, self.features(state.encoders, observation))
        decides = carry.age % self.control_interval == 0
        new, is_random = self._new_goal(state, observation, high_key, explore)
        goal = jnp.where(decides[:, None], new, self.box.seen(carry.target, place))
        target = jnp.where(decides[:, None], self.box.target(new, place), carry.target)
        is_random = jnp.where(decides, is_random, carry.is_random)
        seen = with_goal(self.low_seen(state.encoders, observation, carry.age), goal)
        action = self._action(state, carry, seen, low_key, explore)
        carry = GoalCarry(carry.age + 1, target, is_random, action)
        return carry, action, {GOAL: goal, IS_RANDOM: is_random}

    @property
    def parts(self) -> Parts:
        """Both levels; the goal space belongs to the low level, which was trained in it."""
        below = tuple(name for name in self.encoders() if name != HIGH)
        return {HIGH: level_part(HIGH, (HIGH,)), LOW: level_part(LOW, below, (("space",),))}

    def with_frozen(self, state: TrainState, names: Iterable[str]) -> TrainState:
        """Return the state with these levels frozen.

        A frozen low level acts with its averaged actor, in training too.
        """
        frozen = tuple(names)
        state = with_low_frozen(state, True) if LOW in frozen else state
        return super().with_frozen(state, frozen)

    def _new_goal(
        self, state: TrainState, observation: Observation, key: Key, explore: bool
    ) -> tuple[jax.Array, jax.Array]:
        """Return goals of the high level, and whether they are random."""
        encoded = state.encoders[HIGH](observation)
        if not explore:
            goal = deterministic_action(state.learner.high.target_actor, encoded)
            return goal, jnp.zeros(len(goal), bool)
        goal = deterministic_action(state.learner.high.actor, encoded)
        noise_key, random_key = jax.random.split(key)
        goal = in_box(goal + self.high_noise * jax.random.normal(noise_key, goal.shape))
        is_first = state.steps < self.random_goals
        probability = jnp.where(is_first, 1.0, self.random_goal_probability)
        drawn, is_random = uniform_goals(random_key, goal.shape, probability)
        return jnp.where(is_random[:, None], drawn, goal), is_random

    def _action(
        self, state: TrainState, carry: GoalCarry, seen: jax.Array, key: Key, explore: bool
    ) -> jax.Array:
        """Return actions of the low level."""
        if not explore:
            return deterministic_action(state.learner.low.target_actor, seen)
        action = deterministic_action(state.learner.low.actor, seen)
        noise_key, random_key = jax.random.split(key)
        noisy = in_box(action + self.low_noise * jax.random.normal(noise_key, action.shape))
        draw = RandomActions(self.random_action_kind, self.random_action_steps)
        is_first = (state.steps < self.random_actions) & ~state.learner.low_frozen
        return jnp.where(is_first, draw(random_key, carry.action, carry.age), noisy)
