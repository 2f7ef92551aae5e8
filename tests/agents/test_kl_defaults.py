"""Default policies of latents: their moments, and the divergence from them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import kl_numpy
from hierax.agents.distributions import DiagonalGaussian, kl_divergence
from hierax.agents.kl import defaults
from hierax.agents.kl.agent import divergence
from hierax.agents.kl.clock import Latents

KAPPA, PATHS, STEPS = 0.95, 20_000, 100
KEY = jax.random.key(0)
FAR = 7.0
"""A last latent that no default policy is near."""


def ar1(correlation):
    return defaults.build(KEY, "ar1", 2, correlation, (8,))


@functools.partial(jax.jit, static_argnums=0)
def paths(default):
    """Latents ``(STEPS, PATHS)`` of one episode, as they follow each other in a default policy."""

    def one(latent, number):
        begins = jnp.full(PATHS, number == 0)
        latent = default(latent, begins).sample(jax.random.fold_in(KEY, number))
        return latent, latent[:, 0]

    return jax.lax.scan(one, jnp.full((PATHS, 1), FAR), jnp.arange(STEPS))[1]


@functools.cache
def walked(correlation=KAPPA):
    return np.asarray(paths(ar1(correlation)))


def test_latents_of_the_autoregressive_policy_are_standard_normal_at_every_decision():
    """From the first one on, which does not depend on the episode before."""
    for number in (0, 1, 10, STEPS - 1):
        latent = walked()[number]
        assert latent.mean() == pytest.approx(0, abs=0.03)  # four standard errors
        assert latent.var() == pytest.approx(1, abs=0.04)
        assert scipy.stats.kstest(latent, "norm").pvalue > 1e-3


def test_the_root_in_the_place_of_the_variance_is_told_apart():
    """As the paper prints it, the variance grows to 1 / sqrt(1 - κ²), 3.2."""
    root = np.sqrt(1 - KAPPA**2)

    class AsPrinted(defaults.AutoRegressive):
        def __call__(self, previous, begins):
            right = super().__call__(previous, begins)
            scale = jnp.where(begins[..., None], 0.0, 0.5 * np.log(root))
            return DiagonalGaussian(right.mean, scale + 0 * right.log_scale)

    variance = np.asarray(paths(AsPrinted(KAPPA)))[-1].var()
    assert variance == pytest.approx(1 / root, rel=0.05)
    own = ar1(KAPPA)(jnp.ones((1, 1)), jnp.zeros(1, bool))
    np.testing.assert_allclose(np.exp(own.log_scale), root, rtol=1e-6)
    np.testing.assert_allclose(own.mean, KAPPA, rtol=1e-6)


def test_the_correlation_of_latents_falls_by_kappa_with_each_decision():
    for lag in (1, 2, 5, 20):
        found = np.corrcoef(walked()[30], walked()[30 + lag])[0, 1]
        assert found == pytest.approx(KAPPA**lag, abs=4 / np.sqrt(PATHS))


def test_where_an_episode_begins_the_last_latent_does_not_matter():
    previous, begins = jnp.full((2, 2), FAR), jnp.array([True, False])
    for kind in ("isotropic", "ar1"):
        found = defaults.build(KEY, kind, 2, KAPPA, (8,))(previous, begins)
        np.testing.assert_array_equal(found.mean[0], 0)
        np.testing.assert_array_equal(found.log_scale[0], 0)
    np.testing.assert_allclose(found.mean[1], KAPPA * FAR, rtol=1e-6)
    learned = in_use("learned")
    at_zero = learned(jnp.zeros((2, 2)), jnp.array([False, False]))
    found = learned(previous, begins)
    for one, other in ((found.mean, at_zero.mean), (found.log_scale, at_zero.log_scale)):
        np.testing.assert_array_equal(one[0], other[0])
        assert np.abs(one[1] - other[1]).min() > 1e-3


def in_use(kind):
    """A default policy whose parameters are no longer new."""
    rng = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: leaf + jnp.asarray(rng.normal(scale=0.5, size=leaf.shape), leaf.dtype),
        defaults.build(KEY, kind, 2, KAPPA, (8,)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_learned_policy_begins_near_the_standard_normal(seed):
    default = defaults.build(jax.random.key(seed), "learned", 2, KAPPA, (32,))
    previous = jnp.asarray(np.random.default_rng(seed).normal(size=(500, 2)), jnp.float32)
    for begins in (jnp.zeros(500, bool), jnp.ones(500, bool)):
        found = default(previous, begins)
        normal = DiagonalGaussian(jnp.zeros_like(found.mean), jnp.zeros_like(found.mean))
        away = np.asarray(kl_divergence(found, normal))
        assert away.mean() < 0.02
        assert away.max() < 0.2
    assert not away.any()  # at z' = 0, without biases


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("one", "other"), [(0.95, 0.8), (0.3, 0.9), (0.7, 0.7)])
def test_kl_of_two_paths_is_the_sum_of_that_of_their_steps(one, other):
    """That of two Gaussians over whole paths, whose covariances are κ^|i - j|."""
    steps = 6
    lags = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    p, q = one**lags, other**lags
    ratio = np.linalg.solve(q, p)
    whole = 0.5 * (np.trace(ratio) - steps - np.linalg.slogdet(ratio)[1])
    # Three nodes are exact for the square of z' ~ N(0, 1).
    node, weight = np.polynomial.hermite_e.hermegauss(3)
    total = 0.0
    for number in range(steps):
        begins = jnp.full(3, number == 0)
        policies = (ar1(kappa)(jnp.asarray(node)[:, None], begins) for kappa in (one, other))
        total += weight @ np.asarray(kl_divergence(*policies)) / weight.sum()
    assert total == pytest.approx(whole, abs=1e-12)
    assert (whole > 0.01) == (one != other)


def of_policy(policy, default, previous, begins, reverse=False):
    """Both sides of the divergence of a policy from a default policy."""
    latents = Latents(held=previous, previous=previous)

    def given(latents):
        return default(latents.previous, begins)

    found = divergence(policy, given, given, latents, jnp.ones(begins.shape, bool))
    return np.asarray(found.of_policy), np.asarray(found.of_default)


def some_latents(seed, rows=5, size=2):
    """A policy of latents, last latents, and where an episode begins."""
    rng = np.random.default_rng(seed)
    mean, scale = rng.normal(size=(rows, size)), rng.uniform(0.2, 2, (rows, size))
    previous, begins = rng.normal(size=(rows, size)), np.arange(rows) % 3 == 0
    policy = DiagonalGaussian(*(jnp.float32(each) for each in (mean, np.log(scale))))
    return (mean, scale), policy, previous, begins


@pytest.mark.parametrize("kappa", [0.0, 0.9])
def test_the_cost_of_a_latent_is_the_closed_form(kappa):
    (mean, scale), policy, previous, begins = some_latents(0)
    found = of_policy(policy, ar1(kappa), jnp.float32(previous), jnp.asarray(begins))
    known = np.where(begins, 0.0, kappa)[:, None]
    spread = 1 - known**2
    terms = (scale**2 + (mean - known * previous) ** 2) / spread - 1 - np.log(scale**2 / spread)
    for each in found:
        np.testing.assert_allclose(each, 0.5 * terms.sum(axis=-1), rtol=1e-5)
    if kappa == 0:  # the KL term of a variational auto-encoder, and that of the isotropic policy
        vae = -0.5 * (1 + 2 * np.log(scale) - mean**2 - scale**2).sum(axis=-1)
        np.testing.assert_allclose(found[0], vae, rtol=1e-5)
        isotropic = defaults.build(KEY, "isotropic", 2, 0.0, (8,))
        again = of_policy(policy, isotropic, jnp.float32(previous), jnp.asarray(begins))
        np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("kind", ["isotropic", "ar1", "learned"])
def test_the_cost_of_a_latent_is_the_mean_log_ratio_of_its_samples(kind):
    """Samples of the policy, so the order of the two is that of the objective."""
    (mean, scale), policy, previous, begins = some_latents(1)
    default, rng = in_use(kind), np.random.default_rng(2)
    found = of_policy(policy, default, jnp.float32(previous), jnp.asarray(begins))[0]
    prior = default(jnp.float32(previous), jnp.asarray(begins))
    prior = np.asarray(prior.mean, float), np.exp(np.asarray(prior.log_scale, float))
    z = mean + scale * rng.normal(size=(100_000, *mean.shape))
    log_ratio = kl_numpy.log_prob((mean, scale), z) - kl_numpy.log_prob(prior, z)
    error = log_ratio.std(axis=0) / np.sqrt(len(z))
    assert (np.abs(log_ratio.mean(axis=0) - found) < 5 * error).all()
    reverse = kl_numpy.kl(prior, (mean, scale))
    assert (np.abs(reverse - found) > 0.05).all()


def test_a_narrow_policy_is_near_a_wide_default_policy():
    """KL(N(0, s²) ‖ N(0, 1)) is ½ (s² - 1) - log s; the other order is ½ (1/s² - 1) + log s."""
    scale = 0.1
    policy = DiagonalGaussian(jnp.zeros((1, 1)), jnp.full((1, 1), np.log(scale)))
    isotropic = defaults.build(KEY, "isotropic", 1, 0.0, (8,))
    found = of_policy(policy, isotropic, jnp.zeros((1, 1)), jnp.zeros(1, bool))
    expected = 0.5 * (scale**2 - 1) - np.log(scale)
    np.testing.assert_allclose(found, np.full((2, 1), expected), rtol=1e-5)
    assert expected < 2 < 47 < 0.5 * (1 / scale**2 - 1) + np.log(scale)
