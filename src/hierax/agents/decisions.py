"""A decision that holds for several steps, as one transition (Sutton, Precup & Singh 1999).

A level that decides every c steps is paid Σ_{i<n} γ^i r_i for a decision, and the value of what it
sees n steps later counts γ^n times; n is c, or less where the episode ended before.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.replay import Stretch


class Decision(NamedTuple):
    """B decisions.

    Attributes:
        first: ``(B, ...)`` for each view, what was seen when it was made.
        reward: ``(B,)`` discounted sum over its steps.
        discount: ``(B,)``, γ^n; 0 where the episode terminated meanwhile, not where it was cut off.
        last: ``(B, ...)`` for each view, what was seen after its last step.
    """

    first: Any
    reward: jax.Array
    discount: jax.Array
    last: Any


def decision(stretch: Stretch, discount: float) -> Decision:
    """What a stretch of up to c steps amounts to.

    Args:
        stretch: segments of the c steps that decisions hold for.
        discount: γ of one step.
    """
    steps, count = stretch.reward.shape
    powers = discount ** jnp.arange(steps)[:, None]
    number = stretch.is_step.sum(axis=0)
    terminated = (stretch.terminated & stretch.is_step).any(axis=0)
    each = jnp.arange(count)
    return Decision(
        first=jax.tree.map(lambda view: view[0], stretch.observation),
        reward=jnp.where(stretch.is_step, powers * stretch.reward, 0.0).sum(axis=0),
        discount=jnp.where(terminated, 0.0, discount**number),
        last=jax.tree.map(lambda view: view[number, each], stretch.observation),
    )
