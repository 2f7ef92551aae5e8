"""Batches of transitions: one step each, n steps, or one decision that was held for several."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.replay import Sequences


class TransitionBatch(NamedTuple):
    """B transitions.

    Attributes:
        observation: ``(B, D)``, or ``(B, ...)`` for each view.
        action: ``(B, A)``.
        reward: ``(B,)``.
        discount: ``(B,)``, 0 where the episode terminated, not where it was truncated.
        next_observation: as ``observation``.
    """

    observation: Any
    action: Any
    reward: jax.Array
    discount: jax.Array
    next_observation: Any


def one_step(sequences: Sequences, discount: float) -> TransitionBatch:
    """Return sequences of one step as transitions.

    Args:
        sequences: of length 1.
        discount: γ.

    Raises:
        ValueError: if the sequences are longer.
    """
    if len(sequences.reward) != 1:
        raise ValueError(f"sequences must have length 1, got {len(sequences.reward)}")
    first, last = (jax.tree.map(lambda v, k=k: v[k], sequences.observation) for k in (0, 1))
    return TransitionBatch(
        observation=first,
        action=sequences.action[0],
        reward=sequences.reward[0],
        discount=jnp.where(sequences.terminated[0], 0.0, discount),
        next_observation=last,
    )


def held_decision(sequences: Sequences, discount: float) -> TransitionBatch:
    """Return decisions that were held for up to c steps as transitions, or windows of c steps.

    The reward of a decision is Σ_{i<n} γ^i r_i and its discount is γ^n (Sutton, Precup & Singh
    1999). n is c, or less if the episode ended before. For windows, this gives n-step returns.

    Args:
        sequences: aligned segments, or windows, of c steps. The action is that of their first step.
        discount: γ of one step.
    """
    steps, count = sequences.reward.shape
    powers = discount ** jnp.arange(steps)[:, None]
    number = sequences.is_step.sum(axis=0)
    terminated = (sequences.terminated & sequences.is_step).any(axis=0)
    each = jnp.arange(count)
    return TransitionBatch(
        observation=jax.tree.map(lambda view: view[0], sequences.observation),
        action=sequences.action[0],
        reward=jnp.where(sequences.is_step, powers * sequences.reward, 0.0).sum(axis=0),
        discount=jnp.where(terminated, 0.0, discount**number),
        next_observation=jax.tree.map(lambda view: view[number, each], sequences.observation),
    )
