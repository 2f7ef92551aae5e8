"""The objective of NORL: its distance, the weights of its offsets, its value and its gradient."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from agents.goal_walks import KEY, A
from agents.norl_walks import apart, linearly_moved, trajectories_of
from hierax.agents.goal_conditioned.representations import Predictive
from hierax.agents.goal_conditioned.representations.predictive import (
    drawn_offsets,
    huber_distance,
    log_partition,
    log_ratio,
    offset_probabilities,
    offset_weights,
)

C, B, FEATURES = 4, 40, 3
LAST = 1 - 1e-7
"""A discount with which k = c, or the length of a shorter decision, is drawn all but surely."""
PHI = Predictive(2, (6,), None, C, LAST, "published")
WITH_ACTIONS = Predictive(2, (6,), A, C, LAST, "published")
distance, ratio, partition = map(jax.jit, (huber_distance, log_ratio, log_partition))
predicted = jax.jit(lambda phi, maps, made: phi.predicted(maps, made.course), static_argnums=0)
loss = jax.jit(lambda phi, *given: phi.loss(*given, KEY)[0], static_argnums=0)
gradient = jax.jit(
    lambda phi, *given: jax.grad(lambda *each: phi.loss(*each, KEY)[0], (0, 1), allow_int=True)(
        *given
    ),
    static_argnums=0,
)


def information(start, following, pool):
    """The mean of log K / ρ in NumPy: close, and the logarithm of the mean over the pool."""
    far = np.exp(-apart(pool - start[:, None]))
    return np.mean(-apart(following - start) - np.log(far.mean(axis=1)))


@functools.cache
def networks(phi):
    """Untrained networks, whose outputs are on both sides of κ."""
    maps = phi.build(jax.random.key(1), FEATURES)
    larger = [each and linearly_moved(each, 5 * np.eye(2), 0.1) for each in maps]
    return maps._replace(place=larger[0], shift=larger[1])


@functools.cache
def walked(seed=0):
    """Decisions of all lengths."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(C + 1, B, FEATURES)) * np.array([4, *[0.5] * C])[:, None, None]
    features = steps.cumsum(axis=0)
    length = 1 + np.arange(B) % C
    return trajectories_of(features, length, rng.uniform(-1, 1, (C, B, A)))


@pytest.mark.parametrize(("size", "each"), [(0, 0), (0.05, 0.0125), (0.1, 0.05), (1.0, 0.95)])
def test_the_distance_has_the_published_values(size, each):
    for row in ([size, 0, 0], [0, -size, 0]):
        assert distance(jnp.array(row, jnp.float32)) == pytest.approx(2 * each, abs=1e-7)
    assert distance(jnp.full(3, size, jnp.float32)) == pytest.approx(6 * each, abs=1e-6)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("interval", [1, 2, 10])
def test_the_weights_of_offsets_sum_to_those_of_all_later_steps(interval, discount):
    weights = np.asarray(offset_weights(interval, discount), float)
    np.testing.assert_array_equal(weights[:-1], 1)
    powers = np.power(discount, np.arange(interval))
    assert powers @ weights == pytest.approx(1 / (1 - discount), rel=1e-6)
    probabilities = np.asarray(offset_probabilities(interval, discount), float)
    assert probabilities.sum() == pytest.approx(1, rel=1e-6)
    assert probabilities[-1] == pytest.approx(discount ** (interval - 1), rel=1e-5)
    np.testing.assert_allclose(probabilities[:-1], (1 - discount) * powers[:-1], rtol=1e-5)


@pytest.mark.parametrize("offsets", ["published", "uniform"])
def test_offsets_are_drawn_so_and_never_pass_the_end_of_a_decision(offsets):
    count, phi = 20_000, Predictive(2, (6,), None, C, 0.6, offsets)
    expected = {"published": [0.4, 0.24, 0.144, 0.216], "uniform": [0.25] * 4}[offsets]
    np.testing.assert_allclose(phi.probabilities, expected, rtol=1e-6)
    length = jnp.arange(count) % C + 1
    drawn = np.asarray(drawn_offsets(KEY, length, phi.probabilities))
    for steps in range(1, C + 1):
        found = np.bincount(drawn[length == steps], minlength=C + 1)
        assert not found[0]
        assert not found[steps + 1 :].any()
        share = np.append(expected[: steps - 1], sum(expected[steps - 1 :]))
        if steps > 1:
            assert scipy.stats.chisquare(found[1 : steps + 1], share * count / C).pvalue > 1e-3


def test_the_observation_k_steps_later_is_taken():
    """Ramps s_i = i, in decisions that end after 1 to c steps."""
    ramp = np.tile(np.arange(C + 1.0)[:, None, None], (1, C, 1))
    trajectories = trajectories_of(ramp, np.arange(C) + 1)
    np.testing.assert_array_equal(trajectories.length, [1, 2, 3, 4])
    for k in range(C + 1):
        found = trajectories.after(jnp.full(C, k))[:, 0]
        np.testing.assert_array_equal(found, np.minimum(k, trajectories.length))


def test_the_loss_is_minus_the_bound_of_the_pairs_that_are_apart_so_far():
    """With γ near 1 the last observation of each decision follows its first one."""
    maps, trajectories = networks(PHI), walked()
    place = in_numpy.network(maps.place, np.asarray(trajectories.features, float))
    following = place[np.asarray(trajectories.length), np.arange(B)]
    expected = -information(place[0], following, following)
    assert loss(PHI, maps, trajectories) == pytest.approx(expected, rel=1e-4)
    assert abs(expected) > 0.1
    # Any other offset would be another value.
    early = place[np.asarray(trajectories.length) - 1, np.arange(B)]
    assert abs(information(place[0], early, early) + expected) > 0.01


def test_a_constant_map_tells_nothing():
    maps = jax.tree.map(jnp.zeros_like, networks(WITH_ACTIONS))
    constant = jnp.full((B, 2), 0.7)
    np.testing.assert_allclose(partition(constant, constant), 0, atol=1e-6)
    np.testing.assert_allclose(ratio(constant, constant, constant), 0, atol=1e-6)
    assert loss(WITH_ACTIONS, maps, walked()) == pytest.approx(0, abs=1e-6)


def test_a_map_that_tells_states_apart_is_better_than_a_constant_one():
    """With the other sign of log Z (an error of a blog note) the constant map would be the best."""
    rng = np.random.default_rng(2)
    start = 3 * rng.normal(size=(B, 2))
    following = start + 0.05 * rng.normal(size=(B, 2))
    close = apart(following - start)
    log_z = np.asarray(partition(jnp.asarray(start), jnp.asarray(following)))
    found = np.asarray(ratio(*map(jnp.asarray, (start, following, following))))
    np.testing.assert_allclose(found, -close - log_z, rtol=1e-4)
    assert -found.mean() < -2  # ours; 0 is that of a constant map
    assert (close - log_z).min() > 0  # the other sign is never below 0, whatever the map


@pytest.mark.parametrize("scale", [0.1, 3.0, 1e3])
def test_the_ratio_is_bounded_by_the_size_of_a_pool_that_holds_what_followed(scale):
    rng = np.random.default_rng(3)
    start, following, other = (
        jnp.asarray(scale * rng.normal(size=(B, 2)), jnp.float32) for _ in range(3)
    )
    assert ratio(start, following, following).max() <= np.log(B) + 1e-5
    assert ratio(following, following, following).max() <= np.log(B) + 1e-5
    if scale == 1e3:
        np.testing.assert_allclose(ratio(following, following, following), np.log(B), rtol=1e-5)
        assert ratio(following, following, other).max() > 3 * np.log(B)  # no positive in the pool


def released(phi, maps, trajectories):
    """The released estimator with all of the pool as negatives: no gradient through log Z."""
    place = phi.embed(maps, trajectories.features)
    start = phi.predicted(maps, trajectories.course)
    following = place[trajectories.length, jnp.arange(B)]
    near = huber_distance(following - start)
    all_pairs = jnp.exp(-huber_distance(following[None] - start[:, None]))
    partition = jax.lax.stop_gradient(all_pairs.mean(axis=1))
    return jnp.mean(near + (all_pairs / partition[:, None]).mean(axis=1))


@pytest.mark.parametrize("phi", [PHI, WITH_ACTIONS], ids=["place", "actions"])
def test_the_gradient_is_that_of_the_released_estimator_on_the_whole_pool(phi):
    maps, trajectories = networks(phi), walked()
    found, _ = gradient(phi, maps, trajectories)
    expected = jax.jit(jax.grad(lambda maps: released(phi, maps, trajectories)))(maps)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    assert all(np.abs(layer.weight).max() > 1e-2 for layer in expected.place.layers)


def test_the_gradient_flows_through_the_first_state_and_the_one_that_follows():
    """Finite differences of the NumPy formula, along one direction in each observation."""
    maps, trajectories = networks(PHI), walked()
    features, last = np.asarray(trajectories.features, float), np.asarray(trajectories.length)
    along = np.random.default_rng(4).normal(size=features.shape)
    found = np.asarray(gradient(PHI, maps, trajectories)[1].features)

    step, each = 1e-5, np.arange(B)
    of_start, of_following = along[0], along[last, each]

    def value(a, b):
        start, following = (
            in_numpy.network(maps.place, moved)
            for moved in (features[0] + a * of_start, features[last, each] + b * of_following)
        )
        return -information(start, following, following)

    slopes = [(value(a, b) - value(-a, -b)) / (2 * step) for a, b in ((step, 0), (0, step))]
    assert (found[0] * of_start).sum() == pytest.approx(slopes[0], rel=1e-3)
    assert (found[last, each] * of_following).sum() == pytest.approx(slopes[1], rel=1e-3)
    assert min(map(abs, slopes)) > 1e-3


def test_what_follows_is_predicted_as_a_shift_from_the_first_state():
    trajectories = walked()
    maps = networks(WITH_ACTIONS)
    place = in_numpy.network(maps.place, np.asarray(trajectories.features[0]))
    still = maps._replace(shift=jax.tree.map(jnp.zeros_like, maps.shift))
    np.testing.assert_allclose(predicted(WITH_ACTIONS, still, trajectories), place, atol=1e-5)
    np.testing.assert_allclose(predicted(PHI, networks(PHI), trajectories), place, atol=1e-5)
    made = np.where(trajectories.is_step[..., None], trajectories.action, 0)
    rows = [np.concatenate([trajectories.features[0, b], *made[:, b]]) for b in range(B)]
    expected = place + in_numpy.network(maps.shift, np.array(rows))
    np.testing.assert_allclose(predicted(WITH_ACTIONS, maps, trajectories), expected, atol=1e-4)


def test_actions_after_the_last_step_of_a_decision_do_not_matter():
    trajectories, maps = walked(), networks(WITH_ACTIONS)
    before = np.asarray(predicted(WITH_ACTIONS, maps, trajectories))
    padded = jnp.where(trajectories.is_step[..., None], trajectories.action, jnp.nan)
    np.testing.assert_array_equal(
        predicted(WITH_ACTIONS, maps, trajectories._replace(action=padded)), before
    )
    for k in range(C):
        changed = trajectories._replace(action=trajectories.action.at[k].add(1.0))
        moved = (np.asarray(predicted(WITH_ACTIONS, maps, changed)) != before).any(axis=1)
        np.testing.assert_array_equal(moved, trajectories.is_step[k])


def test_the_map_starts_near_a_constant():
    maps = WITH_ACTIONS.build(jax.random.key(0), FEATURES)
    found = np.asarray(predicted(WITH_ACTIONS, maps, walked()))
    assert 0 < np.abs(found).max() < 0.5
    assert WITH_ACTIONS.size(FEATURES) == 2
    assert PHI.build(jax.random.key(0), FEATURES).shift is None
