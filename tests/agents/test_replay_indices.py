"""Several indices over one ring draw exactly what a replay with each of them alone draws."""

import functools

import jax
import numpy as np
import pytest

from agents.episodes import episodes
from hierax.agents.replay import Index, Replay
from refusals import refuses

SIZE, ENVIRONMENTS, CHUNK = 66, 3, 29
INDICES = {"steps": Index(), "windows": Index(4), "segments": Index(3, aligned=True)}
TOGETHER = Replay(SIZE, INDICES)


@functools.partial(jax.jit, static_argnums=0)
def filled(indices, state, rows):
    replay = Replay(SIZE, dict(indices))
    return jax.lax.scan(lambda state, row: (replay.add(state, row), None), state, rows)[0]


@functools.partial(jax.jit, static_argnums=(0, 1))
def drawn(indices, name, state, key):
    return Replay(SIZE, dict(indices)).sample(state, key, 64, name)


def hashable(indices):
    return tuple(indices.items())


@pytest.fixture(scope="module")
def chunks():
    """Steps of which the ring holds less than one part; episodes end within each of them."""
    rows = list(episodes(3, ENVIRONMENTS, 4 * CHUNK, 8, limit=11))
    parts = (rows[k : k + CHUNK] for k in range(0, len(rows), CHUNK))
    return [jax.tree.map(lambda *leaves: np.stack(leaves), *part) for part in parts]


@pytest.mark.parametrize("name", INDICES)
def test_an_index_draws_what_a_replay_with_it_alone_draws(chunks, name):
    both = hashable(INDICES), hashable({name: INDICES[name]})
    first = jax.tree.map(lambda leaf: leaf[0], chunks[0])
    states = [Replay(SIZE, dict(indices)).init(first) for indices in both]
    for number, chunk in enumerate(chunks):
        states = [filled(*each, chunk) for each in zip(both, states, strict=True)]
        one, alone = states
        jax.tree.map(np.testing.assert_array_equal, one.ring, alone.ring)
        jax.tree.map(np.testing.assert_array_equal, one.indices[name], alone.indices[name])
        key = jax.random.key(number)
        found = [drawn(*given, key) for given in zip(both, (name, name), states, strict=True)]
        jax.tree.map(np.testing.assert_array_equal, *found)
        assert found[0].reward.shape == (INDICES[name].length, 64)
        assert len(np.unique(found[0].reward)) > 20


def test_a_step_is_stored_once_for_all_indices(chunks):
    first = jax.tree.map(lambda leaf: leaf[0], chunks[0])
    state = TOGETHER.init(first)
    assert set(state.indices) == set(INDICES)
    alone = Replay(SIZE).init(first)
    assert jax.tree.map(np.shape, state.ring) == jax.tree.map(np.shape, alone.ring)


def test_the_longest_sequences_decide_on_the_least_size(chunks):
    first = jax.tree.map(lambda leaf: leaf[0], chunks[0])
    replay = Replay(3 * ENVIRONMENTS, {**INDICES, "long": Index(5)})
    refuses(lambda: replay.init(first), "buffer_size", "at least 33", "got 9")
