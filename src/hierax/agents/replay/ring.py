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

    @property
    def rows(self) -> int:
        """R."""
        return len(self.step.reward)


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
