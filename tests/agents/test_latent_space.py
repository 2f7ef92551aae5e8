"""Stacks of levels: what each of them sees, decides, holds, learns from and leaves alone."""

import dataclasses
import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from agents.stacks import (
    BODY,
    KEY,
    NEW,
    PLAIN,
    RANDOM,
    RESETS,
    RICH,
    SMALL,
    TASK,
    D,
    N,
    act,
    begun_anew,
    executed,
    flows,
    forward,
    in_64_bits,
    known,
    learn,
    next_batch,
    observe,
    played,
    seen,
    stacked,
    update,
    with_replay,
)
from hierax.agents import LatentSpacePolicy, Level, TransitionBatch
from hierax.agents.encoder import flatten_views
from hierax.spec import Continuous, Discrete, View, WorldSpec
from hierax.training.serialisation import tree_digest
from refusals import refuses

MANY = 4000
one_and_two = pytest.mark.parametrize("levels", [(RANDOM,), (RANDOM, RANDOM)], ids=["one", "two"])
modes = pytest.mark.parametrize("explore", [True, False])


def statistics_of(state):
    return state.encoders["observation"].statistics


def every(interval, level=RANDOM):
    return dataclasses.replace(level, control_interval=interval)


def batch(agent, size=16, discount=0.9, seed=0):
    shape = agent.observation_size, agent.action_size
    return TransitionBatch(*map(jnp.asarray, in_numpy.batch(seed, size, *shape, discount)))


# A new level


@modes
@pytest.mark.parametrize("normalise", [False, True])
def test_a_new_level_does_to_the_bit_what_those_below_did(explore, normalise):
    # With noise that is not 0 in both modes.
    agent, state = known(RANDOM, normalise_observations=normalise, deterministic="fixed")
    _, state = played(agent, state, 4)
    shown = seen(1)
    _, expected, _ = act(agent, explore, state, agent.initial_carry(N), shown, KEY)
    for spec in (RICH, PLAIN):
        agent, state = agent.add_level(state, NEW, RICH) if spec is RICH else (agent, state)
        for steps in (0, agent.learning_starts):  # before it learns, and after
            at = state._replace(steps=jnp.int32(steps))
            _, action, _ = act(agent, explore, at, agent.initial_carry(N), shown, KEY)
            np.testing.assert_array_equal(action, expected)
        agent, state = agent.add_level(state, NEW)


def test_a_new_level_is_not_a_nat_from_those_below():
    agent, state = known(RANDOM, NEW)
    _, metrics = update(agent, state.learner, batch(agent), KEY)
    for name in ("kl", "log_det_least", "log_det_most"):
        assert metrics[f"level_1/{name}"] == 0
    _, metrics = update(agent, known(RANDOM, RANDOM)[1].learner, batch(agent), KEY)
    assert metrics["level_1/kl"] > 0.01  # it could have been otherwise


@pytest.mark.parametrize("size", [1, 3])
def test_actions_of_any_size(size):
    spec = dataclasses.replace(PLAIN, action=Continuous(size))
    lower = LatentSpacePolicy(spec, levels=(RANDOM,), **SMALL)
    state = lower.acting_state(KEY)._replace(steps=jnp.int32(10))
    upper, above = lower.add_level(state, NEW, dataclasses.replace(RICH, action=spec.action))
    shown = seen(0)
    _, expected, _ = act(lower, True, state, lower.initial_carry(N), shown, KEY)
    _, action, extras = act(upper, True, above, upper.initial_carry(N), shown, KEY)
    assert action.shape == extras["output"].shape == (N, size)
    np.testing.assert_array_equal(action, expected)


def test_a_new_level_has_learned_nothing_and_what_is_below_stays():
    lower, state = known(RANDOM, normalise_observations=True)
    _, state = played(lower, state, 6)
    for _ in range(3):
        state, _ = learn(lower, state)
    before = tree_digest(state)
    level = dataclasses.replace(NEW, initial_temperature=0.25)
    _, above = lower.add_level(state, level, RICH)
    assert tree_digest(state) == before
    (frozen,) = above.learner.below
    assert tree_digest(frozen.flow) == tree_digest(state.learner.top.actor)
    assert tree_digest(frozen.encoder) == tree_digest(state.encoders["observation"])
    assert (int(above.steps), int(above.updates), above.replay) == (0, 0, None)
    assert int(statistics_of(above).count) == 0
    assert int(statistics_of(state).count) == 6 * N
    top = above.learner.top
    assert float(jnp.exp(top.log_temperature)) == pytest.approx(0.25)
    for moments in jax.tree.leaves(top.optimisers):
        assert not moments.any()
    assert tree_digest(top.targets) == tree_digest(top.critics)
    # In the same world networks have the same shapes, and yet none of them is an old one.
    _, same = lower.add_level(state, level)
    for one, other in zip(
        jax.tree.leaves(same.learner.top.critics),
        jax.tree.leaves(state.learner.top.critics),
        strict=True,
    ):
        assert one.shape == other.shape
        assert (one != other).any() or not one.any()  # biases begin at 0
    keys = [jax.random.key_data(each.key).tolist() for each in (above, state)]
    assert keys[0] != keys[1]
    # Nor are those of two seeds the same.
    _, other = lower.add_level(state._replace(key=jax.random.key(1)), level, RICH)
    assert tree_digest(other.learner.top.critics) != tree_digest(top.critics)


@pytest.mark.parametrize("interval", [1, 3])
def test_only_the_top_learns(interval):
    agent, state = known(RANDOM, RANDOM, every(interval, NEW), normalise_observations=True)
    _, state = played(agent, state, 12, RESETS)
    learned, metrics = learn(agent, state)
    for _ in range(19):
        learned, _ = learn(agent, learned)
    assert tree_digest(learned.learner.below) == tree_digest(state.learner.below)
    for part in ("actor", "critics", "targets"):
        old, new = (getattr(each.learner.top, part) for each in (state, learned))
        assert tree_digest(new) != tree_digest(old)
    assert set(metrics) == {
        f"level_2/{name}"
        for name in (
            "critic_loss", "critic_gradient", "actor_loss", "actor_gradient", "temperature_loss",
            "temperature", "action_value", "kl", "entropy", "log_det_least", "log_det_most",
        )
    }  # fmt: skip


def test_an_update_does_not_know_the_levels_below():
    agent, state = known(RANDOM, NEW)
    blind = state.learner._replace(below=None)
    jax.eval_shape(lambda: agent.update(blind, batch(agent), KEY))
    # And there is no moment of theirs.
    for_actor = state.learner.top.optimisers[0][0].mu
    assert jax.tree.structure(for_actor) == jax.tree.structure(state.learner.top.actor)


def test_a_level_begins_with_the_half_that_moved_last_below_so_that_it_can_undo_it():
    for couplings in (1, 2, 3):
        level = dataclasses.replace(RANDOM, couplings=couplings)
        agent = LatentSpacePolicy(PLAIN, levels=(level,) * 3, **SMALL)
        state = jax.eval_shape(lambda agent=agent: agent.acting_state(KEY))
        moved = [[layer.moved for layer in flow.couplings] for flow in flows(state)]
        assert moved[1] == moved[0][::-1]
        assert moved[2] == moved[1][::-1]


# What it learns


@functools.partial(jax.jit, static_argnums=3)
def drawn_with_slopes(flow, observation, key, at_bottom):
    """Noise, what the critics see of it, and the derivatives of that."""
    noise = jax.random.normal(key, (len(observation), D))

    def one(z, s):
        output = flow.forward(z, s)[0]
        return jnp.tanh(output) if at_bottom else output

    slopes = jax.vmap(jax.jacfwd(one))(noise, observation)
    return noise, jax.vmap(one)(noise, observation), slopes


def by_jacobians(flow, observation, key, at_bottom):
    """What the critics see of samples and their log π - log p, by automatic differentiation."""
    noise, valued, slopes = drawn_with_slopes(flow, observation, key, at_bottom)
    _, log_det = np.linalg.slogdet(slopes)
    log_prob = scipy.stats.norm.logpdf(noise).sum(1) - log_det
    # Uniform in the cube, or the noise that the level below was trained on.
    prior = scipy.stats.uniform(-1, 2) if at_bottom else scipy.stats.norm()
    return np.asarray(valued), log_prob, log_prob - prior.logpdf(valued).sum(1)


def shaken(networks):
    """Networks of the same shapes with other numbers."""
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda leaf: leaf + jnp.asarray(rng.normal(size=leaf.shape)), networks)


def temperature_of(learner):
    """The initial temperature, rounded to 32 bits as a logarithm."""
    found = math.exp(learner.top.log_temperature)
    assert found == pytest.approx(0.3, rel=1e-6)
    return found


@one_and_two
def test_losses_are_those_of_the_equations(x64, levels):
    *below, top = levels
    agent, state = in_64_bits(*below, dataclasses.replace(top, initial_temperature=0.3))
    other = shaken(state.learner.top.critics)
    learner = state.learner._replace(top=state.learner.top._replace(targets=other))
    temperature = temperature_of(learner)
    given, at_bottom = batch(agent), len(levels) == 1
    after, metrics = update(agent, learner, given, KEY)
    told = {name.removeprefix(f"level_{len(below)}/"): float(x) for name, x in metrics.items()}
    target_key, actor_key = jax.random.split(KEY)

    valued, _, ratio = by_jacobians(
        learner.top.actor, given.next_observation, target_key, at_bottom
    )
    value = in_numpy.values(other, given.next_observation, valued).min(axis=0) - temperature * ratio
    target = given.reward + given.discount * value
    found = in_numpy.values(learner.top.critics, given.observation, given.action)
    loss = (0.5 * (found - target) ** 2).mean(axis=1).sum()
    assert told["critic_loss"] == pytest.approx(float(loss), rel=1e-9)

    valued, log_prob, ratio = by_jacobians(
        learner.top.actor, given.observation, actor_key, at_bottom
    )
    value = in_numpy.values(after.top.critics, given.observation, valued).min(axis=0)
    assert told["actor_loss"] == pytest.approx(
        float((temperature * ratio - value).mean()), rel=1e-9
    )
    assert told["kl"] == pytest.approx(ratio.mean(), rel=1e-9)
    assert told["entropy"] == pytest.approx(-log_prob.mean(), rel=1e-9)
    nats = D * (1 + math.log(2)) if at_bottom else D
    expected = math.log(temperature) * (nats - ratio.mean())
    assert told["temperature_loss"] == pytest.approx(expected, rel=1e-9)


@one_and_two
def test_the_gradient_of_a_level_is_that_of_its_loss(x64, levels):
    """Through noise, action and density: nothing is taken for a constant."""
    *below, top = levels
    agent, state = in_64_bits(*below, dataclasses.replace(top, initial_temperature=0.3))
    # Without a future the target does not depend on the actor, so its loss is all that does.
    given = batch(agent, discount=0.0)
    after, _ = update(agent, state.learner, given, KEY)
    actor, sample = state.learner.top.actor, jax.jit(agent.sample_policy)
    rng = np.random.default_rng(0)
    way = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), actor)

    temperature = temperature_of(state.learner)

    def loss(size):
        moved = jax.tree.map(lambda leaf, step: leaf + size * step, actor, way)
        valued, ratio, _ = sample(moved, given.observation, jax.random.split(KEY)[1])
        value = in_numpy.values(after.top.critics, given.observation, np.asarray(valued))
        return (temperature * np.asarray(ratio) - value.min(axis=0)).mean()

    slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
    moments = after.top.optimisers[0][0].mu  # of Adam, a tenth of the gradient
    along = jax.tree.map(lambda moment, step: (10 * np.asarray(moment) * step).sum(), moments, way)
    assert sum(jax.tree.leaves(along)) == pytest.approx(slope, rel=1e-5)
    assert abs(slope) > 1e-2


def test_the_target_of_the_bottom_is_an_entropy_of_minus_d():
    """KL = d log 2 - H, so the KL that is asked for is that of H = -d."""
    agent, state = known(RANDOM)
    _, metrics = update(agent, state.learner, batch(agent), KEY)
    kl, entropy = (float(metrics[f"level_0/{name}"]) for name in ("kl", "entropy"))
    assert kl + entropy == pytest.approx(D * math.log(2), rel=1e-5)


def after_the_same_reward_for_all(level, updates=400):
    """The level's metrics and outputs where nothing that it does matters, begun far off."""
    agent, state = stacked(RANDOM, level, learning_rate=3e-3)
    top = state.learner.top
    learner = state.learner._replace(
        top=top._replace(actor=jax.tree.map(lambda leaf: 2.5 * leaf, top.actor))
    )

    def one(learner, key):
        keys = jax.random.split(key, 4)
        observation, following, action = (
            jax.random.normal(each, (64, size)) for each, size in zip(keys, (5, 5, D), strict=False)
        )
        same = jnp.ones(64)
        given = TransitionBatch(observation, action, same, 0.9 * same, following)
        return agent.update(learner, given, keys[3])

    many = jax.jit(lambda *given: jax.lax.scan(one, *given))
    learner, metrics = many(learner, jax.random.split(KEY, updates))
    noise = jax.random.normal(KEY, (MANY, D))
    shown = flatten_views(seen(3, MANY), RICH.view_names)
    return metrics, np.asarray(learner.top.actor.forward(noise, shown)[0])


def test_where_nothing_matters_a_level_goes_back_to_its_prior():
    # A flat prior, which every step away from 0 would please, lets scales run away instead.
    level = dataclasses.replace(RANDOM, temperature=1.0)
    metrics, outputs = after_the_same_reward_for_all(level)
    kl = np.asarray(metrics["level_1/kl"])
    assert kl[:5].mean() > 0.5
    assert kl[-20:].mean() < 0.05
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=0.15)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, atol=0.15)
    assert np.abs(outputs).mean() == pytest.approx(math.sqrt(2 / math.pi), abs=0.1)


def test_a_temperature_that_is_tuned_to_a_kl_stays_in_bounds():
    metrics, outputs = after_the_same_reward_for_all(RANDOM)
    temperature = np.asarray(metrics["level_1/temperature"])
    assert temperature.min() > 1e-3
    assert temperature.max() < 10
    assert np.abs(outputs).mean() < 3


# What it does


def test_upper_outputs_are_not_squashed():
    agent, state = known(RANDOM, NEW)
    shown = seen(0, MANY)
    _, action, extras = act(agent, True, state, agent.initial_carry(MANY), shown, KEY)
    beyond = (np.abs(extras["output"]) > 1).mean()
    assert beyond == pytest.approx(2 * scipy.stats.norm.sf(1), abs=0.02)
    assert (np.abs(action) <= 1).all()


@modes
@pytest.mark.parametrize("interval", [1, 3])
def test_what_is_stored_replays_what_was_done(interval, explore):
    agent, state = known(every(interval), every(interval))
    rows, after = played(agent, state, 7, explore=explore)
    for t, (row, _) in enumerate(rows):
        stored = after.replay.ring.step.extras["output"][t]
        np.testing.assert_array_equal(stored, row.extras["output"])
        again = executed(agent, after, row.observation, stored)
        if t % interval == 0:
            np.testing.assert_allclose(again, row.action, rtol=1e-6, atol=1e-6)
        else:  # the level below held what it made of an older observation
            assert (np.abs(again - row.action) > 1e-4).any()


def test_at_the_bottom_what_is_stored_is_the_action_before_it_is_squashed():
    agent, state = known(RANDOM)
    for steps in (0, 10):
        at = state._replace(steps=jnp.int32(steps))
        rows, after = played(agent, at, 2)
        stored = after.replay.ring.step.extras["output"][0]
        np.testing.assert_array_equal(jnp.tanh(stored), rows[0].row.action)
        np.testing.assert_array_equal(
            executed(agent, after, rows[0].row.observation, stored), rows[0].row.action
        )


@pytest.mark.parametrize("intervals", [(1, 2, 4), (2, 2, 6)])
def test_each_level_decides_when_its_clock_says_so(intervals):
    agent, state = known(*map(every, intervals))
    rows, _ = played(agent, state, 12, RESETS)
    outputs, age = np.zeros((3, N, D)), np.zeros(N, int)
    for row, held in rows:
        given = held.noise
        for k in (2, 1, 0):
            shown = flatten_views(row.observation, agent.levels[k].views or ())
            decided = forward(flows(state)[k], given, shown)
            decides = age[:, None] % intervals[k] == 0
            outputs[k] = np.where(decides, decided, outputs[k])
            given = outputs[k].astype(np.float32)
        np.testing.assert_allclose(row.extras["output"], outputs[2], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(held.outputs, outputs, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(row.action, np.tanh(outputs[0]), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(held.age, age + 1)
        age = np.where(row.is_step, age + 1, 0)


def test_while_a_level_holds_the_one_below_looks_at_every_step():
    agent, state = known(RANDOM, every(3))
    held, same = agent.initial_carry(N), agent.initial_carry(N)
    found, unmoved = [], []
    for t in range(3):
        key = jax.random.key(t)
        held, *_ = act(agent, True, state, held, seen(t), key)
        same, *_ = act(agent, True, state, same, seen(0), key)
        found.append(held.outputs)
        unmoved.append(same.outputs)
    for before, after in ((0, 1), (1, 2)):
        np.testing.assert_array_equal(found[before][1], found[after][1])
        assert (found[before][0] != found[after][0]).all()
        np.testing.assert_array_equal(unmoved[before][0], unmoved[after][0])


def test_a_lower_level_sees_the_views_that_it_names_and_no_others():
    agent, state = known(RANDOM, NEW)
    shown, output = seen(0), jax.random.normal(KEY, (N, D))
    expected = executed(agent, state, shown, output)
    others = (
        {**shown, "task": shown["task"] + 100},
        {**shown, "position": np.ones((N, 4), np.float32)},
        dict(reversed(shown.items())),
    )
    for other in others:
        np.testing.assert_array_equal(executed(agent, state, other, output), expected)
    moved = executed(agent, state, {**shown, "body": shown["body"] + 1}, output)
    assert (moved != expected).all()


def test_where_views_stand_in_the_world_of_the_upper_level_does_not_matter():
    lower, state = known(RANDOM)
    shown, output = seen(0), jax.random.normal(KEY, (N, D))
    expected = np.tanh(forward(state.learner.top.actor, output, shown["body"]))
    for views in ((TASK, BODY), (BODY, TASK), (BODY,)):
        spec = WorldSpec("Elsewhere-v0", views, Continuous(D), 9)
        upper, above = lower.add_level(state, NEW, spec)
        assert upper.levels[0].views == ("body",)
        assert upper.levels[1].views == spec.view_names
        again = executed(upper, above, shown, output)
        np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-6)


def test_before_it_learns_the_bottom_acts_uniformly():
    agent, state = known(RANDOM)
    at = state._replace(steps=jnp.int32(9))
    shown, begun = seen(0, MANY), agent.initial_carry(MANY)
    _, action, extras = act(agent, True, at, begun, shown, KEY)
    assert (np.abs(action) < 1).all()
    assert np.isfinite(extras["output"]).all()
    quartiles = np.quantile(action, [0.25, 0.5, 0.75])
    assert np.abs(quartiles - [-0.5, 0, 0.5]).max() < 0.04
    _, informed, _ = act(agent, True, state, begun, shown, KEY)
    assert np.abs(informed - action).max() > 0.1


def test_before_it_learns_the_bottom_keeps_its_noise_for_an_episode_where_asked():
    agent, state = known(dataclasses.replace(RANDOM, noise="episode"))
    early = state._replace(steps=jnp.int32(-1000))
    rows, _ = played(agent, early, 10, RESETS)
    for (before, _), (after, _) in itertools.pairwise(rows):
        same = (before.action == after.action).all(axis=1)
        np.testing.assert_array_equal(same, before.is_step)
    _, action, _ = act(agent, True, early, agent.initial_carry(MANY), seen(0, MANY), KEY)
    assert scipy.stats.kstest(np.ravel(action), scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert (np.abs(action) < 1).all()


def test_uniform_actions_are_finite_before_they_are_squashed(monkeypatch):
    agent, state = known(RANDOM)
    at = state._replace(steps=jnp.int32(0))

    def extreme(key, shape, *, minval, maxval):
        return jnp.where(jnp.arange(shape[0])[:, None] % 2, minval, maxval) * jnp.ones(shape)

    monkeypatch.setattr(jax.random, "uniform", extreme)
    _, action, extras = agent.act(at, agent.initial_carry(N), seen(0), KEY, explore=True)
    assert np.isfinite(extras["output"]).all()
    np.testing.assert_allclose(np.abs(action), 1.0, atol=1e-5)


def test_before_it_learns_an_upper_level_puts_out_what_the_one_below_was_trained_on():
    agent, state = known(RANDOM, RANDOM)
    at = state._replace(steps=jnp.int32(9))
    shown, begun = seen(0, MANY), agent.initial_carry(MANY)
    _, _, extras = act(agent, True, at, begun, shown, KEY)
    np.testing.assert_allclose(extras["output"].mean(axis=0), 0.0, atol=4 / math.sqrt(MANY))
    np.testing.assert_allclose(extras["output"].var(axis=0), 1.0, atol=0.1)
    _, _, informed = act(agent, True, state, begun, shown, KEY)
    assert np.abs(informed["output"] - extras["output"]).max() > 0.1


@pytest.mark.parametrize("levels", [(RANDOM,), (RANDOM, RANDOM)], ids=["one", "two"])
def test_without_exploring_there_is_no_warm_up(levels):
    agent, state = known(*levels)
    early = state._replace(steps=jnp.int32(0))
    found = [
        act(agent, False, at, agent.initial_carry(N), seen(0), KEY)[1] for at in (early, state)
    ]
    np.testing.assert_array_equal(*found)


def test_statistics_freeze_with_their_level():
    lower, state = known(RANDOM, normalise_observations=True)
    rows, state = played(lower, state, 6)
    upper, above = lower.add_level(state, NEW, RICH)
    above = with_replay(upper, above)
    shown, output = seen(3), jax.random.normal(KEY, (N, D))
    before = executed(upper, above, shown, output)
    _, later = played(upper, above, 3)
    wide = rows[0].row._replace(
        observation=jax.tree.map(lambda view: 50 * view, shown),
        next_observation=shown,
        extras={"output": output},
    )
    later, _ = learn(upper, observe(upper, later, wide))
    assert int(statistics_of(later).count) == 4 * N
    assert statistics_of(later).variance.max() > 10
    assert tree_digest(later.learner.below) == tree_digest(above.learner.below)
    np.testing.assert_array_equal(executed(upper, later, shown, output), before)
    # They are those of what the lower level had seen, and it sees through them.
    bodies = np.concatenate([row.observation["body"] for row, _ in rows])
    scaled = np.float32((shown["body"] - bodies.mean(axis=0)) / bodies.std(axis=0))
    (frozen,) = above.learner.below
    expected = np.tanh(forward(frozen.flow, output, scaled))
    np.testing.assert_allclose(before, expected, rtol=1e-3, atol=1e-4)


# Noise


def test_the_default_without_exploring_is_no_noise_at_all():
    agent, state = known(RANDOM, RANDOM, RANDOM)
    held, action, extras = act(agent, False, state, agent.initial_carry(N), seen(0), KEY)
    assert not held.noise.any()
    shown = flatten_views(seen(0), RICH.view_names)
    expected = forward(state.learner.top.actor, np.zeros((N, D), np.float32), shown)
    np.testing.assert_allclose(extras["output"], expected, rtol=1e-5, atol=1e-6)
    # So no level below draws any either.
    _, again, _ = act(agent, False, state, agent.initial_carry(N), seen(0), jax.random.key(8))
    np.testing.assert_array_equal(action, again)


@pytest.mark.parametrize(
    ("explore", "options"),
    [(False, {"deterministic": "fixed"}), (True, {"noise": "episode"})],
    ids=["fixed", "episode"],
)
def test_noise_may_be_drawn_once_for_each_episode(explore, options):
    level = dataclasses.replace(RANDOM, noise=options.pop("noise", "step"))
    agent, state = known(RANDOM, level, **options)
    rows, _ = played(agent, state, 10, RESETS, explore=explore)
    drawn = {tuple(z) for z in np.asarray(rows[0].held.noise)}
    assert len(drawn) == N
    for (before, old), (_, new) in itertools.pairwise(rows):
        same = (old.noise == new.noise).all(axis=1)
        np.testing.assert_array_equal(same, before.is_step)
    assert (np.diff([row.extras["output"] for row, _ in rows], axis=0) != 0).all()  # it still looks


def test_noise_of_an_episode_is_for_exploring_alone():
    agent, state = known(RANDOM, dataclasses.replace(RANDOM, noise="episode"))
    held, *_ = act(agent, False, state, agent.initial_carry(N), seen(0), KEY)
    assert not held.noise.any()
    agent, state = known(RANDOM, RANDOM, deterministic="fixed")
    rows, _ = played(agent, state, 2)
    assert (rows[0].held.noise != rows[1].held.noise).all()


@one_and_two
def test_best_of_n_takes_the_candidate_that_the_critics_value_most(levels):
    agent, state = known(*levels, deterministic="best_of_n", candidates=6)
    shown, top = seen(0), state.learner.top
    held, _, extras = act(agent, False, state, agent.initial_carry(N), shown, KEY)
    candidates = np.asarray(jax.random.normal(jax.random.split(KEY)[0], (6, N, D)))
    assert len(np.unique(candidates)) == candidates.size
    flat = np.asarray(flatten_views(shown, agent.top.views or ()))
    chosen = []
    for n in range(N):
        values = []
        for z in candidates[:, n]:
            output = forward(top.actor, z[None], flat[n : n + 1])
            valued = np.tanh(output) if len(levels) == 1 else output
            values.append(in_numpy.values(top.critics, flat[n : n + 1], valued).min())
        assert sorted(values)[-1] > sorted(values)[-2]
        chosen.append(int(np.argmax(values)))
        np.testing.assert_array_equal(held.noise[n], candidates[chosen[n], n])
    assert len(set(chosen)) > 1  # not one of them for all environments
    expected = forward(top.actor, held.noise, flat)
    np.testing.assert_allclose(extras["output"], expected, rtol=1e-5, atol=1e-6)


def test_best_of_n_holds_what_it_chose_as_long_as_the_level_holds():
    agent, state = known(RANDOM, every(3), deterministic="best_of_n", candidates=6)
    rows, _ = played(agent, state, 6, explore=False)
    outputs = [row.extras["output"] for row, _ in rows]
    for t in range(1, 6):
        same = (outputs[t] == outputs[t - 1]).all(axis=1)
        assert same.all() if t % 3 else not same.any()


def test_noise_is_another_for_each_key_environment_and_entry():
    agent, state = known(RANDOM, NEW)
    shown = {name: np.repeat(view, MANY, axis=0) for name, view in seen(0, 1).items()}
    noises = [
        np.asarray(act(agent, True, state, agent.initial_carry(MANY), shown, key)[2]["output"])
        for key in jax.random.split(KEY)
    ]
    drawn = np.concatenate(noises, axis=1)
    assert len(np.unique(drawn)) > 0.99 * drawn.size  # float32 has not so many numbers near 0
    correlation = np.corrcoef(drawn.T) - np.eye(2 * D)
    assert np.abs(correlation).max() < 4 / math.sqrt(MANY)
    neighbours = np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]
    assert abs(neighbours) < 4 / math.sqrt(MANY)


def test_levels_below_are_functions_of_what_comes_from_above():
    agent, state = known(RANDOM, RANDOM, NEW)
    for key in jax.random.split(KEY):
        _, action, extras = act(agent, True, state, agent.initial_carry(N), seen(0), key)
        again = executed(agent, state, seen(0), extras["output"])
        np.testing.assert_allclose(again, action, rtol=1e-6, atol=1e-6)


# What it learns from


def decisions(rows, interval, discount):
    """Each whole decision by its output: seen first, paid, discount, seen last."""
    found = {}
    for n in range(N):
        steps = []
        for row, _ in rows:
            if not row.is_step[n]:
                assert not steps
                continue
            steps.append(row)
            if row.terminated[n] or row.truncated[n] or len(steps) == interval:
                first, last = (
                    np.asarray(flatten_views(each, RICH.view_names))[n]
                    for each in (steps[0].observation, row.next_observation)
                )
                paid = sum(discount**i * float(step.reward[n]) for i, step in enumerate(steps))
                onward = 0.0 if row.terminated[n] else discount ** len(steps)
                found[tuple(np.asarray(steps[0].extras["output"])[n])] = first, paid, onward, last
                steps = []
    return found


@pytest.mark.parametrize("interval", [1, 3])
def test_what_a_level_learns_from_are_its_decisions(interval):
    agent, state = known(RANDOM, every(interval), batch_size=400, discount=0.9)
    rows, after = played(agent, state, 13, RESETS)
    expected = decisions(rows, interval, 0.9)
    lengths = {round(math.log(onward, 0.9)) for _, _, onward, _ in expected.values() if onward}
    assert lengths == set(range(1, interval + 1))  # some were cut off, and are bootstrapped
    assert any(onward == 0 for _, _, onward, _ in expected.values())
    drawn = jax.device_get(next_batch(agent, after))
    assert {tuple(output) for output in drawn.action} == set(expected)
    for first, output, paid, onward, last in zip(*drawn, strict=True):
        for found, wanted in zip((first, paid, onward, last), expected[tuple(output)], strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_at_the_bottom_critics_value_actions():
    agent, state = known(RANDOM)
    rows, after = played(agent, state, 5, RESETS)
    done = {tuple(action) for row, _ in rows for action in np.asarray(row.action)}
    assert {tuple(action) for action in np.asarray(next_batch(agent, after).action)} <= done


def test_what_it_learns_from_is_seen_through_its_own_statistics():
    agent, state = known(RANDOM, NEW, normalise_observations=True, batch_size=400)
    rows, after = played(agent, state, 8)
    flat = np.concatenate([flatten_views(row.observation, RICH.view_names) for row, _ in rows])
    scaled = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    drawn = np.asarray(next_batch(agent, after).observation)
    nearest = np.abs(drawn[:, None] - scaled[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-3


# The agent as a value


@pytest.mark.parametrize(
    "levels", [(RANDOM,), (RANDOM, every(3)), (RANDOM, every(2), every(4))], ids=len
)
def test_types_stay_as_they_are(levels):
    agent, state = known(*levels, normalise_observations=True)
    learned, metrics = jax.eval_shape(agent.learn, state)
    kinds = [
        jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), each)
        for each in (jax.eval_shape(lambda: state), learned)
    ]
    assert kinds[0] == kinds[1]
    assert all(leaf.shape == () for leaf in metrics.values())
    begun = agent.initial_carry(N)
    for explore in (True, False):
        held, action, _ = jax.eval_shape(
            lambda explore=explore: agent.act(state, begun, seen(0), KEY, explore=explore)
        )
        assert jax.tree.map(jnp.shape, held) == jax.tree.map(jnp.shape, begun)
        dtypes = [jax.tree.map(lambda leaf: leaf.dtype, each) for each in (held, begun)]
        assert dtypes[0] == dtypes[1]
        assert action.shape == (N, D)
    assert (begun_anew(agent, begun, np.ones(N, bool)).age == 0).all()


def test_agents_are_values():
    lower, state = known(RANDOM)
    upper, _ = lower.add_level(state, NEW, RICH)
    again, _ = lower.add_level(state._replace(key=jax.random.key(9)), NEW, RICH)
    assert upper == again
    assert hash(upper) == hash(again)
    assert upper != lower
    assert upper.up_to(0, PLAIN) == lower
    assert upper.up_to(1, RICH) == upper
    assert upper.top == dataclasses.replace(NEW, views=("task", "body"))


def test_levels_without_views_see_those_of_the_agent():
    agent = LatentSpacePolicy(RICH, views=("body",), levels=(NEW, Level(views=("task",))))
    assert [level.views for level in agent.levels] == [("body",), ("task",)]
    assert agent.observation_size == 2


# Refusals


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"levels": ()}, ("levels", "at least one level", "got ()")),
        ({"levels": [NEW]}, ("levels", "tuple", "list")),
        ({"levels": ("flow",)}, ("level", "Level", "'flow'")),
        (
            {"levels": (every(2), every(3))},
            ("control_interval of level 1", "multiple", "level below, 2", "got 3"),
        ),
        (
            {"levels": (NEW, every(4), every(2))},
            ("control_interval of level 2", "multiple", "level below, 4", "got 2"),
        ),
        ({"levels": (Level(views=("smell",)), NEW)}, ("view", "'smell'", "'body'")),
        ({"levels": (Level(views=()),)}, ("views", "at least one number", "got ()")),
        ({"deterministic": "mode"}, ("deterministic", "'zero', 'fixed', 'best_of_n'", "'mode'")),
        ({"candidates": 0}, ("candidates", ">= 1", "got 0")),
    ],
)
def test_refusals(options, names):
    refuses(lambda: LatentSpacePolicy(PLAIN, **options), *names)


def test_discrete_actions_are_refused():
    spec = dataclasses.replace(PLAIN, action=Discrete(4))
    names = ("LatentSpacePolicy", "continuous actions", "Plain-v0", "4 discrete")
    refuses(lambda: LatentSpacePolicy(spec), *names)


OTHER = "Other-v0"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (
            WorldSpec(OTHER, (BODY,), Continuous(3), 9),
            ("actions of Other-v0", "Continuous(size=2)", "got Continuous(size=3)"),
        ),
        (
            WorldSpec(OTHER, (BODY,), Discrete(2), 9),
            ("actions of Other-v0", "Continuous(size=2)", "got Discrete(count=2)"),
        ),
        (WorldSpec(OTHER, (TASK,), Continuous(D), 9), ("view", "'body'", "Other-v0", "'task'")),
        (
            WorldSpec(OTHER, (View("body", (4,)),), Continuous(D), 9),
            ("view 'body' of Other-v0", "shape (3,)", "got (4,)"),
        ),
    ],
    ids=["size", "kind", "view", "shape"],
)
def test_a_world_in_which_the_levels_below_could_not_act_is_refused(spec, names):
    lower, state = known(RANDOM)
    refuses(lambda: lower.add_level(state, NEW, spec), *names)


def test_the_lowest_of_three_levels_is_asked_for_its_views_too():
    agent, state = known(RANDOM, dataclasses.replace(NEW, views=("task",)))
    spec = WorldSpec(OTHER, (TASK, View("body", (4,))), Continuous(D), 9)
    refuses(lambda: agent.add_level(state, NEW, spec), "view 'body' of Other-v0", "got (4,)")
    missing = WorldSpec(OTHER, (TASK,), Continuous(D), 9)
    refuses(lambda: agent.add_level(state, NEW, missing), "view", "'body'")


def test_a_new_level_whose_clock_does_not_fit_is_refused():
    agent, state = known(every(2))
    names = ("control_interval of level 1", "multiple", "got 3")
    refuses(lambda: agent.add_level(state, every(3), RICH), *names)
