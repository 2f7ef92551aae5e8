"""The frozen levels of a stack, its learned part, and its carry."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from hierax.agents.agent import Observation
from hierax.agents.encoder import Encoder
from hierax.agents.latent_space.flows import Flow
from hierax.agents.updates.soft import SoftLearner


class FrozenLevel(eqx.Module):
    """A level that is no longer trained.

    Attributes:
        flow: its policy.
        encoder: its observation encoder, with the statistics at the time when it was frozen.
        interval: environment steps that a decision is held for.
    """

    flow: Flow
    encoder: Encoder
    interval: int = eqx.field(static=True)


class StackLearner(NamedTuple):
    """The learned part of all levels.

    Attributes:
        below: the frozen levels, the bottom level first.
        top: the level that is trained.
    """

    below: tuple[FrozenLevel, ...]
    top: SoftLearner


class StackCarry(NamedTuple):
    """The carry of a stack of levels.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        noise: ``(N, d)``, z of the last decision of the top level.
        outputs: ``(N, d)`` of each level, the bottom level first: x_k of its last decision.
    """

    age: jax.Array
    noise: jax.Array
    outputs: tuple[jax.Array, ...]


def through_frozen(
    below: Sequence[FrozenLevel], carry: StackCarry, observation: Observation, output: jax.Array
) -> list[jax.Array]:
    """Return the outputs of the frozen levels for ``output`` of the top level, top to bottom."""
    outputs = []
    for number in reversed(range(len(below))):
        level = below[number]
        decided = level.flow.forward(output, level.encoder(observation))[0]
        output = held(carry, number, level.interval, decided)
        outputs.append(output)
    return outputs


def held(carry: StackCarry, number: int, interval: int, decided: jax.Array) -> jax.Array:
    """Return the decision of a level, or its last decision while that is held."""
    if interval == 1:
        return decided
    return jnp.where(carry.age[:, None] % interval == 0, decided, carry.outputs[number])
