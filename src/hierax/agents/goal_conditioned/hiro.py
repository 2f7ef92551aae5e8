"""HIRO: a high level sets goals for c steps, a low level is trained to reach them.

Nachum, Gu, Lee & Levine (2018), "Data-efficient hierarchical reinforcement learning":

    every c steps       g_t = μ_high(s_t)                a point of the goal space, in a box
    in between          g_{t+1} = h(s_t, g_t, s_{t+1})   the same point, seen from the new place
    every step          a_t = μ_low(s_t, g_t)

    low level    TD3 on single steps;  reward ‖m(s_t) - z*‖₂ - ‖m(s_{t+1}) - z*‖₂ or, as in
                 the paper, -‖m(s_{t+1}) - z*‖₂; discounted by its own γ
    high level   TD3 on decisions;     reward Σ_{i<c} r_{t+i}, with goals relabelled
                 by the off-policy correction

Both levels learn from one ring of steps. Both are bootstrapped through the time limit.

Four settings differ from the paper, because it fails without them on most seeds of small worlds:
the first goals are drawn uniformly from the box, for a long time; the first actions are random
corners of the action box; the low level has a smaller γ, and its reward is progress.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key, Metrics, TrainState
from hierax.agents.goal_conditioned.batches import (
    IS_RANDOM,
    GoalBatch,
    LowSteps,
    Pursuit,
    decisions,
    later_places,
    low_steps,
    low_transitions,
    pursuit,
    segments_of,
)
from hierax.agents.goal_conditioned.correction import Segments, achieved, corrected
from hierax.agents.goal_conditioned.levels import (
    HIGH,
    LOW,
    ROUNDING,
    Levels,
    LevelTraining,
    untrained,
    updated_if,
    with_low_frozen,
)
from hierax.agents.goal_conditioned.metrics import goal_metrics, named
from hierax.agents.goal_conditioned.two_levels import TwoLevels
from hierax.agents.replay import Index
from hierax.agents.transitions import TransitionBatch
from hierax.agents.updates.td3 import TD3Learner

DECISIONS, STEPS = "decisions", "steps"
"""Names of the indices of the replay."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HIRO(TwoLevels):
    """HIRO with two levels of TD3.

    An update is one of the high level and ``low_updates`` of the low level.

    Attributes:
        discount: γ of the high level, for each decision.
        learning_rate: of Adam, for critics.
        batch_size: samples of an update of the low level.
        learning_starts: environment steps before the first update.
        updates_per_step: updates of the high level for each environment step.
        hidden_sizes: units of each hidden layer, of all networks.
        actor_learning_rate: of Adam, for actors.
        critic_loss: ``"squared"`` or ``"huber"``.
        tau: τ in (0, 1], share of the online parameters in a Polyak update of the targets.
        policy_delay: critic updates for each update of actor and targets.
        target_policy_noise: standard deviation of the noise on target actions.
        target_noise_clip: bound of that noise.
        pretanh_penalty: weight of the mean square of actions before the tanh.
        low_updates: updates of the low level for each one of the high level.
        high_batch_size: samples of an update of the high level.
        low_discount: γ of the low level, for each step.
        low_reward_scale: factor of the low level's reward.
        high_reward_scale: factor of the sum of rewards of a decision.
        correction: share of the high level's batch that is relabelled; 0 turns it off.
        correction_candidates: goals that are drawn for each relabelled sample.
        correction_every: every how many steps of a decision a candidate is scored.
        relabel: ``"likely"`` for the correction of HIRO, ``"achieved"`` for the displacement that
            was achieved, as in feudal networks.
        hindsight: share of the low level's batch whose goal was reached later.
        stop_low_when: the low level is frozen once the mean success of the last five evaluations
            is at least that; None never freezes it.

    Raises:
        ValueError: if a value is not allowed, or where `TwoLevels` raises it.
    """

    learning_rate: float = 1e-3
    batch_size: int = 128
    learning_starts: int = 1_600
    updates_per_step: float = 1 / 32
    hidden_sizes: tuple[int, ...] = (64, 64)
    actor_learning_rate: float = 3e-4
    critic_loss: Literal["squared", "huber"] = "squared"
    tau: float = 0.01
    policy_delay: int = 2
    target_policy_noise: float = 0.1
    target_noise_clip: float = 0.25
    pretanh_penalty: float = 1e-3
    low_updates: int = 2
    high_batch_size: int = 64
    low_discount: float = 0.95
    low_reward_scale: float = 1.0
    high_reward_scale: float = 0.01
    correction: float = 1.0
    correction_candidates: int = 8
    correction_every: int = 2
    relabel: Literal["likely", "achieved"] = "likely"
    hindsight: float = 0.0
    stop_low_when: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.training.check()
        for name in ("low_updates", "high_batch_size", "correction_every"):
            checks.count(name, getattr(self, name), 1)
        checks.count("correction_candidates", self.correction_candidates, 0)
        for name in ("correction", "hindsight"):
            checks.share(name, getattr(self, name))
        for name in ("low_reward_scale", "high_reward_scale"):
            checks.positive(name, getattr(self, name))
        checks.discount("low_discount", self.low_discount)
        checks.one_of("relabel", self.relabel, ("likely", "achieved"))
        if self.stop_low_when is not None:
            checks.share("stop_low_when", self.stop_low_when)

    @property
    def indices(self) -> Mapping[str, Index]:
        """Decisions of the high level; steps of the low level, with what followed them."""
        followed = max(2, self.control_interval) if self.hindsight else 2
        return {DECISIONS: Index(self.control_interval, aligned=True), STEPS: Index(followed)}

    @property
    def training(self) -> LevelTraining:
        """How both levels are built and updated."""
        return LevelTraining(
            self.hidden_sizes,
            self.actor_learning_rate,
            self.learning_rate,
            self.tau,
            self.policy_delay,
            self.target_policy_noise,
            self.target_noise_clip,
            self.critic_loss,
            self.pretanh_penalty,
        )

    def build(self, key: Key) -> Levels:
        """Return both levels."""
        high_key, low_key = jax.random.split(key)
        high = self.spec.size(self.views[HIGH])
        return untrained(
            self.training.build(high_key, high, self.goal_size),
            self.training.build(low_key, self.low_size + self.goal_size, self.action_size),
        )

    def sample(self, state: TrainState, key: Key) -> GoalBatch:
        """Return a batch of decisions, and one of steps for each update of the low level."""
        decision_key, step_key = jax.random.split(key)
        drawn = self.store.sample(state.replay, decision_key, self.high_batch_size, DECISIONS)
        high = jax.vmap(state.encoders[HIGH])
        low = jax.vmap(partial(self.low_seen, state.encoders))
        before = jax.tree.map(lambda view: view[:-1], drawn.observation)
        keys = jax.random.split(step_key, self.low_updates)
        return GoalBatch(
            high=decisions(drawn, high(drawn.ends), self.discount, self.high_reward_scale),
            segments=segments_of(
                drawn,
                low(before, jnp.arange(self.control_interval)),
                self.features(state.encoders, drawn.observation),
            ),
            is_random=drawn.extras[IS_RANDOM][0],
            low=jax.vmap(lambda each: self._low_batch(state, each))(keys),
        )

    def update(self, learner: Levels, batch: GoalBatch, key: Key) -> tuple[Levels, Metrics]:
        """Return both levels after one update, and metrics such as ``"low/goal_distance"``."""
        relabel_key, high_key, low_key = jax.random.split(key, 3)
        segments = batch.segments
        goals = self._relabelled(learner, segments, relabel_key)
        update = self.training.update
        high, of_high = update(learner.high, batch.high._replace(action=goals), high_key)
        low, of_low = self._update_low(learner, batch.low, low_key)
        metrics = {
            **named(HIGH, of_high),
            **named(LOW, of_low),
            **goal_metrics(
                self.box,
                self.places(learner, jnp.stack([segments.place[0], segments.end])),
                segments.goal,
                goals,
                batch.is_random,
            ),
            f"{LOW}/frozen": learner.low_frozen.astype(jnp.float32),
        }
        return learner._replace(high=high, low=low), metrics

    def after_evaluation(self, state: TrainState, means: Mapping[str, float]) -> TrainState:
        """Return the state after an evaluation, which may freeze the low level.

        Args:
            state: that was evaluated.
            means: of the evaluation, such as ``"deterministic/success"``.
        """
        if self.stop_low_when is None:
            return state
        score = jnp.float32(means.get("deterministic/success", 0.0))
        scores = jnp.concatenate([state.learner.scores[1:], score[None]])
        state = state._replace(learner=state.learner._replace(scores=scores))
        return with_low_frozen(state, scores.mean() >= self.stop_low_when - ROUNDING)

    def low_transitions(self, learner: Levels, steps: LowSteps) -> TransitionBatch:
        """Return stored steps as transitions of the low level.

        Args:
            learner: whose goal space is used.
            steps: B of them.
        """
        pursued = pursuit(self.box, steps, partial(self.places, learner))
        reward = self.low_reward_scale * self.low_rewards(learner, steps, pursued)
        return low_transitions(steps, pursued, reward, self.low_discount)

    def low_rewards(self, learner: Levels, steps: LowSteps, pursued: Pursuit) -> jax.Array:
        """Return the rewards of steps of the low level, ``(B,)``, before they are scaled."""
        del learner, steps
        return self.box.reward(pursued.target, pursued.before, pursued.after)

    def _low_batch(self, state: TrainState, key: Key) -> LowSteps:
        """Return a batch of an update of the low level."""
        draw_key, later_key = jax.random.split(key)
        windows = self.store.sample(state.replay, draw_key, self.batch_size, STEPS)
        pair = jax.tree.map(lambda view: view[:2], windows.observation)
        features = self.features(state.encoders, windows.observation)
        reached = later_places(windows, features, later_key)[: self._hindsight_number]
        return low_steps(windows, jax.vmap(state.encoders[LOW])(pair), features[:2], reached)

    @property
    def _hindsight_number(self) -> int:
        return round(self.hindsight * self.batch_size)

    def _update_low(
        self, learner: Levels, batches: LowSteps, key: Key
    ) -> tuple[TD3Learner, Metrics]:
        """Return the low level after its updates, and their mean metrics; unchanged if frozen."""
        update = self.training.update

        def one(low: TD3Learner, drawn: Any) -> tuple[TD3Learner, Metrics]:
            steps, key = drawn
            return update(low, self.low_transitions(learner, steps), key)

        def every(low: TD3Learner) -> tuple[TD3Learner, Metrics]:
            keys = jax.random.split(key, self.low_updates)
            low, each = jax.lax.scan(one, low, (batches, keys))
            return low, jax.tree.map(lambda metric: metric.mean(axis=0), each)

        return updated_if(~learner.low_frozen, every, learner.low)

    def _relabelled(self, learner: Levels, segments: Segments, key: Key) -> jax.Array:
        """Return the goals of a batch, ``(B, d)``, a share of them relabelled."""
        number = round(self.correction * self.high_batch_size)
        if not number:
            return segments.goal
        share = segments.first(number).at(partial(self.places, learner))
        if self.relabel == "achieved":
            found = achieved(self.box, share)
        else:
            draws, every = self.correction_candidates, self.correction_every
            found = corrected(self.box, learner.low.actor, share, key, draws, every)
        return jnp.concatenate([found, segments.goal[number:]])
