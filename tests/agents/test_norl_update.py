"""An update of NORL: first of the goal space, then of both levels in it; what is frozen stays."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import (
    KEY,
    LEARNING,
    RANGE,
    low_transitions,
    new,
    over_low_level,
    stored,
    update,
    walked,
)
from agents.norl_walks import agent_of, places
from hierax.training.serialisation import tree_digest
from refusals import refuses

UPDATES = 3
AGENT = agent_of(**LEARNING, offset_discount=1 - 1e-7, representation_updates=UPDATES)
"""Without noise, and with k = c or the length of a shorter decision: keys do not matter."""
LEVELS = ("high", "low")
OF_F = ("loss", "gradient", "spread", "drift", "information")
"""Metrics of an update of f."""
td3 = jax.jit(AGENT.training.update)
space_update = jax.jit(AGENT.space_training.update)


@functools.cache
def drawn():
    """The state after some steps, before the first update, and a batch."""
    return stored(AGENT, walked(agent_of(), 90))


@functools.cache
def updated(learns=True, frozen=False):
    """The learner after an update, and metrics."""
    state, batch = drawn()
    learner = state.learner._replace(low_frozen=jnp.array(frozen))
    return update(AGENT, learner, batch._replace(levels_learn=np.array(learns)), KEY)


def digests(learner):
    return {name: tree_digest(getattr(learner, name)) for name in (*LEVELS, "space")}


def changed(learner):
    """Names of what an update has changed."""
    before, after = digests(drawn()[0].learner), digests(learner)
    return {name for name in after if after[name] != before[name]}


def equal(found, expected):
    for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_at_first_only_the_goal_space_is_trained():
    learner, metrics = updated(learns=False)
    assert changed(learner) == {"space"}
    assert not any(value for name, value in metrics.items() if name.startswith(LEVELS))
    assert metrics["space/gradient"] > 0


def test_later_everything_is_trained():
    learner, metrics = updated()
    assert changed(learner) == {"high", "low", "space"}
    assert digests(learner)["space"] == digests(updated(learns=False)[0])["space"]
    for level in LEVELS:
        assert metrics[f"{level}/critic_gradient"] > 0
    assert set(metrics) == set(updated(learns=False)[1])
    assert all(np.isfinite(value) for value in metrics.values())


def test_the_goal_space_has_an_update_from_each_of_its_batches():
    state, batch = drawn()
    learner, metrics = updated()
    space, each = state.learner.space, []
    for k in range(UPDATES):
        trajectories = jax.tree.map(lambda leaf, k=k: leaf[k], batch.trajectories)
        space, found = space_update(space, trajectories, KEY)
        each.append(found)
    equal(learner.space, space)
    assert learner.space.updates == UPDATES != AGENT.low_updates
    for name in OF_F:
        mean = np.mean([found[name] for found in each])
        assert metrics[f"space/{name}"] == pytest.approx(mean, rel=1e-4)
    assert metrics["space/information"] == pytest.approx(-float(metrics["space/loss"]), rel=1e-5)


def test_both_levels_are_trained_in_the_new_goal_space():
    state, batch = drawn()
    learner, _ = updated()
    state = state._replace(learner=state.learner._replace(space=learner.space))
    transitions, low = low_transitions(AGENT, state, batch.goals), state.learner.low
    for k in range(AGENT.low_updates):
        low, _ = td3(low, jax.tree.map(lambda leaf, k=k: leaf[k], transitions), KEY)
    equal(learner.low, low)
    # Half of the decisions are relabelled with the displacement that was achieved.
    parts = batch.goals.segments
    begun, end = (places(learner.space, features) for features in (parts.place[0], parts.end))
    goals = np.array(batch.goals.high.action)
    goals[:32] = np.clip((end - begun) / RANGE, -1, 1)[:32]
    high, _ = td3(state.learner.high, batch.goals.high._replace(action=goals), KEY)
    equal(learner.high, high)


def test_the_fit_of_what_is_known_is_reported():
    learner, metrics = updated()
    features, known = drawn()[1].factors
    shares, box = {}, 0.0
    for name, values in known.items():
        design = np.column_stack([places(learner.space, features), np.ones(len(features))])
        slope = np.linalg.lstsq(design, values, rcond=None)[0]
        missed = values - design @ slope
        if name == "goal":
            box = (RANGE @ np.abs(slope[:-1])).mean()
        by_chance = (len(values) - 1) / (len(values) - design.shape[1])
        shares[name] = 1 - by_chance * missed.var(axis=0) / values.var(axis=0)
    assert metrics["space/goal_fit"] == pytest.approx(shares["goal"].min(), abs=1e-3)
    assert metrics["space/nuisance_fit"] == pytest.approx(shares["nuisance"].max(), abs=1e-3)
    assert metrics["space/box"] == pytest.approx(box, rel=1e-2)


def test_with_the_low_level_the_goal_space_is_frozen():
    learner, metrics = updated(frozen=True)
    assert changed(learner) == {"high"}
    assert metrics["low/frozen"] == 1
    assert set(metrics) == set(updated()[1])
    for name in OF_F:
        assert metrics[f"space/{name}"] == 0 != updated()[1][f"space/{name}"]
    assert metrics["space/box"] > 0  # of the map that is kept
    assert changed(updated(learns=False, frozen=True)[0]) == set()


@functools.cache
def trained():
    """A state whose levels, goal space and statistics are no longer new."""
    return drawn()[0]._replace(learner=updated()[0])


def test_a_run_that_ends_before_the_levels_learn_says_so():
    """But not over a trained low level, above which there is no wait."""
    start, new_state = AGENT.levels_start, drawn()[0]
    assert f"levels_start is {start} and the run has {start} steps" in AGENT.note(new_state, start)
    assert AGENT.note(new_state, start + 1) == ""
    assert AGENT.note(over_low_level(AGENT, trained(), seed=5), start) == ""


def test_a_kept_low_level_keeps_the_goal_space_and_its_statistics():
    state = over_low_level(AGENT, trained(), seed=5)
    after, _ = stored(AGENT, walked(agent_of(), 90), state._replace(replay=new(AGENT).replay))
    for name in ("low", "space"):
        kept = tree_digest(trained().encoders[name].statistics)
        for each in (state, after):
            assert tree_digest(each.encoders[name].statistics) == kept
    for each in (state, after):
        assert tree_digest(each.learner.space) == tree_digest(trained().learner.space)
    statistics = [tree_digest(each.encoders["high"].statistics) for each in (state, after)]
    assert statistics[0] != statistics[1]
    assert tree_digest(state.learner.high) != tree_digest(trained().learner.high)
    batch = drawn()[1]._replace(levels_learn=np.array(True))
    learner, _ = update(AGENT, after.learner, batch, KEY)
    kept, before = (
        (each.space, each.low._replace(actor=None)) for each in (learner, trained().learner)
    )
    assert tree_digest(kept) == tree_digest(before)
    assert tree_digest(learner.high) != tree_digest(state.learner.high)


def test_statistics_of_the_goal_space_follow_while_it_is_trained():
    """Those of the views that f sees, beginnings of episodes left out."""
    rows = [row for row, _ in walked(agent_of(), 90)]
    shown = [
        np.concatenate([row.observation[name][n] for name in AGENT.views["space"]])
        for row in rows
        for n in np.flatnonzero(row.is_step)
    ]
    statistics = drawn()[0].encoders["space"].statistics
    np.testing.assert_allclose(statistics.mean, np.mean(shown, axis=0), atol=1e-4)
    np.testing.assert_allclose(statistics.variance, np.var(shown, axis=0), rtol=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"representation_size": 3, "goal_range": (1.0,)},
        {"representation_hidden_sizes": (9,)},
        {"representation_views": ("position",)},
        {"representation_actions": True},
        {"representation": "random"},
    ],
)
def test_another_goal_space_is_refused(changes):
    agent = dataclasses.replace(AGENT, **changes)
    refuses(lambda: over_low_level(agent, trained(), source=AGENT), "'low' must")
