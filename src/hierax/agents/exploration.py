"""Exploration by noise and by random actions, drawn anew in every step or held for several.

An agent that holds its noise for n steps moves further than one with independent noise of the same
size: by a factor of about √n where actions are velocities.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key


class Draws(NamedTuple):
    """The random numbers that N environments explore with.

    Attributes:
        noise: ``(N, A)`` standard normal.
        random_action: ``(N, A)`` uniform in [-1, 1].
        by_chance: ``(N, 1)`` bool, whether the random action is taken after the first steps, too.
    """

    noise: jax.Array
    random_action: jax.Array
    by_chance: jax.Array


def no_draws(count: int, size: int) -> Draws:
    """Return the draws before the first step, all zero."""
    zeros = jnp.zeros((count, size))
    return Draws(zeros, zeros, jnp.zeros((count, 1), bool))


def draw(key: Key, count: int, size: int, probability: float) -> Draws:
    """Return new draws.

    Args:
        key: of the draws.
        count: N.
        size: A.
        probability: of ``by_chance``.
    """
    noise_key, random_key = jax.random.split(key)
    by_chance = jnp.zeros((count, 1), bool)
    if probability:
        by_chance = jax.random.bernoulli(jax.random.split(key, 3)[2], probability, (count, 1))
    return Draws(
        jax.random.normal(noise_key, (count, size)),
        jax.random.uniform(random_key, (count, size), minval=-1.0, maxval=1.0),
        by_chance,
    )


def held(
    before: Draws,
    new: Draws,
    age: jax.Array,
    noise_interval: jax.Array,
    random_action_interval: jax.Array,
) -> Draws:
    """Return the draws of this step: new ones at the multiples of an interval.

    Args:
        before: draws of the last step.
        new: draws of this step.
        age: ``(N,)`` steps since the episode began.
        noise_interval: ``(A,)`` steps that the noise of each entry of an action is held for.
        random_action_interval: ``(A,)``, likewise of random actions. The longest of them holds for
            ``by_chance``.
    """
    longest = random_action_interval.max()
    return Draws(
        kept(before.noise, new.noise, age, noise_interval),
        kept(before.random_action, new.random_action, age, random_action_interval),
        kept(before.by_chance, new.by_chance, age, longest),
    )


def kept(before: jax.Array, new: jax.Array, age: jax.Array, interval: jax.Array) -> jax.Array:
    """Return ``new`` numbers ``(N, A)`` at the multiples of an interval, else those ``before``.

    Args:
        before: of the last step.
        new: of this step.
        age: ``(N,)`` steps since the episode began.
        interval: ``()``, ``(A,)`` for each entry or ``(N, 1)`` for each environment.
    """
    return jnp.where(age[:, None] % interval == 0, new, before)
