"""The store of the last T steps against a plain list."""

import jax
import numpy as np
import pytest

from agents.episodes import episodes
from hierax.agents import Rollout
from refusals import refuses

ENVIRONMENTS = 3
add = jax.jit(lambda length, *given: Rollout(length).add(*given), static_argnums=0)
read = jax.jit(lambda length, state: Rollout(length).read(state), static_argnums=0)


@pytest.mark.parametrize("length", [1, 5])
def test_it_holds_the_last_steps_in_their_order(length):
    stream = list(episodes(1, ENVIRONMENTS, 61, 4, limit=6))
    state, ends = Rollout(length).init(stream[0]), 0
    for t, transition in enumerate(stream):
        state = add(length, state, transition)
        last = stream[max(t + 1 - length, 0) : t + 1]
        if len(last) < length:
            continue
        found = read(length, state)
        expected = jax.tree.map(lambda *leaves: np.stack(leaves), *last)
        jax.tree.map(np.testing.assert_array_equal, found, expected)
        kinds = [jax.tree.map(lambda leaf: leaf.dtype, each) for each in (found, expected)]
        assert kinds[0] == kinds[1]
        ends += int(found.ended[:-1].sum())
    assert (ends > 100) == (length > 1)  # episodes end inside


def test_each_observation_is_stored_once():
    (transition,) = episodes(0, ENVIRONMENTS, 1, 5)
    state = Rollout(7).init(transition)
    assert state.observation["number"].shape == (8, ENVIRONMENTS, 1)
    assert (state.step.observation, state.step.next_observation) == (None, None)


def test_shapes_are_enough():
    (transition,) = episodes(0, ENVIRONMENTS, 1, 5)
    shapes = jax.eval_shape(lambda: jax.tree.map(np.asarray, transition))
    for one, other in zip(
        *(jax.tree.leaves(Rollout(4).init(each)) for each in (shapes, transition)), strict=True
    ):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)


@pytest.mark.parametrize("length", [0, 2.0])
def test_refusals(length):
    refuses(lambda: Rollout(length), "length", "an integer >= 1", f"got {length}")
