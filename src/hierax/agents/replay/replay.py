"""A replay: one ring of steps and any number of named indices over it.

One ring serves an agent that draws several kinds of sequences from the same experience, such as
transitions for a low level and segments of c steps for a high level.
"""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer

from hierax import checks
from hierax.agents.agent import Key, Observation, Transition
from hierax.agents.replay.drawn import Drawn, Sequences
from hierax.agents.replay.index import Index, IndexState
from hierax.agents.replay.ring import Ring, RingState

TRANSITIONS = "transitions"


class ReplayState(NamedTuple):
    """All that is stored, a pytree.

    Attributes:
        ring: the steps.
        indices: the state of each index, by its name.
    """

    ring: RingState
    indices: dict[str, IndexState]


@dataclasses.dataclass(frozen=True)
class Replay:
    """A replay buffer as pure functions over a `ReplayState`.

    Attributes:
        buffer_size: steps of all environments together that are kept.
        indices: kinds of sequences that can be drawn, by name; single transitions by default.
        keeps_age: whether the number of each step in its episode is stored, which
            `sample_with_later` needs.

    Raises:
        ValueError: if ``buffer_size`` is below 1 or there is no index.
    """

    buffer_size: int
    indices: Mapping[str, Index] = dataclasses.field(default_factory=lambda: {TRANSITIONS: Index()})
    keeps_age: bool = False

    def __post_init__(self) -> None:
        checks.count("buffer_size", self.buffer_size, 1)
        if not self.indices:
            raise ValueError("indices must name at least one kind of sequence, got none")

    def init(self, transition: Transition) -> ReplayState:
        """Return an empty replay for steps of the shapes of ``transition``, of N environments.

        Args:
            transition: arrays or shapes (`jax.eval_shape`) with a leading axis N.

        Raises:
            ValueError: if the buffer does not hold two sequences of every environment.
        """
        environments = transition.reward.shape[0]
        rows = self._rows(environments)
        if rows < 2 * self._longest + 3:
            raise ValueError(
                f"buffer_size must be at least {(2 * self._longest + 1) * environments} (two "
                f"sequences of {self._longest} steps in each of {environments} environments), got "
                f"{self.buffer_size}"
            )
        ring = Ring(rows)
        return ReplayState(
            ring=ring.init(transition, keeps_age=self.keeps_age),
            indices={
                name: index.init(ring.rows, environments) for name, index in self.indices.items()
            },
        )

    def rows_for(self, environments: int, written: int) -> int:
        """Return the rows that a ring needs, if so many will be written, to act as a full one."""
        needed = max(written + self._longest + 1, 2 * self._longest + 3)
        return min(self._rows(environments), needed)

    def add(self, state: ReplayState, transition: Transition) -> ReplayState:
        """Return the replay after one step of N environments."""
        row = state.ring.cursor
        ring = Ring(state.ring.rows).write(state.ring, transition)
        indices = {
            name: index.add(state.indices[name], row, ring.age, transition.ended)
            for name, index in self.indices.items()
        }
        return ReplayState(ring, indices)

    def break_off(self, state: ReplayState) -> ReplayState:
        """Return the replay after a row that joins nothing: what is added next does not follow."""
        ring = state.ring
        observation = jax.tree.map(lambda leaf: leaf[ring.cursor], ring.observation)
        nothing, step = jax.tree.map(
            lambda leaf: jnp.zeros_like(leaf[0]), (ring.observation, ring.step)
        )
        return self.add(
            state,
            Transition(
                observation,
                step.action,
                step.extras,
                step.reward,
                step.terminated,
                step.ended,
                nothing,
                step.is_step,
            ),
        )

    def sample(
        self, state: ReplayState, key: Key, count: int, index: str = TRANSITIONS
    ) -> Sequences:
        """Draw ``count`` sequences of one kind, uniformly and with replacement.

        Args:
            state: a replay that holds at least one such sequence.
            key: of the draw.
            count: B.
            index: name of the kind.

        Raises:
            ValueError: if there is no such index, or nothing is stored. Inside `jit`, where this
                cannot be known, the rewards of a draw from nothing are NaN.
        """
        return self._read(state, self.draw(state, key, count, index), index)

    def sample_with_later(
        self, state: ReplayState, key: Key, count: int, index: str = TRANSITIONS
    ) -> tuple[Sequences, Observation]:
        """Draw sequences as `sample` does, and an observation from later in the episode of each.

        The observation is one after the first step of the sequence or after any step that follows
        in the same episode and is stored, each with the same probability.

        Returns:
            Sequences, and ``(count, ...)`` observations for each view.

        Raises:
            ValueError: if the replay does not keep ages, or as in `sample`.
        """
        if not self.keeps_age:
            raise ValueError("keeps_age must be True to draw later observations, got False")
        draw_key, later_key = jax.random.split(key)
        drawn = self.draw(state, draw_key, count, index)
        steps = 1 + drawn.following()
        # As in `Index.draw`, the remainder of 32 bits is uniform but for a share of steps / 2^32.
        chosen = jax.random.bits(later_key, (count,)) % steps.astype(jnp.uint32)
        later = drawn.observations(1 + chosen.astype(jnp.int32))
        return self._read(state, drawn, index), later

    def draw(self, state: ReplayState, key: Key, count: int, index: str = TRANSITIONS) -> Drawn:
        """Draw sequences as `sample` does, from which single steps can be read.

        Raises:
            ValueError: as in `sample`.
        """
        checks.one_of("index", index, tuple(self.indices))
        held = state.indices[index].held
        if not isinstance(held, Tracer) and not held:
            raise ValueError(
                f"index {index!r} must hold at least one sequence to be sampled, got none: observe "
                "more steps before"
            )
        row, environment = self.indices[index].draw(state.indices[index], key, count)
        return Drawn(state.ring, row, environment)

    def _read(self, state: ReplayState, drawn: Drawn, index: str) -> Sequences:
        """Return drawn sequences of a kind; rewards are NaN where none is stored."""
        found = drawn.sequences(self.indices[index].length)
        is_stored = state.indices[index].held > 0
        return found._replace(reward=jnp.where(is_stored, found.reward, jnp.nan))

    def holds(self, state: ReplayState, count: int) -> jax.Array:
        """Return () bool: whether ``count`` sequences of each kind are stored.

        Where a full ring may hold fewer, because episodes are short, that many are enough.
        """
        environments = state.ring.step.reward.shape[1]
        rows = self._rows(environments)
        enough = [
            state.indices[name].held >= min(count, index.least(rows) * environments)
            for name, index in self.indices.items()
        ]
        return jnp.stack(enough).all()

    @property
    def _longest(self) -> int:
        return max(index.length for index in self.indices.values())

    def _rows(self, environments: int) -> int:
        """Return R: one row is for the last observation, one is to be written next."""
        return -(-self.buffer_size // environments) + 2
