"""An index over a ring: where the sequences of one kind begin, so that they can be drawn.

| kind | ``length`` | ``aligned`` | one entry for |
|---|---|---|---|
| transitions | 1 | no | every step |
| windows of K steps | K | no | every step, and the steps of its episode that follow it, K at most |
| segments of c steps | c | yes | steps 0 .. c-1, c .. 2c-1, ... of an episode, the last shorter |

An index is a queue of first steps. A segment enters when its last step is written. A window enters
with its first step, and grows to K steps: it is shorter at the end of an episode, and where the
steps that follow are not made yet. A sequence leaves before its rows are overwritten. So a draw is
exact, never crosses the beginning of an episode, and is uniform: over all whole segments that are
stored, or over all stored steps as the first step of a window.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from hierax import checks
from hierax.agents.agent import Key


class IndexState(NamedTuple):
    """The queue; R rows of N environments.

    Attributes:
        starts: ``(R N,)`` int32, the queue: row times N plus environment of each first step.
        first: () int32, place of the oldest entry in ``starts``.
        held: () int32, number of entries.
        entered: ``(R,)`` int32, number of entries that came with each row.
    """

    starts: jax.Array
    first: jax.Array
    held: jax.Array
    entered: jax.Array


@dataclasses.dataclass(frozen=True)
class Index:
    """An index of sequences of K steps as pure functions over an `IndexState`.

    Attributes:
        length: K, steps of a sequence at most.
        aligned: whether sequences begin only at multiples of K steps since the episode began, and
            are drawn when they are complete.

    Raises:
        ValueError: if ``length`` is below 1.
    """

    length: int = 1
    aligned: bool = False

    def __post_init__(self) -> None:
        checks.count("length", self.length, 1)

    def init(self, rows: int, environments: int) -> IndexState:
        """Return an empty index over a ring of that size."""
        return IndexState(
            starts=jnp.zeros(rows * environments, jnp.int32),
            first=jnp.zeros((), jnp.int32),
            held=jnp.zeros((), jnp.int32),
            entered=jnp.zeros(rows, jnp.int32),
        )

    def least(self, rows: int) -> int:
        """Return a number of sequences that a full ring holds of each environment at least.

        With the beginning of an episode after each, complete sequences are at most `_span` + 1
        rows apart. One may be cut at either end of the ring.
        """
        return max(rows // (self._span + 1) - 2, 1)

    def add(
        self, state: IndexState, row: jax.Array, age: jax.Array, ended: ArrayLike
    ) -> IndexState:
        """Return the index after a row was written.

        Args:
            state: before.
            row: () the row.
            age: ``(N,)`` steps since the episode began, this one included; 0 where it began.
            ended: ``(N,)`` bool, whether the episode ended with this step.
        """
        completed, begun = self._completed(age, ended)
        state = _enter(state, row, completed, begun)
        # After entering: in a loop that reads an array and then writes to it, XLA copies the whole
        # array in every step.
        return self._forget(state, row)

    def draw(self, state: IndexState, key: Key, count: int) -> tuple[jax.Array, jax.Array]:
        """Return row and environment, ``(count,)`` each, of first steps, with replacement."""
        rows = state.entered.shape[0]
        environments = state.starts.shape[0] // rows
        held = jnp.maximum(state.held, 1).astype(jnp.uint32)
        # The remainder of 32 bits prefers no entry by more than a share of held / 2^32.
        drawn = (jax.random.bits(key, (count,)) % held).astype(jnp.int32)
        start = state.starts[(state.first + drawn) % state.starts.shape[0]]
        return start // environments, start % environments

    def _completed(self, age: jax.Array, ended: ArrayLike) -> tuple[jax.Array, jax.Array]:
        """Return whether a sequence ends here, and how many steps ago it began, ``(N,)`` each."""
        if not self.aligned:
            return age > 0, jnp.zeros_like(age)
        begun = (age - 1) % self.length
        return (age > 0) & (ended | (begun == self.length - 1)), begun

    def _forget(self, state: IndexState, row: jax.Array) -> IndexState:
        """Remove the entries that the next row to be written may be part of."""
        rows, places = state.entered.shape[0], state.starts.shape[0]
        gone = state.entered[(row + 1 + self._span) % rows]
        return state._replace(first=(state.first + gone) % places, held=state.held - gone)

    @property
    def _span(self) -> int:
        """Most rows of a sequence when it enters."""
        return self.length if self.aligned else 1


def _enter(state: IndexState, row: jax.Array, completed: jax.Array, begun: jax.Array) -> IndexState:
    """Append the sequences that end with ``row``."""
    rows, places = state.entered.shape[0], state.starts.shape[0]
    environments = completed.shape[0]
    start = ((row - begun) % rows) * environments + jnp.arange(environments, dtype=jnp.int32)
    place = (state.first + state.held + jnp.cumsum(completed) - 1) % places
    nowhere = places + jnp.arange(environments)  # out of bounds: dropped
    place = jnp.where(completed, place, nowhere)
    number = completed.sum(dtype=jnp.int32)
    return state._replace(
        starts=state.starts.at[place].set(start, mode="drop", unique_indices=True),
        held=state.held + number,
        entered=state.entered.at[row].set(number),
    )
