"""Several indices over one ring draw exactly what a replay with each of them alone draws."""

import functools

import jax
import jax.numpy as jnp
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


@pytest.mark.parametrize("count", [64, 7])
@pytest.mark.parametrize("name", INDICES)
def test_parts_that_are_read_alone_are_those_of_the_sequences(chunks, name, count):
    """Of all sequences, and of the first ones alone."""
    replay = Replay(SIZE, INDICES)
    state = replay.init(jax.tree.map(lambda leaf: leaf[0], chunks[0]))
    state = filled(hashable(INDICES), state, chunks[0])
    key = jax.random.key(5)
    whole, begun = replay.sample(state, key, 64, name), replay.draw(state, key, 64, name)
    np.testing.assert_array_equal(begun.is_step(INDICES[name].length), whole.is_step)
    last = whole.is_step.sum(axis=0)[:count] - 1
    number, each = jnp.stack([jnp.zeros_like(last), last]), np.arange(count)
    seen = begun.observations(number + 1)
    expected = jax.tree.map(lambda view: view[number + 1, each], whole.observation)
    jax.tree.map(np.testing.assert_array_equal, seen, expected)
    found = begun.steps(number)
    for field in ("action", "reward", "terminated"):
        np.testing.assert_array_equal(getattr(found, field), getattr(whole, field)[number, each])
