"""Actor-critics without levels: the action depends on the present observation alone."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents import exploration
from hierax.agents.actor_critic import ActorCritic
from hierax.agents.agent import Carry, Key, Observation, TrainState
from hierax.agents.exploration import Draws
from hierax.agents.hindsight import require_goal, with_hindsight
from hierax.agents.replay import Index, Replay, Sequences
from hierax.agents.replay.replay import TRANSITIONS
from hierax.agents.transitions import TransitionBatch, held_decision, one_step


class HeldCarry(NamedTuple):
    """The carry of an agent that holds actions or their noise for several steps.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        action: ``(N, A)``, the last one.
        draws: of exploration in the last step.
    """

    age: jax.Array
    action: jax.Array
    draws: Draws


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatActorCritic(ActorCritic):
    """An actor-critic without levels.

    A subclass builds a learner (`build`), says how it acts (`disturbed`, `exploit`) and how a batch
    of transitions changes the learner (`update`).

    Attributes:
        n_step: n of n-step returns, which are cut where an episode ends and are not corrected for
            the policy that has changed since.
        control_interval: steps that each action is held for (action repeat). The discount remains
            that of one step, so γ of a decision is ``discount`` to the power of this number.
        random_actions: environment steps with uniform actions at the beginning; None for
            ``learning_starts``.
        random_action_probability: probability of a uniform action after that.
        random_action_interval: steps that a uniform action is held for, or one number for each
            entry of an action.
        noise_interval: steps that the noise of an action is held for, or one number for each entry
            of an action.
        hindsight: share of a batch whose goals are replaced by goals that are achieved later in the
            same episode (hindsight experience replay, "future").

    Raises:
        ValueError: if a number is not allowed, or ``hindsight`` is used in a world that shows no
            goal.
    """

    n_step: int = 1
    control_interval: int = 1
    random_actions: int | None = None
    random_action_probability: float = 0.0
    random_action_interval: int | tuple[int, ...] = 1
    noise_interval: int | tuple[int, ...] = 1
    hindsight: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_step", "control_interval"):
            checks.count(name, getattr(self, name), 1)
        if min(self.n_step, self.control_interval) > 1:
            raise ValueError(
                "n_step must be 1 where control_interval is above 1, got "
                f"{self.n_step} and {self.control_interval}"
            )
        if self.random_actions is not None:
            checks.count("random_actions", self.random_actions, 0)
        for name in ("random_action_probability", "hindsight"):
            checks.share(name, getattr(self, name))
        for name in ("random_action_interval", "noise_interval"):
            self._check_interval(name, getattr(self, name))
        if self.hindsight:
            require_goal(self.spec, self.view_names)

    @abc.abstractmethod
    def disturbed(self, learner: Any, observation: jax.Array, noise: jax.Array) -> jax.Array:
        """Return actions ``(N, A)`` for training, from standard normal ``noise``, ``(N, A)``."""

    @abc.abstractmethod
    def exploit(self, learner: Any, observation: jax.Array) -> jax.Array:
        """Return the best actions ``(N, A)`` known, from observations ``(N, D)``."""

    def explore(self, learner: Any, observation: jax.Array, key: Key) -> jax.Array:
        """Return actions ``(N, A)`` for training, from observations ``(N, D)``, with new noise."""
        noise = jax.random.normal(key, (len(observation), self.action_size))
        return self.disturbed(learner, observation, noise)

    @property
    def indices(self) -> Mapping[str, Index]:
        """Transitions of one step, of n steps, or of one decision."""
        length = max(self.n_step, self.control_interval)
        return {TRANSITIONS: Index(length, aligned=self.control_interval > 1)}

    @property
    def store(self) -> Replay:
        """The replay."""
        return Replay(self.buffer_size, self.indices, keeps_age=self.hindsight > 0)

    def sample(self, state: TrainState, key: Key) -> TransitionBatch:
        """Return a batch of transitions of one step, of n steps, or of one decision."""
        sequences = self._sequences(state, key)
        kind = one_step if len(sequences.reward) == 1 else held_decision
        return self._encoded(state, kind(sequences, self.discount))

    def initial_carry(self, count: int) -> Carry:
        """Return an empty carry, or zeros where something is held."""
        if not self._holds:
            return ()
        return HeldCarry(
            jnp.zeros(count, jnp.int32),
            jnp.zeros((count, self.action_size)),
            exploration.no_draws(count, self.action_size),
        )

    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, jax.Array, dict[str, jax.Array]]:
        """Return carry, actions in [-1, 1], and no extras."""
        encoded = self.preprocess(state, observation)
        draws = self._draws(carry, key, len(encoded))
        if explore:
            action = self._explored(state, encoded, draws)
        else:
            action = self.exploit(state.learner, encoded)
        if not self._holds:
            return carry, action, {}
        action = jnp.where(carry.age[:, None] % self.control_interval == 0, action, carry.action)
        return HeldCarry(carry.age + 1, action, draws), action, {}

    def _explored(self, state: TrainState, encoded: jax.Array, draws: Draws) -> jax.Array:
        """Return actions with noise, or random actions."""
        action = self.disturbed(state.learner, encoded, draws.noise)
        first = self.learning_starts if self.random_actions is None else self.random_actions
        is_random = state.steps < first
        if self.random_action_probability:
            is_random = is_random | draws.by_chance
        return jnp.where(is_random, draws.random_action, action)

    def _draws(self, carry: Carry, key: Key, count: int) -> Draws:
        """Return the random numbers of a step."""
        new = exploration.draw(key, count, self.action_size, self.random_action_probability)
        if not self._holds:
            return new
        noise, random = (
            jnp.broadcast_to(jnp.array(interval), (self.action_size,))
            for interval in (self.noise_interval, self.random_action_interval)
        )
        return exploration.held(carry.draws, new, carry.age, noise, random)

    def _sequences(self, state: TrainState, key: Key) -> Sequences:
        """Return what a batch is made of, with goals of hindsight for a share of it."""
        if not self.hindsight or self.spec.goal is None:
            return self.store.sample(state.replay, key, self.batch_size)
        sequences, later = self.store.sample_with_later(state.replay, key, self.batch_size)
        changed = round(self.hindsight * self.batch_size)
        return with_hindsight(sequences, later, self.spec.goal, changed)

    @property
    def _holds(self) -> bool:
        """Whether anything is held for several steps."""
        return any(
            interval not in (1, (1,) * self.action_size)
            for interval in (
                self.control_interval,
                self.noise_interval,
                self.random_action_interval,
            )
        )

    def _check_interval(self, name: str, interval: int | tuple[int, ...]) -> None:
        if not isinstance(interval, tuple):
            checks.count(name, interval, 1)
            return
        if len(interval) != self.action_size:
            raise ValueError(
                f"{name} must be one number or {self.action_size}, one for each entry of an "
                f"action, got {interval}"
            )
        for each in interval:
            checks.count(name, each, 1)
