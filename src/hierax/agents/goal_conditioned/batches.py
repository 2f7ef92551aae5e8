"""Batches of both levels from stored steps.

    high   s_t, g_t, Σ_{i<c} r_{t+i}, s_{t+c}: a decision of c steps; γ is that of one decision
    low    s_t, g_t, a_t, the reward for what is left to z*, s_{t+1}, g_{t+1}

The next goal of a low step is the goal that followed. Where a new goal was set, it is that one.
Where an episode ended, it is the old goal, carried on. The low level is bootstrapped through every
end of an episode: how far it is to a goal does not depend on it.

A batch holds features of observations, from which an update computes m(s): so m may be learned.
Where it is fixed, the features are m(s).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.correction import Segments
from hierax.agents.goal_conditioned.goals import Goals
from hierax.agents.goal_conditioned.representations import Course
from hierax.agents.replay import Sequences
from hierax.agents.transitions import TransitionBatch

Places: TypeAlias = Callable[[jax.Array], jax.Array]
"""A map from features ``(..., n)`` to points of the goal space, ``(..., d)``."""
GOAL, IS_RANDOM = "goal", "is_random"
"""Names of what is stored with a step: its goal, and whether that goal was drawn at random."""


class Decision(NamedTuple):
    """The decisions that B steps are part of.

    Attributes:
        course: where they began, and their actions.
        number: ``(B,)`` int32, which of them is meant; 0 is the first.
    """

    course: Course
    number: jax.Array


class LowSteps(NamedTuple):
    """B steps of the low level as they are stored; features are those of `TwoLevels.features`.

    Attributes:
        observation: ``(2, B, D)``, encoded, before and after the step.
        features: ``(2, B, n)``, likewise.
        action: ``(B, A)``.
        goal: ``(2, B, d)``, the goal of the step, and the one of the step that followed.
        followed: ``(B,)`` bool, True where the second goal is to be used as it is; elsewhere the
            first is carried on.
        reached: ``(H, n)``, features of places that were reached later: hindsight goals of the
            first H steps.
        decision: what the steps are part of, where the first goal was set at its beginning; None
            where that goal is as it was at the step.
    """

    observation: jax.Array
    features: jax.Array
    action: jax.Array
    goal: jax.Array
    followed: jax.Array
    reached: jax.Array
    decision: Decision | None = None


class GoalBatch(NamedTuple):
    """A batch of an update of both levels.

    Attributes:
        high: B decisions; ``action`` is the goal as it was set.
        segments: the steps of these decisions, with features as places.
        is_random: ``(B,)`` bool, whether the goal was drawn at random.
        low: ``(k, B, ...)``, batches of k updates of the low level.
    """

    high: TransitionBatch
    segments: Segments
    is_random: jax.Array
    low: LowSteps


def low_steps(
    windows: Sequences, observation: jax.Array, features: jax.Array, reached: jax.Array
) -> LowSteps:
    """Return the first steps of windows.

    Args:
        windows: of two steps or more.
        observation: ``(2, B, D)``, encoded.
        features: ``(2, B, n)``.
        reached: ``(H, n)``, features of places that were reached later.
    """
    goal, followed = windows.extras[GOAL][:2], windows.is_step[1]
    return LowSteps(observation, features, windows.action[0], goal, followed, reached)


def later_places(windows: Sequences, features: jax.Array, key: Key) -> jax.Array:
    """Return features of places that were reached later in the window, ``(B, n)``.

    Andrychowicz et al. (2017), "Hindsight experience replay": which of the following steps is drawn
    uniformly.

    Args:
        windows: of K steps.
        features: ``(K + 1, B, n)``.
        key: of the draw.
    """
    length = windows.is_step.sum(axis=0)
    later = 1 + jax.random.randint(key, length.shape, 0, length)
    return jnp.take_along_axis(features, later[None, :, None], axis=0)[0]


class Pursuit(NamedTuple):
    """Goals of B steps of the low level, and their places, as points of the goal space.

    Attributes:
        goal: ``(B, d)``, as the low level sees it before the step.
        following: ``(B, d)``, as it sees the next one after it.
        target: ``(B, d)``, z*.
        before: ``(B, d)``, m(s).
        after: ``(B, d)``, m(s').
    """

    goal: jax.Array
    following: jax.Array
    target: jax.Array
    before: jax.Array
    after: jax.Array


def pursuit(goals: Goals, steps: LowSteps, places: Places) -> Pursuit:
    """Return the goals of steps, and their places.

    Args:
        goals: the arithmetic of goals.
        steps: as they are stored.
        places: the map from features to the goal space.
    """
    before, after = places(steps.features)
    goal, following = steps.goal
    if steps.decision is None:
        target = goals.target(goal, before)
    else:
        target = goals.target(goal, places(steps.decision.course.start))
        goal = goals.seen(target, before)
    following = jnp.where(steps.followed[:, None], following, goals.carried(goal, before, after))
    number = len(steps.reached)
    if number:
        found = places(steps.reached)
        goal, following, target = (
            jnp.concatenate([new, old[number:]])
            for new, old in (
                (goals.seen(found, before[:number]), goal),
                (goals.seen(found, after[:number]), following),
                (found, target),
            )
        )
    return Pursuit(goal, following, target, before, after)


def low_transitions(
    steps: LowSteps, pursued: Pursuit, reward: jax.Array, discount: float
) -> TransitionBatch:
    """Return steps as transitions of the low level, with that reward ``(B,)`` and γ."""
    return TransitionBatch(
        observation=with_goal(steps.observation[0], pursued.goal),
        action=steps.action,
        reward=reward,
        discount=jnp.full(reward.shape, discount),
        next_observation=with_goal(steps.observation[1], pursued.following),
    )


def decisions(sequences: Sequences, encoded: Any, discount: float, scale: float) -> TransitionBatch:
    """Return aligned segments as decisions of the high level.

    Args:
        sequences: segments of c steps.
        encoded: ``(2, B, D)``, observations before and after each segment.
        discount: γ of one decision.
        scale: factor of the sum of rewards.
    """
    terminated = (sequences.terminated & sequences.is_step).any(axis=0)
    return TransitionBatch(
        observation=encoded[0],
        action=sequences.extras[GOAL][0],
        reward=scale * sequences.reward.sum(axis=0),
        discount=jnp.where(terminated, 0.0, discount),
        next_observation=encoded[1],
    )


def with_goal(observation: jax.Array, goal: jax.Array) -> jax.Array:
    """Return the input of the low level: ``(..., D + d)``."""
    return jnp.concatenate([observation, goal], axis=-1)


def segments_of(sequences: Sequences, encoded: jax.Array, features: jax.Array) -> Segments:
    """Return aligned segments as the low level sees them, with features as places.

    Args:
        sequences: segments of c steps.
        encoded: ``(c, B, D)``, observations before each step.
        features: ``(c + 1, B, n)``.
    """
    goal = sequences.extras[GOAL][0]
    return Segments(encoded, features[:-1], sequences.action, sequences.is_step, goal, features[-1])
