"""What a level stored, as experience of the one above: the same actions, under other names."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.stacks import (
    NEW,
    RANDOM,
    RESETS,
    N,
    executed,
    forward,
    known,
    learn,
    next_batch,
    played,
    stacked,
)
from hierax.agents.encoder import flatten_views
from hierax.agents.latent_space import transfer, transfer_replay
from hierax.training.serialisation import tree_digest
from refusals import refuses

STEPS = 12
stacks = pytest.mark.parametrize(
    ("levels", "normalise"),
    [((RANDOM,), False), ((RANDOM,), True), ((RANDOM, RANDOM), True)],
    ids=["one", "one-normalised", "two-normalised"],
)


def lived(*levels, **changes):
    """An agent, the rows of its steps, and its state after them."""
    agent, state = known(*levels, **changes)
    return agent, *played(agent, state, STEPS, RESETS)


def transferred(agent, state, *reward, level=NEW):
    """The replay for the agent with one more level."""
    return transfer_replay(agent, state, agent.add_level(state, level)[0], *reward)


def steps_of(memory):
    """The rows of a replay, without observations."""
    return memory.ring.step


def latents(memory):
    return steps_of(memory).extras["output"]


def with_a_level(agent, state, level=NEW):
    """The agent above in the same world, its state with what was transferred."""
    upper, above = agent.add_level(state, level)
    return upper, above._replace(replay=transferred(agent, state, level=level))


@stacks
def test_latents_give_the_old_outputs_and_actions_back(levels, normalise):
    agent, rows, state = lived(*levels, normalise_observations=normalise)
    upper, above = with_a_level(agent, state)
    for t, (row, _) in enumerate(rows):
        latent = latents(above.replay)[t]
        outputs = forward(state.learner.top.actor, latent, agent.preprocess(state, row.observation))
        # float32 through exponentials of up to ±3, there and back
        np.testing.assert_allclose(outputs, row.extras["output"], rtol=1e-4, atol=1e-4)
        again = executed(upper, above, row.observation, latent)
        np.testing.assert_allclose(again, row.action, rtol=1e-4, atol=1e-4)
        assert (np.abs(latent - row.extras["output"]) > 1e-3).any()


def test_nothing_but_latents_changes():
    agent, _, state = lived(RANDOM)
    before = tree_digest(state)
    memory = transferred(agent, state)
    assert tree_digest(state) == before
    old = state.replay
    assert tree_digest(memory.ring._replace(step=None)) == tree_digest(old.ring._replace(step=None))
    for name in ("reward", "terminated", "ended"):
        np.testing.assert_array_equal(getattr(steps_of(memory), name), getattr(steps_of(old), name))
    kinds = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), each) for each in (memory, old)]
    assert kinds[0] == kinds[1]


def paid(observation, action, following):
    """Another number for whatever is another step."""
    return observation["body"][:, 0] + 10 * action.sum(axis=1) + 100 * following["body"][:, 1]


@stacks
def test_rewards_are_those_of_the_task_above(levels, normalise):
    agent, rows, state = lived(*levels, normalise_observations=normalise)
    memory = transferred(agent, state, paid)
    for t, (row, _) in enumerate(rows):
        expected = paid(row.observation, row.action, row.next_observation)
        np.testing.assert_allclose(steps_of(memory).reward[t], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(latents(memory), latents(transferred(agent, state)))


def test_a_ring_that_was_filled_more_than_once_is_transferred_alike():
    agent, state = stacked(RANDOM, buffer_size=4 * N)
    rows, state = played(agent, state, 15, RESETS)
    rings = len(steps_of(state.replay).reward)
    assert len(rows) > 2 * rings
    memory = transferred(agent, state, paid)
    for t in range(len(rows) - rings + 2, len(rows)):
        row = rows[t].row
        expected = paid(row.observation, row.action, row.next_observation)
        np.testing.assert_allclose(
            steps_of(memory).reward[t % rings], expected, rtol=1e-4, atol=1e-4
        )
        shown = agent.preprocess(state, row.observation)
        outputs = forward(state.learner.top.actor, latents(memory)[t % rings], shown)
        np.testing.assert_allclose(outputs, row.extras["output"], rtol=1e-4, atol=1e-4)


def test_a_sparse_reward_is_stored_as_the_number_that_it_is():
    agent, rows, state = lived(RANDOM)

    def reached(observation, action, following):
        return following["body"][:, 0] > 0

    memory = transferred(agent, state, reached)
    kinds = {steps_of(each).reward.dtype for each in (memory, state.replay)}
    assert len(kinds) == 1
    for t, (row, _) in enumerate(rows):
        np.testing.assert_array_equal(
            steps_of(memory).reward[t], row.next_observation["body"][:, 0] > 0
        )


def test_rows_at_once_do_not_matter(monkeypatch):
    agent, _, state = lived(RANDOM)
    whole = transferred(agent, state, paid)
    monkeypatch.setattr(transfer, "ROWS_AT_ONCE", 7)
    parts = transferred(agent, state, paid)
    np.testing.assert_allclose(latents(parts), latents(whole), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(steps_of(parts).reward, steps_of(whole).reward, rtol=1e-5, atol=1e-4)


def test_the_agent_above_learns_from_it():
    agent, rows, state = lived(RANDOM, batch_size=400)
    upper, above = with_a_level(agent, state)
    drawn = jax.device_get(next_batch(upper, above))
    stored = {
        tuple(latent): (observation, reward, 0.0 if over else 0.99, following)
        for t, (row, _) in enumerate(rows)
        for latent, observation, reward, over, following, is_step in zip(
            np.asarray(latents(above.replay)[t]),
            np.asarray(flatten_views(row.observation, ("body",))),
            row.reward,
            row.terminated,
            np.asarray(flatten_views(row.next_observation, ("body",))),
            row.is_step,
            strict=True,
        )
        if is_step
    }
    assert {tuple(latent) for latent in drawn.action} == set(stored)
    for first, latent, reward, discount, last in zip(*drawn, strict=True):
        expected = stored[tuple(latent)]
        for found, wanted in zip((first, reward, discount, last), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)
    learned, metrics = learn(upper, above)
    assert int(learned.updates) == 1
    assert all(jnp.isfinite(value) for value in metrics.values())
    # And it goes on to store its own.
    _, later = played(upper, learned, 2)
    assert int(later.replay.ring.cursor) == STEPS + 2


@pytest.mark.parametrize(("below", "top"), [(3, 3), (1, 3)])
def test_a_level_that_holds_what_it_decides_is_refused(below, top):
    slow, slower = (dataclasses.replace(NEW, control_interval=each) for each in (below, top))
    agent, state = known(RANDOM, slow)
    refuses(lambda: transferred(agent, state, level=slower), "control_interval", "must be 1", "3")


def test_another_agent_is_refused():
    agent, state = known(RANDOM)
    other, _ = known(RANDOM, NEW, NEW)
    refuses(
        lambda: transfer_replay(agent, state, other), "above", "that add_level made of this one"
    )


def test_transfer_may_be_compiled():
    agent, _, state = lived(RANDOM)
    compiled = jax.jit(lambda state: transferred(agent, state, paid))(state)
    plain = transferred(agent, state, paid)
    np.testing.assert_allclose(latents(compiled), latents(plain), rtol=1e-5, atol=1e-6)
