"""A ring of rows: the last steps of N environments, each observation stored once.

All observations of an environment, the last ones of episodes included, form one unbroken row: the
observation after a step is the observation before the next. So K consecutive steps need K + 1
observations, and no observation is stored twice.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Transition


class RingState(NamedTuple):
    """The stored rows; R rows of N environments.

    Attributes:
        observation: ``(R, N, ...)`` for each view, before the step of the row.
        step: ``(R, N, ...)``, the rest of the step of the row.
        cursor: () int32, the next row to write.
        age: ``(N,)`` int32, steps since the episode began.
        written: () int32, number of rows that were written, R at most.
    """

    observation: Any
    step: "Step"
    cursor: jax.Array
    age: jax.Array
    written: jax.Array


class Step(NamedTuple):
    """A stored step without its observations; fields as in `Transition`.

    Attributes:
        action: as the agent returned it.
        extras: as the agent returned them.
        reward: float32.
        terminated: bool, no value follows.
        ended: bool, terminated or truncated.
        is_step: bool, False where an episode began.
        age: int32, number of the step in its episode, from 1 on; 0 where an episode began. None
            where it is not kept.
    """

    action: Any
    extras: Any
    reward: Any
    terminated: Any
    ended: Any
    is_step: Any
    age: Any = None


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


@dataclasses.dataclass(frozen=True)
class Ring:
    """A ring of R rows as pure functions over a `RingState`.

    Attributes:
        rows: R, at least 2. One row holds an observation whose step is not known yet.

    Raises:
        ValueError: if ``rows`` is below 2.
    """

    rows: int

    def __post_init__(self) -> None:
        checks.count("rows", self.rows, 2)

    def init(self, transition: Transition, *, keeps_age: bool = False) -> RingState:
        """Return an empty ring for steps of the shapes of ``transition``, of N environments."""
        age = jnp.zeros(transition.reward.shape[0], jnp.int32)
        step = _stored(transition, transition.terminated, age if keeps_age else None)

        def empty(leaf: Any) -> jax.Array:
            return jnp.zeros((self.rows, *leaf.shape), leaf.dtype)

        return RingState(
            observation=jax.tree.map(empty, transition.observation),
            step=jax.tree.map(empty, step),
            cursor=jnp.zeros((), jnp.int32),
            age=age,
            written=jnp.zeros((), jnp.int32),
        )

    def write(self, state: RingState, transition: Transition) -> RingState:
        """Store one step of N environments in the row at the cursor, and move the cursor on."""
        row, following = state.cursor, (state.cursor + 1) % self.rows
        observation = write_row(state.observation, row, transition.observation)
        age = jnp.where(transition.is_step, state.age + 1, 0)
        kept = None if state.step.age is None else age
        return RingState(
            observation=write_row(observation, following, transition.next_observation),
            step=write_row(state.step, row, _stored(transition, transition.ended, kept)),
            cursor=following,
            age=age,
            written=jnp.minimum(state.written + 1, self.rows),
        )

    def read(
        self, state: RingState, row: jax.Array, environment: jax.Array, length: int
    ) -> Sequences:
        """Return the ``length`` steps that begin at ``row`` of ``environment``, both ``(B,)``."""
        number = jnp.arange(length + 1)[:, None]
        is_step = self._within(state, row, environment, number[:-1])
        last = is_step.sum(axis=0)
        rows = (row + jnp.minimum(number, last)) % self.rows
        observation = jax.tree.map(lambda leaf: leaf[rows, environment], state.observation)
        rows = (row + jnp.minimum(number[:-1], last - 1)) % self.rows
        step: Step = jax.tree.map(lambda leaf: leaf[rows, environment], state.step)
        return Sequences(
            observation=observation,
            action=step.action,
            extras=step.extras,
            reward=jnp.where(is_step, step.reward, 0.0),
            terminated=step.terminated & is_step,
            is_step=is_step,
        )

    def following(self, state: RingState, row: jax.Array, environment: jax.Array) -> jax.Array:
        """Return ``(B,)``: the number of stored steps of the same episode after that of ``row``.

        Ages count on as far as the episode goes, and are too low after it. So bisection finds its
        end, in log2 R reads for each.
        """
        age, newest = state.step.age[row, environment], (state.cursor - row) % self.rows - 1
        found = jnp.zeros_like(row)
        for bit in reversed(range(self.rows.bit_length())):
            tried = found + 2**bit
            there = state.step.age[(row + tried) % self.rows, environment]
            found = jnp.where((tried <= newest) & (there == age + tried), tried, found)
        return found

    def _within(
        self, state: RingState, row: jax.Array, environment: jax.Array, number: jax.Array
    ) -> jax.Array:
        """Return ``(K, B)`` bool: which of the rows from ``row`` on continue its episode."""
        if len(number) == 1:
            return jnp.ones((1, *row.shape), bool)
        rows = (row + number) % self.rows
        ended, is_step = (
            leaf[rows, environment] for leaf in (state.step.ended, state.step.is_step)
        )
        # An episode may also begin where none ended, when environments are reset.
        after_end = jnp.concatenate([jnp.zeros_like(ended[:1]), ended[:-1]])
        not_written = number >= (state.cursor - row) % self.rows
        return jnp.cumsum(after_end | ~is_step | not_written, axis=0) == 0


def write_row(rows: Any, row: jax.Array, values: Any) -> Any:
    """Return the arrays ``rows``, ``(R, ...)`` each, with ``values`` in one row."""
    return jax.tree.map(lambda leaf, value: leaf.at[row].set(value), rows, values)


def _stored(transition: Transition, ended: Any, age: Any) -> Step:
    return Step(
        transition.action,
        transition.extras,
        transition.reward,
        transition.terminated,
        ended,
        transition.is_step,
        age,
    )
