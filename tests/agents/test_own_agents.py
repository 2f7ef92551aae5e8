"""Agents of one's own: what is stored comes from what they do, what is drawn is their own type."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.episodes import episodes
from agents.own_agents import CommandBatch, Commander, TwoModules, WindowBatch
from hierax.spec import Continuous, Discrete, View, WorldSpec
from hierax.training.serialisation import tree_digest

N, STEPS = 3, 12
VIEWS = View("number", (1,)), View("byte", (), 0, 255, "uint8")
SPEC = WorldSpec("Numbers-v0", VIEWS, Continuous(2), 50)
SMALL = {"batch_size": 64, "buffer_size": 120, "learning_starts": 5}
act = jax.jit(lambda agent, *given: agent.act(*given, explore=True), static_argnums=0)
observe = jax.jit(lambda agent, *given: agent.observe(*given), static_argnums=0)
next_batch = jax.jit(lambda agent, state: agent.next_batch(state), static_argnums=0)
learn = jax.jit(lambda agent, state: agent.learn(state), static_argnums=0)


# Shapes from acting


@pytest.fixture(scope="module")
def commanded():
    agent = Commander(dataclasses.replace(SPEC, action=Discrete(5)), **SMALL)
    state, carry, rows = agent.init(jax.random.key(0), N), agent.initial_carry(N), []
    for t, shown in enumerate(episodes(0, N, STEPS, 10**9)):
        carry, action, extras = act(agent, state, carry, shown.observation, jax.random.key(t))
        rows.append(shown._replace(action=action, extras=extras))
        state = observe(agent, state, rows[-1])
    return agent, state, rows


def test_what_is_stored_has_the_shapes_and_dtypes_that_acting_gives(commanded):
    _, state, rows = commanded
    stored, row = state.replay.ring.step, rows[0]
    for kept, given in ((stored.action, row.action), (stored.extras, row.extras)):
        kinds = [
            jax.tree.map(lambda leaf, axes=axes: (leaf.shape[axes:], leaf.dtype), each)
            for each, axes in ((kept, 1), (given, 0))
        ]
        assert kinds[0] == kinds[1]
    dtypes = {leaf.dtype.name for leaf in jax.tree.leaves((row.action, row.extras))}
    assert dtypes == {"int32", "float16", "bool", "uint8"}


def test_it_comes_back_in_the_batch_type_of_the_agent(commanded):
    agent, state, rows = commanded
    batch = jax.device_get(next_batch(agent, state))
    assert type(batch) is CommandBatch
    numbers = batch.observation["number"][:, 0]
    assert len(np.unique(numbers)) > N * STEPS // 2
    for b, number in enumerate(numbers):
        n, t = divmod(int(number) - 1, 100_000)
        row = rows[t]
        extras = row.extras["command"], row.extras["phase"]
        expected = CommandBatch(row.observation, row.action, *extras, row.reward)
        for found, wanted in zip(jax.tree.leaves(batch), jax.tree.leaves(expected), strict=True):
            np.testing.assert_array_equal(found[b], wanted[n])
            assert found.dtype == wanted.dtype
    learned, metrics = learn(agent, state)
    assert (float(learned.learner), int(learned.updates)) == (1, 1)
    assert metrics["loss"] == pytest.approx(batch.reward.mean(), rel=1e-6)


# Two modules with encoders of their own


@pytest.fixture(scope="module")
def lived():
    agent, rows = TwoModules(SPEC, **SMALL), list(episodes(2, N, 30, 8, limit=9))
    state = agent.init(jax.random.key(0), N)
    for row in rows:
        state = observe(agent, state, row)
    return agent, state, rows


def test_each_module_has_an_encoder_of_its_own(lived):
    _, state, rows = lived
    steps = np.concatenate([row.observation["number"][row.is_step] for row in rows])
    assert len(steps) < N * len(rows)  # some began an episode
    statistics = state.encoders["fast"].statistics
    assert int(statistics.count) == len(steps)
    np.testing.assert_allclose(statistics.mean, steps.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.variance, steps.var(axis=0), rtol=1e-3)
    assert state.encoders["slow"].statistics is None


def test_windows_are_those_that_were_stored_as_each_module_sees_them(lived):
    agent, state, rows = lived
    batch = jax.device_get(next_batch(agent, state))
    assert type(batch) is WindowBatch
    assert batch.fast.shape == (5, 64, 1)
    assert batch.slow.shape == (5, 64, 2)
    over, lengths = False, set()
    for b in range(64):
        n, t = divmod(int(batch.slow[0, b, 1]) - 1, 100_000)
        window = [row for row, _ in zip(rows[t : t + 4], range(left(rows, t, n)), strict=False)]
        assert all(row.is_step[n] for row in window)
        padding = 4 - len(window)
        lengths.add(len(window))
        shown = [row.observation for row in window]
        shown += [window[-1].next_observation] * (1 + padding)
        for k, seen in enumerate(shown):
            row = {name: view[n : n + 1] for name, view in seen.items()}
            np.testing.assert_array_equal(batch.slow[k, b], [row["byte"][0], row["number"][0, 0]])
            fast = np.asarray(state.encoders["fast"](row))[0]
            np.testing.assert_allclose(batch.fast[k, b], fast, rtol=1e-5, atol=1e-6)
        paid = [row.reward[n] for row in window] + [0.0] * padding
        np.testing.assert_array_equal(batch.reward[:, b], paid)
        onward = [0.0 if row.terminated[n] else np.float32(0.99) for row in window]
        np.testing.assert_array_equal(batch.discount[:, b], onward + [1.0] * padding)
        over |= onward[-1] == 0.0
    assert over
    assert lengths == {1, 2, 3, 4}


def left(rows, t, n):
    """Steps of environment ``n`` from row ``t`` to the end of its episode, or of the rows."""
    ends = [k for k in range(t, len(rows)) if rows[k].terminated[n] or rows[k].truncated[n]]
    return (ends[0] if ends else len(rows) - 1) - t + 1


def shifted(row):
    """The same step elsewhere, so that running statistics change."""
    before, after = (
        {**seen, "number": 3 * seen["number"] + 7}
        for seen in (row.observation, row.next_observation)
    )
    return row._replace(observation=before, next_observation=after)


def test_a_frozen_module_keeps_its_parameters_and_the_statistics_of_its_encoder(lived):
    agent, state, rows = lived
    frozen = agent.freeze(state)
    shown = rows[0].observation
    before, expected = tree_digest(frozen.learner.frozen), frozen.learner.frozen(shown)
    later = frozen
    for row in rows[:6]:
        later = observe(agent, later, shifted(row))
        later, metrics = learn(agent, later)
    assert tree_digest(later.learner.frozen) == before
    np.testing.assert_array_equal(later.learner.frozen(shown), expected)
    assert tree_digest(later.encoders["fast"]) != tree_digest(frozen.encoders["fast"])
    for name in ("fast", "slow"):
        old, new = (getattr(each.learner, name).value for each in (frozen, later))
        assert tree_digest(new) != tree_digest(old)
        assert jnp.isfinite(metrics[f"{name}_loss"])


def test_types_stay_as_they_are(lived):
    agent, state, rows = lived

    def step(state, row):
        return agent.learn(agent.observe(state, row))

    learned, metrics = jax.eval_shape(step, state, rows[0])
    kinds = [
        jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), each)
        for each in (jax.eval_shape(lambda: state), learned)
    ]
    assert kinds[0] == kinds[1]
    assert all(metric.shape == () for metric in metrics.values())
