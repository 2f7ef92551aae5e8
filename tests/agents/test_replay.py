"""Replay against an oracle in plain Python that stores every step there ever was."""

import collections
import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from agents.episodes import episodes
from hierax.agents.replay import Index, Replay
from refusals import refuses

KINDS = {
    "transitions": (1, False),
    "windows of 3": (3, False),
    "windows of 10": (10, False),
    "segments of 3": (3, True),
    "segments of 10": (10, True),
}
KIND = "sequences"
kinds = pytest.mark.parametrize(("length", "aligned"), KINDS.values(), ids=KINDS)


class Oracle:
    """All sequences so far, oldest first, each a list of (step, environment)."""

    def __init__(self, environments, length, aligned):
        self.length, self.aligned = length, aligned
        self.current = [[] for _ in range(environments)]
        self.entered = []  # (row in which it entered, episode, number of its first step in it)
        self.rows = 0

    def add(self, transition):
        for n in range(len(self.current)):
            if not transition.is_step[n]:
                self.current[n] = []
                continue
            current = self.current[n]
            current.append((self.rows, n))
            ended = transition.terminated[n] or transition.truncated[n]
            if not self.aligned:
                self.entered.append((self.rows, current, len(current) - 1))
            elif ended or len(current) % self.length == 0:
                begin = (len(current) - 1) // self.length * self.length
                self.entered.append((self.rows, current, begin))
        self.rows += 1

    @property
    def sequences(self):
        """Row of the first step, row in which it entered, and all steps that there are now."""
        found = []
        for row, episode, begin in self.entered:
            steps = episode[begin : begin + self.length]
            found.append((steps[0][0], row, steps))
        return found

    def within(self, rows):
        """Those of the last ``rows`` rows."""
        return [steps for begin, _, steps in self.sequences if begin >= self.rows - rows]


def replay_of(buffer_size, length=1, aligned=False):
    return Replay(buffer_size, {KIND: Index(length, aligned)})


def compiled(replay):
    index = replay.indices[KIND]
    return _compiled(replay.buffer_size, index.length, index.aligned)


@functools.cache
def _compiled(*arguments):
    replay = replay_of(*arguments)
    sample = functools.partial(replay.sample, index=KIND)
    return jax.jit(replay.add), jax.jit(sample, static_argnums=2)


def begun(replay, transition):
    """An empty memory for such transitions."""
    index = replay.indices[KIND]
    return _init(replay.buffer_size, index.length, index.aligned)(transition)


@functools.cache
def _init(*arguments):
    return jax.jit(replay_of(*arguments).init)


def filled(replay, stream):
    """The memory after a stream, and the stream."""
    stream = list(stream)
    memory = begun(replay, stream[0])
    add, _ = compiled(replay)
    for transition in stream:
        memory = add(memory, transition)
    return memory, stream


def queue_of(memory):
    return memory.indices[KIND]


def entries(replay, memory):
    """Everything that may be drawn: (first row of the ring, environment)."""
    environments, queue = memory.ring.age.shape[0], queue_of(memory)
    places = (int(queue.first) + np.arange(int(queue.held))) % queue.starts.shape[0]
    return [divmod(int(start), environments) for start in np.asarray(queue.starts)[places]]


def assert_is_sequence(drawn, b, steps, stream):
    """Draw number ``b`` is exactly these steps of the stream."""
    count = len(steps)
    for k, (t, n) in enumerate(steps):
        was = stream[t]
        np.testing.assert_array_equal(
            drawn.observation["number"][k, b], was.observation["number"][n]
        )
        assert drawn.observation["byte"][k, b] == was.observation["byte"][n]
        np.testing.assert_array_equal(drawn.action[k, b], was.action[n])
        assert drawn.extras["phase"][k, b] == was.extras["phase"][n]
        assert drawn.reward[k, b] == was.reward[n]
        assert drawn.terminated[k, b] == was.terminated[n]
    t, n = steps[-1]
    last = drawn.observation["number"][count, b]
    np.testing.assert_array_equal(last, stream[t].next_observation["number"][n])
    np.testing.assert_array_equal(drawn.is_step[:, b], np.arange(len(drawn.is_step)) < count)
    # What is behind the end repeats it, and is worth nothing.
    assert (drawn.observation["number"][count:, b] == last).all()
    assert (drawn.action[count:, b] == drawn.action[count - 1, b]).all()
    assert not drawn.reward[count:, b].any()
    assert not drawn.terminated[count:, b].any()


def steps_of(drawn, b):
    """Which steps draw number ``b`` holds, from its numbers alone: (row, environment)."""
    number = int(drawn.observation["number"][0, b, 0]) - 1
    n, t = divmod(number, 100_000)
    return [(t + k, n) for k in range(int(drawn.is_step[:, b].sum()))]


@kinds
def test_what_is_drawn_is_what_was_stored(length, aligned):
    replay, environments = replay_of(75, length, aligned), 3
    oracle = Oracle(environments, length, aligned)
    stream = list(episodes(1, environments, 200, 2 * length + 2, 4 * length + 1, broken=0.02))
    add, sample = compiled(replay)
    memory = begun(replay, stream[0])
    rows, seen = queue_of(memory).entered.shape[0], set()
    for t, transition in enumerate(stream):
        memory = add(memory, transition)
        oracle.add(transition)
        if t % 9 and t != len(stream) - 1:
            continue
        # One row of the ring is given to the observation that is still open.
        whole = {tuple(steps) for steps in oracle.within(rows - 2)}
        kept = entries(replay, memory)
        assert len(kept) == len(set(kept)) <= len(whole)
        if not kept:
            continue
        drawn = jax.device_get(sample(memory, jax.random.key(t), 16))
        for b in range(16):
            steps = steps_of(drawn, b)
            assert tuple(steps) in whole
            assert_is_sequence(drawn, b, steps, stream)
            seen.add(tuple(steps))
    assert len(seen) > 20


@kinds
def test_everything_that_the_ring_holds_can_be_drawn(length, aligned):
    replay, environments = replay_of(75, length, aligned), 3
    oracle = Oracle(environments, length, aligned)
    memory, stream = filled(replay, episodes(2, environments, 173, 3 * length, None))
    for transition in stream:
        oracle.add(transition)
    rows = queue_of(memory).entered.shape[0]
    whole = {(steps[0][0] % rows, steps[0][1]) for steps in oracle.within(rows - 2)}
    kept = set(entries(replay, memory))
    assert kept <= whole
    missing = whole - kept
    if not aligned:
        assert not missing
    # Early ends leave together with the rows in which a whole segment would have ended with them.
    first = oracle.rows - rows + 2
    oldest = {row % rows for row in range(first, first + length - 1)}
    assert {row for row, _ in missing} <= oldest


@given(
    seed=st.integers(0, 10**6),
    length=st.sampled_from([1, 3, 4]),
    aligned=st.booleans(),
    steps=st.integers(1, 120),
)
def test_the_queue_is_that_of_the_oracle(seed, length, aligned, steps):
    replay = replay_of(40, length, aligned)
    memory, stream = filled(replay, episodes(seed, 2, steps, 5, 9, broken=0.05))
    oracle = Oracle(2, length, aligned)
    for transition in stream:
        oracle.add(transition)
    rows = queue_of(memory).entered.shape[0]
    # A segment that entered K rows or more ago leaves with the row that it could have begun in.
    span = length if aligned else 1
    alive = [
        (begin % rows, steps[0][1])
        for begin, entered, steps in oracle.sequences
        if entered > oracle.rows - rows + span
    ]
    assert entries(replay, memory) == alive
    known = (int(memory.ring.cursor) + span + 1 + np.arange(rows - span - 1)) % rows
    assert int(queue_of(memory).entered[known].sum()) == len(alive)
    assert int(memory.ring.cursor) == steps % rows


def test_the_oldest_is_the_right_one_after_many_rounds():
    replay = replay_of(10, 1)
    memory, _ = filled(replay, episodes(0, 1, 1234, 10**9))
    _, sample = compiled(replay)
    drawn = sample(memory, jax.random.key(0), 200)
    # The last ten steps: 1224 .. 1233, whose observations are numbered from 1.
    assert set(np.asarray(drawn.observation["number"])[0, :, 0]) == set(range(1225, 1235))


def test_the_capacity_is_kept_whatever_the_environments():
    for environments in (1, 3):
        replay = replay_of(21)
        memory, _ = filled(replay, episodes(0, environments, 60, 10**9))
        assert int(queue_of(memory).held) == 21


@kinds
def test_draws_are_uniform(length, aligned):
    replay = replay_of(75, length, aligned)
    memory, _ = filled(replay, episodes(3, 3, 260, 2 * length, 5 * length))
    _, sample = compiled(replay)
    drawn = jax.device_get(sample(memory, jax.random.key(5), 20_000))
    counts = collections.Counter(drawn.observation["number"][0, :, 0].tolist())
    held = int(queue_of(memory).held)
    assert len(counts) == held
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_no_sequence_crosses_a_reset():
    replay = replay_of(64, 3)
    memory, stream = filled(replay, episodes(4, 2, 90, 4, 7))
    drawn = jax.device_get(compiled(replay)[1](memory, jax.random.key(0), 500))
    assert not drawn.is_step.all()  # short episodes and last pieces are drawn, too
    later = np.diff(drawn.extras["phase"], axis=0)
    np.testing.assert_array_equal(later, drawn.is_step[1:])  # age goes up by one each step
    ends = {
        (t, n)
        for t, row in enumerate(stream)
        for n in np.flatnonzero(row.terminated | row.truncated)
    }
    last = [steps_of(drawn, b)[-1] for b in range(500)]
    inner = [step for b in range(500) for step in steps_of(drawn, b)[:-1]]
    assert not ends & set(inner)
    assert ends & set(last)  # the step that ends an episode is learned from


def test_steps_of_short_episodes_are_drawn_as_often_as_all_others():
    """A task that succeeds before K steps would otherwise vanish from what is learned."""
    replay = replay_of(75, 10)
    memory, stream = filled(replay, episodes(8, 3, 40, 2))
    steps = {(t, n) for t, row in enumerate(stream[-25:], 15) for n in range(3) if row.is_step[n]}
    drawn = jax.device_get(compiled(replay)[1](memory, jax.random.key(1), 20_000))
    counts = collections.Counter(steps_of(drawn, b)[0] for b in range(20_000))
    assert set(counts) == steps
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-3
    assert drawn.is_step.sum(axis=0).mean() < 3


def test_a_step_that_was_cut_off_keeps_its_last_observation():
    replay = replay_of(50)
    memory, stream = filled(replay, episodes(5, 1, 40, 10**9, limit=4))
    drawn = jax.device_get(compiled(replay)[1](memory, jax.random.key(0), 300))
    cut = {t for t, row in enumerate(stream) if row.truncated[0]}
    found = [b for b in range(300) if steps_of(drawn, b)[0][0] in cut]
    assert found
    for b in found:
        t = steps_of(drawn, b)[0][0]
        assert drawn.observation["number"][1, b, 0] == stream[t].next_observation["number"][0, 0]
        assert not drawn.terminated[0, b]


def test_scanned_jitted_and_plain_are_the_same():
    replay = replay_of(30, 3)
    memory, stream = filled(replay, episodes(6, 2, 50, 8))
    rows = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *stream)
    first = replay.init(jax.tree.map(lambda leaf: leaf[0], rows))
    scanned = jax.lax.scan(lambda m, row: (replay.add(m, row), None), first, rows)[0]
    plain = replay.add(first, stream[0])
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), scanned, memory))
    again = compiled(replay)[0](first, stream[0])
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), plain, again))


def test_a_donated_memory_is_written_where_it_is():
    replay = replay_of(1000)
    (transition,) = episodes(0, 1, 1, 5)
    memory = replay.init(transition)
    add = jax.jit(replay.add, donate_argnums=0)
    place = memory.ring.observation["number"].unsafe_buffer_pointer()
    for _ in range(3):
        memory = add(memory, transition)
        assert memory.ring.observation["number"].unsafe_buffer_pointer() == place


def test_a_loop_of_steps_copies_no_part_of_the_memory():
    (transition,) = episodes(0, 1, 1, 5)
    replay = replay_of(1234)

    def add_five(memory, transition):
        step = lambda memory, _: (replay.add(memory, transition), None)  # noqa: E731
        return jax.lax.scan(step, memory, length=5)[0]

    memory = replay.init(transition)
    compiled = jax.jit(add_five, donate_argnums=0).lower(memory, transition).compile().as_text()
    assert "[1236" in compiled
    assert not re.findall(r"\[1236\S* copy\(", compiled)


def test_an_observation_is_stored_once():
    (transition,) = episodes(0, 4, 1, 5)
    memory = replay_of(1000, 10).init(transition)
    assert memory.ring.observation["number"].shape == (252, 4, 1)
    assert memory.ring.observation["byte"].dtype == jnp.uint8
    whole = sum(leaf.nbytes for leaf in jax.tree.leaves(memory))
    # number, byte, two actions, phase, reward, two booleans and the place in the queue
    assert whole / 1004 == pytest.approx(4 + 1 + 8 + 4 + 4 + 2 + 4, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "environments", "names"),
    [
        ((0,), 1, ("buffer_size", "an integer >= 1", "got 0")),
        ((10, 0), 1, ("length", "an integer >= 1", "got 0")),
        ((2.5,), 1, ("buffer_size", "an integer >= 1", "got 2.5")),
        ((2,), 1, ("buffer_size", "at least 3", "got 2")),
        ((100, 10), 5, ("buffer_size", "at least 105", "got 100")),
    ],
)
def test_refusals(arguments, environments, names):
    (transition,) = episodes(0, environments, 1, 5)
    refuses(lambda: replay_of(*arguments).init(transition), *names)


def test_a_draw_from_nothing_is_refused():
    (transition,) = episodes(0, 1, 1, 5)
    replay = replay_of(100, 3, aligned=True)
    memory = compiled(replay)[0](begun(replay, transition), transition)
    refuses(
        lambda: replay.sample(memory, jax.random.key(0), 4, KIND),
        "index 'sequences'", "at least one sequence", "got none",
    )  # fmt: skip


def test_a_replay_without_an_index_is_refused():
    refuses(lambda: Replay(10, {}), "indices", "at least one", "none")


def test_the_least_capacity_is_enough():
    (transition,) = episodes(0, 5, 1, 5)
    assert replay_of(105, 10).init(transition).ring.step.reward.shape == (23, 5)
