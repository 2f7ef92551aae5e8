"""Bandits with known optima, compared with the derivation and with quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from hierax.experiments import bandits
from hierax.experiments.bandits import (
    CubeBandit,
    GaussianBandit,
    Size,
    divergence,
    draw,
    evaluate,
    inverse_error,
    train_stack,
)

GAUSSIAN, CUBE = GaussianBandit(), CubeBandit()
TINY = Size(couplings=2, units=8, steps=3, batch=8)


def test_the_optimum_of_the_gaussian_bandit():
    mean, variance = GAUSSIAN.optimum(1)
    np.testing.assert_allclose(mean, [0.75, -0.428571], atol=1e-6)
    np.testing.assert_allclose(variance, [0.25, 0.571429], atol=1e-6)
    assert GAUSSIAN.log_partition(1) == pytest.approx(-1.562241, abs=1e-6)


@pytest.mark.parametrize("levels", [1, 3])
def test_the_gaussian_bandit_by_quadrature(x64, levels):
    grid = np.linspace(-9.0, 9.0, 1201)
    actions = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1)
    prior = scipy.stats.norm.logpdf(actions).sum(axis=-1)
    reward = np.asarray(GAUSSIAN.reward(jnp.asarray(actions)))
    weight = np.exp(prior + levels * GAUSSIAN.scale * reward)
    cell = (grid[1] - grid[0]) ** 2
    assert np.log(weight.sum() * cell) == pytest.approx(GAUSSIAN.log_partition(levels), abs=1e-8)
    mean = (weight * reward).sum() / weight.sum()
    assert mean == pytest.approx(GAUSSIAN.mean_reward(levels), abs=1e-8)


def test_the_optimum_of_the_cube_bandit(monkeypatch):
    monkeypatch.setattr(bandits, "GRID", 200)
    sharp = CubeBandit(width=0.0)
    expected = [-0.112341, -0.056264, -0.034925, -0.025367]
    assert [sharp.mean_reward(k) for k in (1, 2, 3, 4)] == pytest.approx(expected, abs=1e-6)
    stages = np.diff([0.0, *(sharp.log_partition(k) for k in (1, 2, 3, 4))])
    np.testing.assert_allclose(stages, [-1.700912, -0.797778, -0.440091, -0.296055], atol=1e-6)


def test_rewards_of_the_grid_are_those_of_actions(x64):
    middles = -1.0 + (np.arange(bandits.GRID) + 0.5) * 2.0 / bandits.GRID
    actions = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    np.testing.assert_allclose(CUBE.reward(jnp.asarray(actions)), CUBE._grid, atol=1e-12)


@pytest.mark.parametrize("bandit", [GAUSSIAN, CUBE])
def test_an_untrained_stack_is_the_prior_or_the_squashed_noise(bandit):
    flows = train_stack(bandit, [(TINY._replace(rate=0.0), 1.0)] * 2, jax.random.key(0))
    action, log_prob = draw(bandit, flows, jax.random.key(1), 500)
    noise = np.asarray(jax.random.normal(jax.random.key(1), (500, 2)), float)
    expected = np.tanh(noise) if bandit.squashed else noise
    np.testing.assert_allclose(action, expected, rtol=1e-5)
    density = scipy.stats.norm.logpdf(noise).sum(axis=1)
    if bandit.squashed:
        density -= np.log1p(-(np.tanh(noise) ** 2)).sum(axis=1)
    np.testing.assert_allclose(log_prob, density, rtol=1e-3, atol=1e-3)


def test_the_divergence_of_a_policy_that_ignores_the_reward():
    # KL(N(0, I) || N(m, S)) in closed form.
    flows = train_stack(GAUSSIAN, [(TINY._replace(rate=0.0), 1.0)], jax.random.key(0))
    found = divergence(GAUSSIAN, 1, *evaluate(GAUSSIAN, flows, jax.random.key(2), 200_000))
    mean, variance = GAUSSIAN.optimum(1)
    exact = 0.5 * ((1.0 + mean**2) / variance - 1.0 + np.log(variance)).sum()
    assert found == pytest.approx(exact, rel=0.02)


def test_frozen_levels_stay_as_they_are():
    first = train_stack(CUBE, [(TINY, 1.0)], jax.random.key(4))
    both = train_stack(CUBE, [(TINY, 1.0), (TINY, 1.0)], jax.random.key(4))
    jax.tree.map(np.testing.assert_array_equal, both[0], first[0])
    assert inverse_error(both[1], jax.random.key(5)) < 1e-4
