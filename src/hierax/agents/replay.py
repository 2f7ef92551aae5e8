"""Experience that is kept and drawn from: transitions, windows of steps, segments of decisions.

All three are stretches of consecutive steps of one environment, within one episode:

| kind | ``length`` | ``aligned`` | drawn from |
|---|---|---|---|
| transitions | 1 | no | every step |
| windows of K steps | K | no | every K consecutive steps |
| segments of decisions | c | yes | steps 0 .. c-1, c .. 2c-1, ... in each episode, last shorter |

Rows of N environments lie in a ring. Since every observation of an environment, last ones of
episodes included, follows the one before it, each is stored once: a stretch of K steps has K + 1 of
them. Beside the ring stands a queue with the first step of every whole stretch, so a draw is
uniform, exact, and never crosses the beginning of an episode. A stretch leaves the queue before any
of its rows is overwritten.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key, Transition


class Memory(NamedTuple):
    """What is stored, T rows of N environments; a pytree that `Replay` reads and writes.

    Attributes:
        observation: ``(T, N, ...)`` for each view, before the step of the row.
        step: ``(T, N, ...)`` action, extras, reward, terminated and ended of the row's step.
        starts: ``(T N,)`` int32, the queue: row times N plus environment of first steps.
        first: () int32, where in ``starts`` the oldest entry stands.
        held: () int32, how many entries there are.
        entered: ``(T,)`` int32, how many entries came with each row.
        cursor: () int32, the next row to write.
        age: ``(N,)`` int32, steps since the episode began.
    """

    observation: Any
    step: Any
    starts: jax.Array
    first: jax.Array
    held: jax.Array
    entered: jax.Array
    cursor: jax.Array
    age: jax.Array


class Step(NamedTuple):
    """What is stored of a step beside its observation; fields as in `Transition`.

    Attributes:
        action: as the agent gave it.
        extras: what the agent stored beside it.
        reward: float32.
        terminated: bool, no value follows.
        ended: bool, terminated or cut off.
    """

    action: Any
    extras: Any
    reward: Any
    terminated: Any
    ended: Any


class Stretch(NamedTuple):
    """B stretches of K steps, time first.

    Attributes:
        observation: ``(K + 1, B, ...)`` for each view.
        action: ``(K, B, ...)``.
        extras: ``(K, B, ...)``.
        reward: ``(K, B)``.
        terminated: ``(K, B)`` bool.
        is_step: ``(K, B)`` bool, False behind the end of an episode, where nothing is meant; True
            everywhere in transitions and windows.
    """

    observation: Any
    action: Any
    extras: Any
    reward: Any
    terminated: Any
    is_step: Any


@dataclasses.dataclass(frozen=True)
class Replay:
    """A ring of steps from which stretches are drawn; pure functions over a `Memory`.

    Attributes:
        buffer_size: steps of all environments together that are kept.
        length: K, steps of a stretch.
        aligned: whether stretches begin at multiples of K steps since the episode began.

    Raises:
        ValueError: where a number is not allowed.
    """

    buffer_size: int
    length: int = 1
    aligned: bool = False

    def __post_init__(self) -> None:
        checks.count("length", self.length, 1)
        checks.count("buffer_size", self.buffer_size, 1)

    def init(self, transition: Transition) -> Memory:
        """An empty memory for steps like ``transition``, of N environments.

        Raises:
            ValueError: where the buffer_size does not hold two stretches of every environment.
        """
        environments = transition.reward.shape[0]
        steps = -(-self.buffer_size // environments)
        if steps < 2 * self.length + 1:
            raise ValueError(
                f"buffer_size is {self.buffer_size}, but must be at least "
                f"{(2 * self.length + 1) * environments}: two stretches of {self.length} steps in "
                f"each of {environments} environments"
            )

        rows = steps + 2  # one for the last observation, one to be written next

        def empty(leaf: Any) -> jax.Array:
            return jnp.zeros((rows, *leaf.shape), leaf.dtype)

        return Memory(
            observation=jax.tree.map(empty, transition.observation),
            step=jax.tree.map(empty, _stored(transition)),
            starts=jnp.zeros(rows * environments, jnp.int32),
            first=jnp.zeros((), jnp.int32),
            held=jnp.zeros((), jnp.int32),
            entered=jnp.zeros(rows, jnp.int32),
            cursor=jnp.zeros((), jnp.int32),
            age=jnp.zeros(environments, jnp.int32),
        )

    def add(self, memory: Memory, transition: Transition) -> Memory:
        """Stores one step of N environments."""
        rows = memory.entered.shape[0]
        row, following = memory.cursor, (memory.cursor + 1) % rows
        observation = _write(memory.observation, row, transition.observation)
        observation = _write(observation, following, transition.next_observation)
        age = jnp.where(transition.is_step, memory.age + 1, 0)
        memory = memory._replace(
            observation=observation,
            step=_write(memory.step, row, _stored(transition)),
            cursor=following,
            age=age,
        )
        memory = _enter(memory, row, *self._completed(age, transition))
        # Not before the row is entered: where a loop reads an array and then writes to it, XLA
        # copies all of it in every step.
        return self._forget(memory)

    def sample(self, memory: Memory, key: Key, count: int) -> Stretch:
        """Draws ``count`` stretches, uniformly and with replacement, from a memory with some."""
        rows, environments = memory.entered.shape[0], memory.age.shape[0]
        held = jnp.maximum(memory.held, 1).astype(jnp.uint32)
        # The remainder of 32 bits prefers no stretch by more than a share of held / 2^32.
        drawn = (jax.random.bits(key, (count,)) % held).astype(jnp.int32)
        start = memory.starts[(memory.first + drawn) % memory.starts.shape[0]]
        begin, environment = start // environments, start % environments
        row = (begin + jnp.arange(self.length + 1)[:, None]) % rows
        observation = jax.tree.map(lambda leaf: leaf[row, environment], memory.observation)
        step: Step = jax.tree.map(lambda leaf: leaf[row[:-1], environment], memory.step)
        return Stretch(
            observation=observation,
            action=step.action,
            extras=step.extras,
            reward=step.reward,
            terminated=step.terminated,
            is_step=_before_end(step.ended),
        )

    def _completed(self, age: jax.Array, transition: Transition) -> tuple[jax.Array, jax.Array]:
        """Where this step completes a stretch, and how many steps ago that began; ``(N,)`` each."""
        if not self.aligned:
            return age >= self.length, jnp.full_like(age, self.length - 1)
        begun = (age - 1) % self.length
        ended = transition.terminated | transition.truncated
        return (age > 0) & (ended | (begun == self.length - 1)), begun

    def _forget(self, memory: Memory) -> Memory:
        """Takes from the queue what came so long ago that the next row may be part of it."""
        rows, places = memory.entered.shape[0], memory.starts.shape[0]
        gone = memory.entered[(memory.cursor + self.length) % rows]
        return memory._replace(first=(memory.first + gone) % places, held=memory.held - gone)


def _stored(transition: Transition) -> Step:
    return Step(
        transition.action,
        transition.extras,
        transition.reward,
        transition.terminated,
        transition.terminated | transition.truncated,
    )


def _write(rows: Any, row: jax.Array, values: Any) -> Any:
    return jax.tree.map(lambda leaf, value: leaf.at[row].set(value), rows, values)


def _enter(memory: Memory, row: jax.Array, completed: jax.Array, begun: jax.Array) -> Memory:
    """Puts the stretches that ended with ``row`` into the queue."""
    rows, places = memory.entered.shape[0], memory.starts.shape[0]
    environments = completed.shape[0]
    start = ((row - begun) % rows) * environments + jnp.arange(environments, dtype=jnp.int32)
    place = (memory.first + memory.held + jnp.cumsum(completed) - 1) % places
    nowhere = places + jnp.arange(environments)  # out of bounds: dropped
    place = jnp.where(completed, place, nowhere)
    number = completed.sum(dtype=jnp.int32)
    return memory._replace(
        starts=memory.starts.at[place].set(start, mode="drop", unique_indices=True),
        held=memory.held + number,
        entered=memory.entered.at[row].set(number),
    )


def _before_end(ended: jax.Array) -> jax.Array:
    """``(K, B)``: whether no earlier step of the stretch ended its episode."""
    before = jnp.concatenate([jnp.zeros_like(ended[:1]), ended[:-1]])
    return jnp.cumsum(before, axis=0) == 0
