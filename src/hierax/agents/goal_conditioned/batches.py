"""Batches of both levels from stored steps.

    high   s_t, g_t, Σ_{i<c} r_{t+i}, s_{t+c}: a decision of c steps; γ is that of one decision
    low    s_t, g_t, a_t, -‖m(s_{t+1}) - z*‖, s_{t+1}, g_{t+1}

The next goal of a low step is the goal that followed. Where a new goal was set, it is that one.
Where an episode ended, it is the old goal, carried on. The low level is bootstrapped through every
end of an episode: how far it is to a goal does not depend on it.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.correction import Segments
from hierax.agents.goal_conditioned.goals import Goals
from hierax.agents.replay import Sequences
from hierax.agents.transitions import TransitionBatch

GOAL, IS_RANDOM = "goal", "is_random"
"""Names of what is stored with a step: its goal, and whether that goal was drawn at random."""


class GoalBatch(NamedTuple):
    """A batch of an update of both levels.

    Attributes:
        high: B decisions; ``action`` is the goal as it was set.
        segments: the steps of these decisions.
        is_random: ``(B,)`` bool, whether the goal was drawn at random.
        low: ``(k, B, ...)``, batches of k updates of the low level.
    """

    high: TransitionBatch
    segments: Segments
    is_random: jax.Array
    low: TransitionBatch


def low_steps(
    goals: Goals, observation: Any, place: jax.Array, windows: Sequences, discount: float
) -> TransitionBatch:
    """Return the first steps of windows as transitions of the low level.

    Args:
        goals: the arithmetic of goals.
        observation: ``(2, B, D)``, encoded.
        place: ``(2, B, d)``, m(s).
        windows: of two steps or more.
        discount: γ of one step.
    """
    goal, following = windows.extras[GOAL][0], windows.extras[GOAL][1]
    carried = goals.carried(goal, place[0], place[1])
    following = jnp.where(windows.is_step[1][:, None], following, carried)
    target = goals.target(goal, place[0])
    return _transition(goals, observation, place, windows, discount, (goal, following, target))


def hindsight_steps(
    goals: Goals,
    observation: Any,
    place: jax.Array,
    windows: Sequences,
    discount: float,
    key: Key,
) -> TransitionBatch:
    """Return the same steps with a goal that was reached later in the window.

    Andrychowicz et al. (2017), "Hindsight experience replay": which of the following steps is drawn
    uniformly.

    Args:
        goals: the arithmetic of goals.
        observation: ``(2, B, D)``, encoded.
        place: ``(K + 1, B, d)``, m(s).
        windows: of K steps.
        discount: γ of one step.
        key: of the draw.
    """
    length = windows.is_step.sum(axis=0)
    later = 1 + jax.random.randint(key, length.shape, 0, length)
    target = jnp.take_along_axis(place, later[None, :, None], axis=0)[0]
    goal, following = goals.seen(target, place[0]), goals.seen(target, place[1])
    return _transition(goals, observation, place, windows, discount, (goal, following, target))


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


def segments_of(sequences: Sequences, encoded: jax.Array, place: jax.Array) -> Segments:
    """Return aligned segments as the low level sees them.

    Args:
        sequences: segments of c steps.
        encoded: ``(c, B, D)``, observations before each step.
        place: ``(c + 1, B, d)``, m(s).
    """
    goal = sequences.extras[GOAL][0]
    return Segments(encoded, place[:-1], sequences.action, sequences.is_step, goal, place[-1])


def _transition(
    goals: Goals,
    observation: Any,
    place: jax.Array,
    windows: Sequences,
    discount: float,
    set_goals: tuple[jax.Array, jax.Array, jax.Array],
) -> TransitionBatch:
    goal, following, target = set_goals
    return TransitionBatch(
        observation=with_goal(observation[0], goal),
        action=windows.action[0],
        reward=goals.reward(target, place[0], place[1]),
        discount=jnp.full(goal.shape[:1], discount),
        next_observation=with_goal(observation[1], following),
    )
