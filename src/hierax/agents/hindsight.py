"""Hindsight experience replay: goals that were reached take the place of goals that were not.

Andrychowicz et al. (2017), "Hindsight experience replay", with the strategy "future": the goal of a
stored step is replaced by what is achieved after a step of the same episode that is not before it.
Reward and termination are computed anew.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.replay import Sequences
from hierax.spec import GoalSpec, WorldSpec


def require_goal(spec: WorldSpec, views: tuple[str, ...]) -> None:
    """Raise unless goals of a world can be exchanged and are among the observed ``views``.

    Raises:
        ValueError: if they cannot, or are not.
    """
    goal = spec.goal
    if goal is None or goal.reward is None:
        raise ValueError(
            "hindsight needs a world whose reward depends on the achieved and the desired goal "
            f"alone, got {spec.name}: set it to 0"
        )
    if goal.desired not in views:
        missing = "the goal is in none of its views" if goal.desired is None else repr(goal.desired)
        raise ValueError(
            f"hindsight needs the goal of {spec.name} in the observation, got views "
            f"{', '.join(views)} without it ({missing})"
        )


def with_hindsight(
    sequences: Sequences, later: Mapping[str, Any], goal: GoalSpec, count: int
) -> Sequences:
    """Return sequences of which the first ``count`` have the goals that were achieved ``later``.

    With rewards ``"reached"`` an episode ends where its goal is reached, so there the sequence
    ends, too.

    Args:
        sequences: B of them.
        later: ``(B, ...)`` observations for each view, of `Replay.sample_with_later`.
        goal: of the world.
        count: number of sequences with other goals.
    """
    changed = jnp.arange(sequences.reward.shape[1]) < count
    achieved = goal.achieved_goal(sequences.observation)
    other = jnp.broadcast_to(goal.achieved_goal(later), achieved.shape)
    name = str(goal.desired)
    shown = goal.with_goal(sequences.observation, other)[name]
    shown = jnp.where(changed[:, None], shown, sequences.observation[name])
    reward = goal.reward_of(achieved[1:], other[1:]).astype(sequences.reward.dtype)
    sequences = sequences._replace(
        observation={**sequences.observation, name: shown},
        reward=jnp.where(changed & sequences.is_step, reward, sequences.reward),
    )
    if goal.reward == "distance":
        return sequences
    # A sequence that holds the last step of its episode also holds the step that achieves the goal,
    # and ends there. So no other termination is left in it.
    return _ended(sequences, changed, goal.success_of(achieved[1:], other[1:]))


def _ended(sequences: Sequences, changed: jax.Array, terminated: jax.Array) -> Sequences:
    """Return sequences that end where they terminate, where ``changed``."""
    terminated = jnp.where(changed, terminated & sequences.is_step, sequences.terminated)
    before = jnp.cumsum(terminated, axis=0) - terminated
    is_step = sequences.is_step & (before == 0)
    return sequences._replace(terminated=terminated & is_step, is_step=is_step)
