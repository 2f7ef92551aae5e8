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
    draw,
    executed,
    forward,
    known,
    learn,
    played,
    stacked,
)
from hierax.agents import relabelling
from hierax.agents.networks import flatten_views
from hierax.training.serialisation import tree_digest
from planning.refusals import refusal

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


def relabelled(agent, state, *reward, level=NEW):
    """The replay for the agent with one more level."""
    return relabelling.relabelled(agent, state, agent.add_level(state, level)[0], *reward)


def with_a_level(agent, state, level=NEW):
    """The agent above in the same world, its state with what was relabelled."""
    upper, above = agent.add_level(state, level)
    return upper, above._replace(replay=relabelled(agent, state, level=level))


@stacks
def test_latents_give_the_old_outputs_and_actions_back(levels, normalise):
    agent, rows, state = lived(*levels, normalise_observations=normalise)
    upper, above = with_a_level(agent, state)
    for t, (row, _) in enumerate(rows):
        latent = above.replay.step.action[t]
        outputs = forward(state.learner.top.actor, latent, agent.see(state, row.observation))
        # float32 through exponentials of up to ±3, there and back
        np.testing.assert_allclose(outputs, row.extras["output"], rtol=1e-4, atol=1e-4)
        again = executed(upper, above, row.observation, latent)
        np.testing.assert_allclose(again, row.action, rtol=1e-4, atol=1e-4)
        assert (np.abs(latent - row.extras["output"]) > 1e-3).any()


def test_nothing_but_latents_changes():
    agent, _, state = lived(RANDOM)
    before = tree_digest(state)
    memory = relabelled(agent, state)
    assert tree_digest(state) == before
    old = state.replay
    assert tree_digest(memory._replace(step=None)) == tree_digest(old._replace(step=None))
    for name in ("reward", "terminated", "ended"):
        np.testing.assert_array_equal(getattr(memory.step, name), getattr(old.step, name))
    kinds = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), each) for each in (memory, old)]
    assert kinds[0] == kinds[1]


def paid(observation, action, following):
    """Another number for whatever is another step."""
    return observation["body"][:, 0] + 10 * action.sum(axis=1) + 100 * following["body"][:, 1]


@stacks
def test_rewards_are_those_of_the_task_above(levels, normalise):
    agent, rows, state = lived(*levels, normalise_observations=normalise)
    memory = relabelled(agent, state, paid)
    for t, (row, _) in enumerate(rows):
        expected = paid(row.observation, row.action, row.next_observation)
        np.testing.assert_allclose(memory.step.reward[t], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(memory.step.action, relabelled(agent, state).step.action)


def test_a_ring_that_was_filled_more_than_once_is_relabelled_alike():
    agent, state = stacked(RANDOM, buffer_size=4 * N)
    rows, state = played(agent, state, 15, RESETS)
    rings = len(state.replay.entered)
    assert len(rows) > 2 * rings
    memory = relabelled(agent, state, paid)
    for t in range(len(rows) - rings + 2, len(rows)):
        row = rows[t].row
        expected = paid(row.observation, row.action, row.next_observation)
        np.testing.assert_allclose(memory.step.reward[t % rings], expected, rtol=1e-4, atol=1e-4)
        shown = agent.see(state, row.observation)
        outputs = forward(state.learner.top.actor, memory.step.action[t % rings], shown)
        np.testing.assert_allclose(outputs, row.extras["output"], rtol=1e-4, atol=1e-4)


def test_a_sparse_reward_is_stored_as_the_number_that_it_is():
    agent, rows, state = lived(RANDOM)

    def reached(observation, action, following):
        return following["body"][:, 0] > 0

    memory = relabelled(agent, state, reached)
    kinds = {each.step.reward.dtype for each in (memory, state.replay)}
    assert len(kinds) == 1
    for t, (row, _) in enumerate(rows):
        np.testing.assert_array_equal(memory.step.reward[t], row.next_observation["body"][:, 0] > 0)


def test_rows_at_once_do_not_matter(monkeypatch):
    agent, _, state = lived(RANDOM)
    whole = relabelled(agent, state, paid)
    monkeypatch.setattr(relabelling, "ROWS_AT_ONCE", 7)
    parts = relabelled(agent, state, paid)
    np.testing.assert_allclose(parts.step.action, whole.step.action, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.step.reward, whole.step.reward, rtol=1e-5, atol=1e-4)


def test_the_agent_above_learns_from_it():
    agent, rows, state = lived(RANDOM, batch_size=400)
    upper, above = with_a_level(agent, state)
    drawn = jax.device_get(draw(upper, above))
    stored = {
        tuple(latent): (observation, reward, 0.0 if over else 0.99, following)
        for t, (row, _) in enumerate(rows)
        for latent, observation, reward, over, following, is_step in zip(
            np.asarray(above.replay.step.action[t]),
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
    assert int(later.replay.cursor) == STEPS + 2


@pytest.mark.parametrize(("below", "top"), [(3, 3), (1, 3)])
def test_a_level_that_holds_what_it_decides_is_refused(below, top):
    slow, slower = (dataclasses.replace(NEW, control_interval=each) for each in (below, top))
    agent, state = known(RANDOM, slow)
    sentence = refusal(lambda: relabelled(agent, state, level=slower))
    assert sentence.startswith("control_interval is 3, but must be 1 in both levels: ")


def test_another_agent_is_refused():
    agent, state = known(RANDOM)
    other, _ = known(RANDOM, NEW, NEW)
    sentence = refusal(lambda: relabelling.relabelled(agent, state, other))
    assert sentence.startswith("above is another agent, but must be what add_level made of this")


def test_relabelling_may_be_compiled():
    agent, _, state = lived(RANDOM)
    compiled = jax.jit(lambda state: relabelled(agent, state, paid))(state)
    plain = relabelled(agent, state, paid)
    np.testing.assert_allclose(compiled.step.action, plain.step.action, rtol=1e-5, atol=1e-6)
