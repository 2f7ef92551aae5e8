"""The clock of decisions: the high level decides at steps 0, p, 2p, ... of each episode.

Steps are counted from the beginning of the episode, not of a window. Tirumala et al. (2019) write
that it decides where t mod p = 1, from t = 1 on. For p = 1 that is never; (t - 1) mod p = 0 is
meant.

A latent is held from one decision to the next. In a window that begins between two decisions, the
first latents are those that were stored.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int


class Clock(NamedTuple):
    """The decisions of a window of T steps in N environments, and of the observation after it.

    Attributes:
        phase: ``(T + 1, N)`` int32, steps since the last decision; 0 where one is made.
        begins: ``(T + 1, N)`` bool, where an episode begins.
    """

    phase: Int[Array, "rows envs"]
    begins: Bool[Array, "rows envs"]

    @property
    def decides(self) -> Bool[Array, "rows envs"]:
        """``(T + 1, N)`` bool, where the high level decides."""
        return self.phase == 0


def clock(age: Int[Array, "envs"], is_step: Bool[Array, "time envs"], period: int) -> Clock:
    """Return the decisions of a window.

    Args:
        age: steps of the episode before the window.
        is_step: `Transition.is_step`, False where a step began an episode.
        period: p.
    """

    def following(age: Array, is_step: Array) -> tuple[Array, Array]:
        after = jnp.where(is_step, age + 1, 0)
        return after, after

    _, after = jax.lax.scan(following, age, is_step)
    ages = jnp.concatenate([age[None], after])
    return Clock(ages % period, ages == 0)


class Latents(NamedTuple):
    """The latents of a window, ``(T + 1, N, Z)`` each.

    Attributes:
        held: z, the latent at each observation.
        previous: z', the latent of the decision before the last one; 0 before an episode's second.
    """

    held: Float[Array, "rows envs size"]
    previous: Float[Array, "rows envs size"]


def held(
    drawn: Float[Array, "rows envs size"],
    at: Clock,
    first: Float[Array, "envs size"],
    first_previous: Float[Array, "envs size"],
) -> Latents:
    """Return the latents of a window; gradients pass to those that were drawn in it.

    Args:
        drawn: z as the high level draws it at each observation; used where it decides.
        at: the decisions of the window.
        first: the stored latent of the first observation.
        first_previous: the stored z' of the first observation.
    """
    decides = at.decides[..., None]
    latent = jnp.where(decides[0], drawn[0], first)

    def row(before: tuple[Array, Array], given: tuple[Array, Array, Array]) -> tuple:
        latent, previous = before
        drawn, decides, begins = given
        previous = jnp.where(decides, jnp.where(begins, 0.0, latent), previous)
        after = jnp.where(decides, drawn, latent), previous
        return after, after

    rows = drawn[1:], decides[1:], at.begins[1:, :, None]
    _, (latents, previous) = jax.lax.scan(row, (latent, first_previous), rows)
    return Latents(
        jnp.concatenate([latent[None], latents]),
        jnp.concatenate([first_previous[None], previous]),
    )
