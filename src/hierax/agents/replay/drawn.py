"""Sequences that were drawn from a ring: all of them, or the parts that are asked for."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.replay.ring import RingState, Step


class Sequences(NamedTuple):
    """B sequences of K consecutive steps, time first.

    A sequence that is shorter than K is padded: its last observation and step are repeated, with
    reward 0 and ``terminated`` False. So the last entry of ``observation`` is always the one after
    the last step.

    Attributes:
        observation: ``(K + 1, B, ...)`` for each view.
        action: ``(K, B, ...)``.
        extras: ``(K, B, ...)``.
        reward: ``(K, B)``.
        terminated: ``(K, B)`` bool.
        is_step: ``(K, B)`` bool, False where a sequence is padded; True for single transitions.
    """

    observation: Any
    action: Any
    extras: Any
    reward: Any
    terminated: Any
    is_step: Any

    @property
    def ends(self) -> Any:
        """``(2, B, ...)`` for each view: observations before the first step and after the last."""
        return jax.tree.map(lambda view: view[:: len(view) - 1], self.observation)


class Drawn(NamedTuple):
    """B sequences, by where they begin.

    Attributes:
        ring: the stored rows.
        row: ``(B,)`` of the first steps.
        environment: ``(B,)``.
    """

    ring: RingState
    row: jax.Array
    environment: jax.Array

    def sequences(self, length: int) -> Sequences:
        """Return all of the sequences, of ``length`` steps."""
        is_step = self.is_step(length)
        number, last = jnp.arange(length + 1)[:, None], is_step.sum(axis=0)
        step = self.steps(jnp.minimum(number[:-1], last - 1))
        return Sequences(
            observation=self.observations(jnp.minimum(number, last)),
            action=step.action,
            extras=step.extras,
            reward=jnp.where(is_step, step.reward, 0.0),
            terminated=step.terminated & is_step,
            is_step=is_step,
        )

    def is_step(self, length: int) -> jax.Array:
        """Return ``(length, B)`` bool: which of the steps are of the episode of the first."""
        if length == 1:
            return jnp.ones((1, *self.row.shape), bool)
        ring, number = self.ring, jnp.arange(length)[:, None]
        rows = (self.row + number) % ring.rows
        ended, is_step = (
            leaf[rows, self.environment] for leaf in (ring.step.ended, ring.step.is_step)
        )
        # An episode may also begin where none ended, when environments are reset.
        after_end = jnp.concatenate([jnp.zeros_like(ended[:1]), ended[:-1]])
        not_written = number >= (ring.cursor - self.row) % ring.rows
        return jnp.cumsum(after_end | ~is_step | not_written, axis=0) == 0

    def observations(self, number: jax.Array) -> Any:
        """Return the observations before steps ``(..., B)``, or a leading part of B; 0 is first."""
        return self._at(self.ring.observation, number)

    def steps(self, number: jax.Array) -> Step:
        """Return steps ``(..., B)``, or a leading part of B, without their observations."""
        return self._at(self.ring.step, number)

    def following(self) -> jax.Array:
        """Return ``(B,)``: the number of stored steps of the same episode after the first.

        Ages count on as far as the episode goes, and are too low after it. So bisection finds its
        end, in log2 R reads for each.
        """
        ring = self.ring
        age = ring.step.age[self.row, self.environment]
        newest = (ring.cursor - self.row) % ring.rows - 1
        found = jnp.zeros_like(self.row)
        for bit in reversed(range(ring.rows.bit_length())):
            tried = found + 2**bit
            there = ring.step.age[(self.row + tried) % ring.rows, self.environment]
            found = jnp.where((tried <= newest) & (there == age + tried), tried, found)
        return found

    def _at(self, leaves: Any, number: jax.Array) -> Any:
        size = number.shape[-1]
        rows, environment = (self.row[:size] + number) % self.ring.rows, self.environment[:size]
        return jax.tree.map(lambda leaf: leaf[rows, environment], leaves)
