"""A goal space that is learned: its running scale, its units, and one update of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import KEY
from agents.norl_walks import linearly_moved, places, trajectories_of
from hierax.agents.goal_conditioned.representations import (
    Predictive,
    RandomMap,
    Slow,
    SpaceTraining,
    Whole,
)

C, B, N = 3, 50, 2
FIXED = SpaceTraining(Whole(), 1e-3)
update = jax.jit(lambda training, *given: training.update(*given, KEY), static_argnums=0)
place = jax.jit(lambda training, *given: training.places(*given), static_argnums=0)


def batch(seed, centre=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    features = centre + scale * rng.normal(size=(C + 1, B, N)).cumsum(axis=0)
    return trajectories_of(features, np.full(B, C))


def rows(trajectories):
    """Where decisions begin."""
    return np.asarray(trajectories.features[0], float)


def test_at_first_the_statistics_are_those_of_all_batches():
    """Batch n has the weight 1 / (1 + n), whatever its mean and its spread."""
    space, given = FIXED.build(KEY, N), []
    np.testing.assert_array_equal((space.mean, space.variance), ([0, 0], [1, 1]))
    for n in range(6):
        given.append(batch(n, centre=[3 * n, -1], scale=[1, 0.1 * n]))
        space, metrics = update(FIXED, space, given[-1])
        every = np.concatenate([rows(each) for each in given])
        np.testing.assert_allclose(space.mean, every.mean(axis=0), rtol=1e-4)
        np.testing.assert_allclose(space.variance, every.var(axis=0), rtol=1e-4, atol=1e-9)
        spread = np.maximum(every.std(axis=0), 1e-4)
        assert metrics["spread"] == pytest.approx(spread.mean(), rel=1e-4)
    assert space.updates == 6


@pytest.mark.parametrize(("updates", "rate"), [(498, 1 / 499), (499, 0.002), (10**6, 0.002)])
def test_later_a_batch_has_a_constant_weight_in_a_mixture(updates, rate):
    mean, variance = np.array([5.0, -2.0]), np.array([4.0, 0.01])
    space = FIXED.build(KEY, N)._replace(
        mean=jnp.float32(mean), variance=jnp.float32(variance), updates=jnp.int32(updates)
    )
    trajectories = batch(1, centre=[-20.0, 3.0])
    after, _ = update(FIXED, space, trajectories)
    found = rows(trajectories)
    first = (1 - rate) * mean + rate * found.mean(axis=0)
    second = (1 - rate) * (variance + mean**2) + rate * (found**2).mean(axis=0)
    np.testing.assert_allclose(after.mean, first, rtol=1e-5)
    np.testing.assert_allclose(after.variance, second - first**2, rtol=1e-3)
    assert after.updates == updates + 1


def test_a_map_that_does_not_vary_is_divided_by_a_least_spread():
    still = trajectories_of(np.full((C + 1, B, N), 0.5), np.full(B, C))
    space, metrics = update(FIXED, FIXED.build(KEY, N), still)
    np.testing.assert_allclose(space.spread, 1e-4)
    np.testing.assert_allclose(place(FIXED, space, still.features), 0, atol=1e-2)  # of 1e-4
    away = place(FIXED, space, still.features + jnp.array([1e-4, -2e-3]))
    np.testing.assert_allclose(away[0, 0], [1, -20], rtol=1e-2)
    assert all(np.isfinite(each) for each in metrics.values())


def test_units_are_standard_deviations_of_the_map():
    training = SpaceTraining(RandomMap(3), 1e-3)
    space, trajectories = training.build(KEY, N), batch(2, centre=7.0)
    space, _ = update(training, space, trajectories)
    found = np.asarray(place(training, space, trajectories.features[0]))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-4)
    of_f = np.asarray(rows(trajectories) @ np.asarray(space.parameters))
    expected = (of_f - np.asarray(space.mean)) / np.sqrt(space.variance)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_places_do_not_change_with_the_scale_of_the_map():
    """Where the statistics follow an affine change of f, m stays as it is."""
    training = SpaceTraining(Predictive(2, (6,), None, C, 0.9, "published"), 1e-3)
    space, trajectories = training.build(KEY, N), batch(3)
    space, _ = update(training, space, trajectories)
    factor, shift = np.array([30.0, 0.2]), np.array([-5.0, 2.0])
    moved = space._replace(
        parameters=space.parameters._replace(
            place=linearly_moved(space.parameters.place, np.diag(factor), shift)
        ),
        mean=space.mean * factor + shift,
        variance=space.variance * factor**2,
    )
    before, after = (place(training, each, trajectories.features) for each in (space, moved))
    np.testing.assert_allclose(before, places(space, trajectories.features), atol=1e-4)
    np.testing.assert_allclose(after, before, atol=1e-3)
    assert np.abs(before).max() > 1


def test_an_update_is_a_step_of_adam_and_its_statistics_are_of_the_map_after_it():
    rate = 1e-2
    training = SpaceTraining(Slow(2, (6,)), rate)
    space, trajectories = training.build(KEY, N), batch(4)
    after, metrics = update(training, space, trajectories)
    slope = jax.jit(
        jax.grad(lambda maps: training.representation.loss(maps, trajectories, KEY)[0])
    )(space.parameters)
    norm = 0
    trees = space.parameters, after.parameters, after.slow, slope
    for old, new, slow, each in zip(*map(jax.tree.leaves, trees), strict=True):
        step = rate * np.asarray(each) / (np.abs(each) + 1e-8)  # the first one of Adam
        np.testing.assert_allclose(old - new, step, atol=1e-5)
        np.testing.assert_allclose(slow - old, 0.001 * (new - old), atol=1e-6)
        norm += (np.asarray(each) ** 2).sum()
    assert metrics["gradient"] == pytest.approx(np.sqrt(norm), rel=1e-4)
    found = np.asarray(training.representation.embed(after.parameters, trajectories.features[0]))
    np.testing.assert_allclose(after.mean, found.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(after.variance, found.var(axis=0), rtol=1e-3)


def test_drift_is_how_far_places_are_from_those_of_an_averaged_map():
    training = SpaceTraining(Slow(2, (6,)), 1e-2)
    space, trajectories = training.build(KEY, N), batch(5)
    for _ in range(3):
        space, metrics = update(training, space, trajectories)
    now, averaged = (
        np.asarray(training.representation.embed(each, trajectories.features[0]))
        for each in (space.parameters, space.slow)
    )
    moved = (now - averaged) / np.asarray(space.spread)
    assert metrics["drift"] == pytest.approx(np.sqrt((moved**2).mean()), rel=1e-3)
    assert metrics["drift"] > 1e-2
