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
from hierax.agents.agent import Key, Transition
from hierax.agents.replay.index import Index, IndexState
from hierax.agents.replay.ring import Ring, RingState, Sequences

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

    Raises:
        ValueError: if ``buffer_size`` is below 1 or there is no index.
    """

    buffer_size: int
    indices: Mapping[str, Index] = dataclasses.field(default_factory=lambda: {TRANSITIONS: Index()})

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
            ring=ring.init(transition),
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
        ring = self._ring(state).write(state.ring, transition)
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
        checks.one_of("index", index, tuple(self.indices))
        chosen, held = self.indices[index], state.indices[index].held
        if not isinstance(held, Tracer) and not held:
            raise ValueError(
                f"index {index!r} must hold at least one sequence to be sampled, got none: observe "
                "more steps before"
            )
        row, environment = chosen.draw(state.indices[index], key, count)
        drawn = self._ring(state).read(state.ring, row, environment, chosen.length)
        return drawn._replace(reward=jnp.where(held > 0, drawn.reward, jnp.nan))

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

    def _ring(self, state: ReplayState) -> Ring:
        return Ring(state.ring.step.reward.shape[0])
