"""Metrics of goals: how often they are reached, and what the correction does to them."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.goal_conditioned.goals import Goals, distance
from hierax.agents.goal_conditioned.levels import HIGH, LOW

REACHED = 0.1
"""A goal is reached from a place that no coordinate of it misses by more, in units of the box."""


def goal_metrics(
    goals: Goals,
    ends: jax.Array,
    stored: jax.Array,
    relabelled: jax.Array,
    is_random: jax.Array,
) -> dict[str, jax.Array]:
    """Return metrics of a batch of decisions.

    A goal is known to be reachable if another decision of the batch ended there.

    Args:
        goals: the arithmetic of goals.
        ends: ``(2, B, d)``, m(s) before the first step and after the last.
        stored: ``(B, d)``, their goals as they were set.
        relabelled: ``(B, d)``, their goals after the correction.
        is_random: ``(B,)`` bool, whether the goal was drawn at random.
    """
    start, end = ends
    target, moved = goals.target(stored, start), goals.target(relabelled, start)
    missed = jnp.abs(end - target[:, None]) / jnp.array(goals.half_range)
    near = (missed < REACHED).all(axis=-1)  # (goal, decision)
    reached, by_others = near.diagonal(), near.sum(axis=1) - near.diagonal()
    known = by_others > 0
    return {
        f"{LOW}/goal_distance": distance(end, target).mean(),
        f"{LOW}/goal_reached": reached.mean(),
        f"{LOW}/known_goals": known.mean(),
        f"{LOW}/known_goal_reached": (reached & known).sum() / jnp.maximum(known.sum(), 1),
        f"{HIGH}/relabelled": (relabelled != stored).any(axis=-1).mean(),
        f"{HIGH}/relabelled_distance": distance(moved, target).mean(),
        f"{HIGH}/random_goals": is_random.mean(),
    }


def named(level: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a level with names such as ``"low/critic_loss"``."""
    return {f"{level}/{name}": value for name, value in metrics.items()}
