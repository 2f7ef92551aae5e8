"""Distributions against quadrature, finite differences, SciPy and sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from hierax.agents.distributions import (
    Categorical,
    DiagonalGaussian,
    TanhGaussian,
    kl_divergence,
    log_det_tanh,
)
from refusals import refuses

KEY = jax.random.key(3)


def gaussian(mean, scale, kind=DiagonalGaussian):
    mean = np.atleast_1d(np.asarray(mean, float))
    log_scale = np.broadcast_to(np.log(np.asarray(scale, float)), mean.shape)
    return kind(jnp.asarray(mean), jnp.asarray(log_scale))


def computed(function, *given):
    """What a function returns, compiled in one piece and not operation by operation."""
    return jax.device_get(jax.jit(function)(*given))


kl = jax.jit(kl_divergence)
log_det_and_slope = jax.jit(jax.value_and_grad(lambda x: log_det_tanh(x)))


def softplus(x):
    return np.logaddexp(0.0, x)


@pytest.mark.usefixtures("x64")
def test_gaussian_is_that_of_scipy():
    mean, scale = np.array([[0.3, -2.0], [5.0, 0.0]]), np.array([[0.1, 2.0], [1.0, 30.0]])
    policy = DiagonalGaussian(jnp.asarray(mean), jnp.log(jnp.asarray(scale)))
    value = jnp.array([[0.2, 1.0], [7.0, -8.0]])
    oracle = scipy.stats.norm(mean, scale)
    log_prob, entropy, mode = computed(
        lambda policy: (policy.log_prob(value), policy.entropy(), policy.mode()), policy
    )
    np.testing.assert_allclose(log_prob, oracle.logpdf(value).sum(-1), rtol=1e-13)
    np.testing.assert_allclose(entropy, oracle.entropy().sum(-1), rtol=1e-13)
    np.testing.assert_array_equal(mode, mean)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("mean", [0.0, 2.0, 8.0, -8.0])
def test_density_of_squashed_actions_integrates_to_one(mean):
    x = np.linspace(mean - 9, mean + 9, 20001)
    x = np.clip(x, -17, 17)  # beyond, neighbouring actions are the same float64
    log_density = computed(
        lambda policy, x: policy.log_prob_of_pre_tanh(x),
        gaussian(mean, 0.7, TanhGaussian), x[:, None],
    )  # fmt: skip
    density = np.exp(log_density)
    # Over actions, measured from the end of the interval that is near: 1 - |a| is 2e-7 at x = 8.
    from_end = 2 / (1 + np.exp(2 * x * np.sign(mean or 1)))
    assert abs(scipy.integrate.trapezoid(density, from_end)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.usefixtures("x64")
def test_squashed_density_is_the_plain_formula_where_that_is_exact():
    policy = gaussian([0.5, -1.0, 0.0], [0.3, 1.0, 2.0], TanhGaussian)
    (action, x, log_prob), sample, mode = computed(
        lambda policy: (policy.sample_with_log_prob(KEY), policy.sample(KEY), policy.mode()), policy
    )
    np.testing.assert_allclose(action, np.tanh(x), rtol=1e-14)
    np.testing.assert_array_equal(sample, action)
    oracle = scipy.stats.norm(policy.mean, np.exp(policy.log_scale)).logpdf(x)
    assert log_prob == pytest.approx((oracle - np.log1p(-(np.tanh(x) ** 2))).sum(), rel=1e-12)
    np.testing.assert_allclose(mode, np.tanh(policy.mean))


@pytest.mark.parametrize("x", [0.0, 0.1, 10.0, 20.0, -10.0, -20.0, 100.0])
def test_squashing_is_exact_in_float32(x):
    # log(1 - tanh² x) from its even form in float64: -2 (|x| + log(1 + e^{-2|x|}) - log 2)
    exact = -2 * (abs(x) + softplus(-2 * abs(x)) - np.log(2))
    given = jnp.array([x], jnp.float32)
    # For negative x, -x and softplus(-2x) nearly cancel: 1e-6 of their size.
    log_det, slope = log_det_and_slope(given)
    assert log_det == pytest.approx(exact, rel=3e-6, abs=1e-6)
    assert slope[0] == pytest.approx(-2 * np.tanh(x), abs=1e-6)


@pytest.mark.parametrize("mean", [10.0, 20.0])
def test_saturated_policy_has_finite_probabilities_and_gradients(mean):
    def objective(mean, log_scale):
        policy = TanhGaussian(mean, log_scale)
        action, _, log_prob = policy.sample_with_log_prob(KEY)
        return log_prob + action.sum()

    arguments = (np.full(3, mean, np.float32), np.zeros(3, np.float32))
    value, slopes = computed(jax.value_and_grad(objective, (0, 1)), *arguments)
    assert np.isfinite(value)
    # The Gaussian part does not depend on the mean; of the tanh part each unit adds 2 tanh x = 2.
    np.testing.assert_allclose(slopes[0], 2.0, atol=1e-5)
    assert np.isfinite(slopes[1]).all()


@pytest.mark.usefixtures("x64")
def test_gradients_are_finite_differences():
    x, other = jnp.array([0.4, -1.2]), gaussian([0.0, 0.3], [0.8, 1.5])
    target = jnp.array(1)
    functions = (
        lambda v: DiagonalGaussian(v[:2], v[2:]).log_prob(x),
        lambda v: TanhGaussian(v[:2], v[2:]).log_prob_of_pre_tanh(x),
        lambda v: TanhGaussian(v[:2], v[2:]).sample_with_log_prob(KEY)[2],
        lambda v: TanhGaussian(v[:2], v[2:]).sample(KEY).sum(),
        lambda v: DiagonalGaussian(v[:2], v[2:]).sample(KEY).sum(),
        lambda v: kl_divergence(DiagonalGaussian(v[:2], v[2:]), other),
        lambda v: kl_divergence(other, DiagonalGaussian(v[:2], v[2:])),
        lambda v: kl_divergence(Categorical(v), Categorical(v[::-1] * 2)),
        lambda v: Categorical(v).log_prob(target),
        lambda v: Categorical(v).entropy(),
    )
    point, steps = jnp.array([0.3, -0.7, 0.2, -0.4]), 1e-5 * jnp.eye(4)

    def slopes(function):
        after, before = jax.vmap(function)(point + steps), jax.vmap(function)(point - steps)
        return jax.grad(function)(point), (after - before) / 2e-5

    for exact, difference in jax.jit(lambda: list(map(slopes, functions)))():
        np.testing.assert_allclose(exact, difference, atol=1e-8)


def test_entropy_rises_by_one_for_each_log_scale():
    def entropy(log_scale):
        return DiagonalGaussian(jnp.ones((2, 3)), log_scale).entropy().sum()

    np.testing.assert_array_equal(jax.grad(entropy)(jnp.full((2, 3), -1.5)), 1.0)


def test_reparameterised_samples_carry_the_entropy_gradient():
    def negative_log_prob(log_scale):
        policy = DiagonalGaussian(jnp.zeros(2), log_scale)
        return -policy.log_prob(policy.sample(KEY))

    # Along μ + σε the standardised value does not change: the gradient is that of the entropy.
    slopes = computed(jax.grad(negative_log_prob), np.zeros(2, np.float32))
    np.testing.assert_allclose(slopes, 1.0, atol=1e-6)


def test_samples_have_the_moments():
    policy, choice = gaussian([1.0, -3.0], [0.5, 2.0]), Categorical(jnp.array([0.0, 1.0, -2.0]))

    def drawn(*distributions):
        keys = jax.random.split(KEY, 20_000)
        return [jax.vmap(each.sample)(keys) for each in distributions]

    samples, choices = computed(drawn, policy, choice)
    # Five standard errors of 20 000 samples.
    assert (abs(samples.mean(0) - policy.mean) < 5 * np.array([0.5, 2.0]) / 141).all()
    np.testing.assert_allclose(samples.std(0), [0.5, 2.0], rtol=5 / 200)
    counts = np.bincount(choices, minlength=3) / 20_000
    np.testing.assert_allclose(counts, np.exp(choice.log_probs), atol=5 * 0.5 / 141)


@pytest.mark.usefixtures("x64")
def test_kl_of_gaussians_is_the_mean_log_ratio_and_the_order_matters():
    p, q = gaussian([0.2, -1.0], [0.5, 1.2]), gaussian([0.0, 0.4], [1.0, 0.7])

    @jax.jit
    def log_ratios(first, second):
        samples = jax.vmap(first.sample)(jax.random.split(KEY, 100_000))
        return first.log_prob(samples) - second.log_prob(samples)

    for first, second in ((p, q), (q, p)):
        ratios = np.asarray(log_ratios(first, second))
        error = ratios.std() / np.sqrt(len(ratios))
        assert abs(float(kl(first, second)) - ratios.mean()) < 5 * error
    assert abs(float(kl(p, q)) - float(kl(q, p))) > 0.1


@pytest.mark.usefixtures("x64")
def test_kl_of_gaussians_against_quadrature():
    p, q = scipy.stats.norm(0.3, 0.5), scipy.stats.norm(-1.0, 2.0)
    for first, second in ((p, q), (q, p)):
        integral, _ = scipy.integrate.quad(
            lambda x, f=first, s=second: f.pdf(x) * (f.logpdf(x) - s.logpdf(x)), -25, 25, limit=200
        )
        mine = kl(gaussian(*first.args), gaussian(*second.args))
        assert mine == pytest.approx(integral, abs=1e-9)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("kappa", [0.0, 0.9, 0.95])
def test_kl_to_the_autoregressive_default_policy(kappa):
    rng = np.random.default_rng(0)
    mean, scale, latent = rng.normal(size=(5, 4)), rng.uniform(0.2, 2, (5, 4)), rng.normal(size=4)
    spread = 1 - kappa**2  # the variance; the paper writes its root in that place
    terms = (scale**2 + (mean - kappa * latent) ** 2) / spread - 1 - np.log(scale**2 / spread)
    default = gaussian(kappa * latent, np.sqrt(spread))
    policy = DiagonalGaussian(jnp.asarray(mean), jnp.asarray(np.log(scale)))
    found = kl(policy, default)
    np.testing.assert_allclose(found, 0.5 * terms.sum(-1), rtol=1e-12)
    if kappa == 0:  # the KL term of a variational auto-encoder
        vae = -0.5 * (1 + 2 * np.log(scale) - mean**2 - scale**2).sum(-1)
        np.testing.assert_allclose(found, vae, rtol=1e-12)


def test_kl_of_equal_distributions_is_zero_and_small_ones_keep_their_digits():
    policy = gaussian([0.5, 3.0], [0.1, 7.0])
    assert kl(policy, policy) == 0.0
    # KL of a change of log σ by d is d² + O(d³): 1e-6 here, where ½(e^{2d} - 1) is 1e-3.
    near = DiagonalGaussian(jnp.zeros(1), jnp.full(1, 1e-3))
    assert kl(near, DiagonalGaussian(jnp.zeros(1), jnp.zeros(1))) == pytest.approx(
        np.expm1(2e-3) / 2 - 1e-3, rel=1e-3
    )


@pytest.mark.usefixtures("x64")
def test_categorical_is_that_of_scipy():
    rng = np.random.default_rng(1)
    p, q = (Categorical(jnp.asarray(rng.normal(size=(6, 4)) * 3)) for _ in range(2))
    action = jnp.asarray(rng.integers(4, size=6))
    logs, others, entropy, log_prob, mode, divergence = computed(
        lambda p, q: (
            p.log_probs, q.log_probs, p.entropy(), p.log_prob(action), p.mode(),
            kl_divergence(p, q),
        ),
        p, q,
    )  # fmt: skip
    probabilities, others = np.exp(logs), np.exp(others)
    np.testing.assert_allclose(probabilities.sum(-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(entropy, scipy.stats.entropy(probabilities, axis=-1), rtol=1e-12)
    oracle = scipy.stats.entropy(probabilities, others, axis=-1)
    np.testing.assert_allclose(divergence, oracle, rtol=1e-11)
    np.testing.assert_allclose(log_prob, np.log(probabilities[np.arange(6), action]))
    np.testing.assert_array_equal(mode, probabilities.argmax(-1))


def test_categorical_is_finite_for_logits_of_any_size():
    def found(logits):
        policy, even = Categorical(logits), Categorical(jnp.zeros(3))
        slope = jax.grad(lambda x: Categorical(x).entropy())(logits)
        return policy.entropy(), policy.log_probs, kl_divergence(even, policy), slope

    for values in computed(found, np.array([1000.0, 0.0, -1000.0], np.float32)):
        assert np.isfinite(values).all()


def test_distributions_are_pytrees():
    means, scales = jnp.arange(6.0).reshape(3, 2), jnp.zeros((3, 2))
    policies = jax.vmap(TanhGaussian)(means, scales)
    one_by_one = jax.vmap(lambda policy: policy.log_prob_of_pre_tanh(jnp.ones(2)))(policies)
    together = jax.jit(lambda policy: policy.log_prob_of_pre_tanh(jnp.ones(2)))(policies)
    np.testing.assert_allclose(one_by_one, together, rtol=1e-6)


def test_what_does_not_fit_is_refused():
    normal, choice = gaussian([0.0], 1.0), Categorical(jnp.zeros(3))
    squashed = gaussian([0.0], 1.0, TanhGaussian)
    for pair in ((normal, choice), (choice, normal), (squashed, squashed)):
        kinds = " and ".join(type(each).__name__ for each in pair)
        names = ("p and q", "two DiagonalGaussian or two Categorical", kinds)
        refuses(lambda pair=pair: kl_divergence(*pair), *names)
    for kind in (DiagonalGaussian, TanhGaussian):
        names = ("log_scale", "shape of mean, (2,)", "got (3,)")
        refuses(lambda kind=kind: kind(jnp.zeros(2), jnp.zeros(3)), *names)
