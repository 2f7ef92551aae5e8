"""An update of both levels: which goals are relabelled, what is left as it is, what is reported."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import (
    KEY,
    LEARNING,
    RANGE,
    agent_of,
    by_position,
    low_transitions,
    stored,
    update,
    walked,
)
from hierax.agents.goal_conditioned.metrics import goal_metrics
from hierax.training.serialisation import tree_digest

AGENT = agent_of(**LEARNING)
td3 = jax.jit(AGENT.training.update)


@pytest.fixture(scope="module")
def lived():
    """The state after some steps, and a batch."""
    return stored(AGENT, walked(agent_of(), 90))


def relabelled(batch, number):
    """Goals of a batch, the first ones replaced by the displacement that was achieved."""
    start, goal = batch.segments.place[0], np.array(batch.high.action)
    achieved = np.clip((batch.segments.end - start) / RANGE, -1, 1)
    goal[:number] = achieved[:number]
    return goal


@pytest.mark.parametrize(
    ("share", "number"),
    [(0.5, 32), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((0.0, 0), (1.0, 64)))],
)
def test_a_share_of_the_decisions_is_relabelled_for_the_high_level_alone(lived, share, number):
    state, batch = lived
    agent = agent_of(**{**LEARNING, "correction": share})
    learner, metrics = update(agent, state.learner, batch, KEY)
    goals = relabelled(batch, number)
    expected, _ = td3(state.learner.high, batch.high._replace(action=goals), KEY)
    for one, other in zip(jax.tree.leaves(learner.high), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert metrics["high/relabelled"] == number / 64
    moved = RANGE * (goals - batch.high.action)
    assert metrics["high/relabelled_distance"] == pytest.approx(
        float(np.sqrt((moved**2).sum(axis=1) + 1e-10).mean()), rel=1e-4
    )


def test_the_low_level_makes_its_updates_one_after_the_other(lived):
    state, batch = lived
    learner, metrics = update(AGENT, state.learner, batch, KEY)
    low, losses = state.learner.low, []
    transitions = low_transitions(AGENT, state, batch)
    for k in range(AGENT.low_updates):
        given = jax.tree.map(lambda leaf, k=k: leaf[k], transitions)
        low, found = td3(low, given, KEY)
        losses.append(float(found["critic_loss"]))
    for one, other in zip(jax.tree.leaves(learner.low), jax.tree.leaves(low), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert metrics["low/critic_loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert (int(learner.low.updates), int(learner.high.updates)) == (AGENT.low_updates, 1)
    high, _ = update(
        AGENT, state.learner, batch._replace(low=jax.tree.map(np.zeros_like, batch.low)), KEY
    )
    assert tree_digest(high.high) == tree_digest(learner.high)


def test_stored_goals_are_never_overwritten(lived):
    state, batch = lived
    before, goals = tree_digest(state.replay), np.array(batch.high.action)
    learner, metrics = update(AGENT, state.learner, batch, KEY)
    assert metrics["high/relabelled"] == 0.5
    assert tree_digest(state.replay) == before
    np.testing.assert_array_equal(batch.high.action, goals)
    # What is drawn later has the goals that were set, whatever was learned.
    rows = walked(agent_of(), 90)
    later = stored(
        AGENT, rows, state._replace(learner=learner, replay=stored(AGENT, rows)[0].replay)
    )[1]
    numbers = by_position(rows)
    for place, goal in zip(later.segments.place[0], later.segments.goal, strict=True):
        t, n = numbers[tuple(place)]
        np.testing.assert_array_equal(goal, rows[t].row.extras["goal"][n])


def test_metrics_say_how_goals_were_reached(lived):
    state, batch = lived
    _, metrics = update(AGENT, state.learner, batch, KEY)
    part = batch.segments
    missed = part.place[0] + RANGE * part.goal - part.end
    distance = np.sqrt((missed**2).sum(axis=1) + 1e-10)
    assert metrics["low/goal_distance"] == pytest.approx(float(distance.mean()), rel=1e-4)
    reached = (np.abs(missed / RANGE) < 0.1).all(axis=1)
    assert metrics["low/goal_reached"] == pytest.approx(float(reached.mean()))
    assert metrics["high/random_goals"] == batch.is_random.mean()
    assert metrics["low/frozen"] == 0
    for level in ("high", "low"):
        for name in (
            "critic_loss",
            "critic_gradient",
            "actor_loss",
            "actor_gradient",
            "action_value",
        ):
            assert np.isfinite(metrics[f"{level}/{name}"])


def test_a_goal_that_was_reached_is_reported_as_such(lived):
    state, batch = lived
    part = batch.segments
    near = part.place[0] + RANGE * (part.goal + np.where(np.arange(64) < 16, 0.09, 0.11)[:, None])
    _, metrics = update(AGENT, state.learner, batch._replace(segments=part._replace(end=near)), KEY)
    assert metrics["low/goal_reached"] == 0.25


def test_goals_where_another_decision_ended_are_known_to_be_reachable(lived):
    _, batch = lived
    part = batch.segments
    # In units of the box: the first goal is reached. The second and the third are missed, but other
    # decisions ended there. All the rest are missed, and nobody ended there.
    far = 1_000.0 + 10.0 * np.arange(64)
    goals, ends = far.copy(), -far
    goals[:4], ends[:4] = (0.0, 3.0, 6.0, 50.0), (0.0, 6.05, 9.0, 3.05)

    def metrics():
        goal, end = (jnp.tile(each[:, None], part.goal.shape[-1]) for each in (goals, ends))
        places = jnp.stack([jnp.zeros_like(end), RANGE * end])
        return goal_metrics(AGENT.box, places, goal, goal, jnp.zeros(64, bool))

    first = metrics()
    assert first["low/goal_reached"] == 1 / 64
    assert first["low/known_goals"] == 2 / 64
    assert first["low/known_goal_reached"] == 0.0
    ends[3] = 0.05  # now the first goal is known to be reachable, and the second is not
    second = metrics()
    assert second["low/known_goals"] == 2 / 64
    assert second["low/known_goal_reached"] == 0.5
