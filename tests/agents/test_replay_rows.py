"""A replay in fewer rows, or moved into a larger ring, draws what the large one draws."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.episodes import episodes
from hierax.agents.replay import Index, Replay, rows
from refusals import refuses

INDICES = {"steps": Index(), "windows": Index(4), "segments": Index(3, aligned=True)}
LARGE, SMALL = Replay(300, INDICES), Replay(60, INDICES)
N = 3


@functools.partial(jax.jit, static_argnums=0)
def filled(size, state, stream, first, last):
    """The state after rows ``first`` to ``last``, which are arguments: one compilation for all."""

    def add(t, state):
        return Replay(size, INDICES).add(state, jax.tree.map(lambda leaf: leaf[t], stream))

    return jax.lax.fori_loop(first, last, add, state)


@functools.partial(jax.jit, static_argnums=0)
def drawn(size, state, key):
    replay = Replay(size, INDICES)
    return {name: replay.sample(state, key, 40, name) for name in INDICES}


@pytest.fixture(scope="module")
def stream():
    made = list(episodes(5, N, 90, 6, limit=9, broken=0.03))
    return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *made)


def empty(replay, stream):
    return replay.init(jax.tree.map(lambda leaf: leaf[0], stream))


def same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def shapes(state):
    return jax.eval_shape(lambda: state)


def test_a_ring_of_the_rows_of_a_run_is_the_beginning_of_a_large_one(stream):
    """As in a run of 30 rows that is continued to 90."""
    large = empty(LARGE, stream)
    cut = rows.cut(large, LARGE.rows_for(N, 30))
    assert len(cut.ring.step.reward) == 30 + 4 + 1 < len(large.ring.step.reward)
    cut, large = (filled(300, each, stream, 0, 30) for each in (cut, large))
    key = jax.random.key(0)
    same(drawn(300, cut, key), drawn(300, large, key))
    stored = rows.packed(cut)
    assert len(stored[".ring.step.reward"]) == 31
    same(stored, rows.packed(large))
    moved = rows.unpacked(stored, shapes(large))
    same(moved, large)
    same(filled(300, moved, stream, 30, 90), filled(300, large, stream, 30, 90))


@pytest.mark.parametrize("last", [20, 21, 22, 23, 61, 90])
def test_a_ring_that_wrapped_draws_the_same_from_a_larger_one(stream, last):
    small = filled(60, empty(SMALL, stream), stream, 0, last)
    stored = rows.packed(small)
    same(rows.unpacked(stored, shapes(small)), small)
    moved = rows.unpacked(stored, shapes(empty(LARGE, stream)))
    for number in range(3):
        key = jax.random.key(number)
        same(drawn(60, small, key), drawn(300, moved, key))
    # And it goes on: what it draws is still among what was written.
    later = filled(300, moved, stream, 0, 40)
    found = drawn(300, later, jax.random.key(9))["steps"]
    assert set(np.ravel(found.reward)) <= set(np.ravel(stream.reward))


def test_no_rows_but_those_of_the_buffer_are_made_for_a_long_run():
    assert LARGE.rows_for(N, 10**9) == 102
    assert LARGE.rows_for(N, 1) == 2 * 4 + 3  # the least that an index needs


def test_arrays_of_another_replay_are_refused(stream):
    state = empty(SMALL, stream)
    stored = rows.packed(state)
    other = Replay(60, {"steps": Index()})
    refuses(lambda: rows.unpacked(stored, empty(other, stream)), "arrays of the replay", "steps")
    wide = {**stored, ".ring.step.action": stored[".ring.step.action"][..., :1]}
    refuses(lambda: rows.unpacked(wide, state), ".ring.step.action", "float32 (22, 3, 2)", "got")
    full = filled(300, empty(LARGE, stream), stream, 0, 90)
    refuses(lambda: rows.unpacked(rows.packed(full), state), "fewer rows", "91")
