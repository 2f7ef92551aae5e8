"""Policies as distributions: diagonal Gaussian, Gaussian squashed by tanh, categorical.

Each is a pytree with leading batch axes, built from outputs of a network. Log-probabilities and
divergences are summed over the axis of actions, so they have only the batch axes. To draw M samples
for each row, map over M keys: ``jax.vmap(policy.sample)(jax.random.split(key, M))``.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

_LOG_2PI = math.log(2 * math.pi)


class DiagonalGaussian(eqx.Module):
    """A Gaussian N(μ, diag σ²) with independent dimensions.

    Attributes:
        mean: μ, ``(..., size)``.
        log_scale: log σ, of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """

    mean: Float[Array, "..."]
    log_scale: Float[Array, "..."]

    def __check_init__(self) -> None:
        _require_same_shape(self.mean, self.log_scale)

    def sample(self, key: Array) -> Float[Array, "... size"]:
        """Return μ + σ ε with ε ~ N(0, I); gradients pass to μ and σ."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self.mean + jnp.exp(self.log_scale) * noise

    def log_prob(self, value: Float[Array, "... size"]) -> Float[Array, "..."]:
        """Return the log-density of ``value``."""
        standard = (value - self.mean) * jnp.exp(-self.log_scale)
        return -jnp.sum(0.5 * (standard**2 + _LOG_2PI) + self.log_scale, axis=-1)

    def mode(self) -> Float[Array, "... size"]:
        """Return the mode, μ."""
        return self.mean

    def entropy(self) -> Float[Array, "..."]:
        """Return Σ (log σ + ½ log 2πe)."""
        return jnp.sum(self.log_scale + 0.5 * (1 + _LOG_2PI), axis=-1)


class TanhGaussian(eqx.Module):
    """A distribution of actions tanh(x) in (-1, 1) with x ~ N(μ, diag σ²).

    It has no method for the log-probability of a given action, because that would have to invert
    the tanh. In float32, tanh(x) is exactly 1 from x = 10 on. Keep the value x before the tanh
    beside the action.

    Attributes:
        mean: μ, ``(..., size)``.
        log_scale: log σ, of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """

    mean: Float[Array, "..."]
    log_scale: Float[Array, "..."]

    def __check_init__(self) -> None:
        _require_same_shape(self.mean, self.log_scale)

    @property
    def pre_tanh(self) -> DiagonalGaussian:
        """The distribution of x."""
        return DiagonalGaussian(self.mean, self.log_scale)

    def sample(self, key: Array) -> Float[Array, "... size"]:
        """Return a sampled action; gradients pass to μ and σ."""
        return jnp.tanh(self.pre_tanh.sample(key))

    def sample_with_log_prob(
        self, key: Array
    ) -> tuple[Float[Array, "... size"], Float[Array, "... size"], Float[Array, "..."]]:
        """Return a sampled action tanh(x), x itself, and the log-density of the action."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        # Without the barrier XLA draws the noise anew in each expression that uses it.
        noise = jax.lax.optimization_barrier(noise)
        pre_tanh = self.mean + jnp.exp(self.log_scale) * noise
        # As `log_prob_of_pre_tanh`, but from the noise instead of x.
        log_prob = -jnp.sum(0.5 * (noise**2 + _LOG_2PI) + self.log_scale, axis=-1)
        return jnp.tanh(pre_tanh), pre_tanh, log_prob - log_det_tanh(pre_tanh)

    def log_prob_of_pre_tanh(self, pre_tanh: Float[Array, "... size"]) -> Float[Array, "..."]:
        """Return log N(x; μ, σ²) - Σ log(1 - tanh² x), the log-density of tanh(x), given x."""
        return self.pre_tanh.log_prob(pre_tanh) - log_det_tanh(pre_tanh)

    def mode(self) -> Float[Array, "... size"]:
        """Return tanh μ, the usual deterministic action. It is the median, not the mode."""
        return jnp.tanh(self.mean)


class Categorical(eqx.Module):
    """A distribution of actions 0 .. count - 1 with probabilities softmax(logits).

    Attributes:
        logits: ``(..., count)``, finite.
    """

    logits: Float[Array, "... count"]

    @property
    def log_probs(self) -> Float[Array, "... count"]:
        """Log-probabilities of all actions."""
        return jax.nn.log_softmax(self.logits, axis=-1)

    def sample(self, key: Array) -> Int[Array, "..."]:
        """Return a sampled action; no gradient passes through it."""
        return jax.random.categorical(key, self.logits, axis=-1)

    def log_prob(self, action: Int[Array, "..."]) -> Float[Array, "..."]:
        """Return the log-probability of ``action``."""
        return jnp.take_along_axis(self.log_probs, action[..., None], axis=-1)[..., 0]

    def mode(self) -> Int[Array, "..."]:
        """Return the most probable action, the first one of several."""
        return jnp.argmax(self.logits, axis=-1)

    def entropy(self) -> Float[Array, "..."]:
        """Return -Σ p log p."""
        return -jnp.sum(jnp.exp(self.log_probs) * self.log_probs, axis=-1)


def log_det_tanh(pre_tanh: Float[Array, "... size"]) -> Float[Array, "..."]:
    """Return Σ log(1 - tanh² x) = Σ 2 (log 2 - |x| - log(1 + e^{-2|x|})), exact for all x.

    In float32 the first form is log 0 from x = 10 on. With an ε inside the logarithm it is
    inaccurate long before that.
    """
    size = jnp.abs(pre_tanh)
    return jnp.sum(2 * (math.log(2) - size - jnp.log1p(jnp.exp(-2 * size))), axis=-1)


def kl_divergence(
    p: DiagonalGaussian | Categorical, q: DiagonalGaussian | Categorical
) -> Float[Array, "..."]:
    """Return KL(p ‖ q) = E_p[log p - log q] in closed form.

    KL is not symmetric: for the cost of a policy relative to its default policy, ``p`` is the
    policy. With ``q`` = N(κz, 1 - κ²) it is the cost of a latent under the AR(1) default policy,
    ½ Σ [(s² + (m - κz)²) / (1 - κ²) - 1 - log(s² / (1 - κ²))] (Tirumala et al. 2019, section 4).

    Args:
        p: the distribution of the expectation.
        q: the other distribution, of the same kind; batch axes broadcast.

    Raises:
        ValueError: if the two have different kinds, or a kind without a closed form.
    """
    if isinstance(p, DiagonalGaussian) and isinstance(q, DiagonalGaussian):
        return _gaussian_kl(p, q)
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        return jnp.sum(jnp.exp(p.log_probs) * (p.log_probs - q.log_probs), axis=-1)
    raise ValueError(
        "p and q must be two DiagonalGaussian or two Categorical, "
        f"got {type(p).__name__} and {type(q).__name__}"
    )


def _gaussian_kl(p: DiagonalGaussian, q: DiagonalGaussian) -> Float[Array, "..."]:
    log_ratio = p.log_scale - q.log_scale
    shift = (p.mean - q.mean) * jnp.exp(-q.log_scale)
    # expm1 is exact where p is close to q, as at the beginning of training; exp - 1 is not.
    return 0.5 * jnp.sum(jnp.expm1(2 * log_ratio) - 2 * log_ratio + shift**2, axis=-1)


def _require_same_shape(mean: Array, log_scale: Array) -> None:
    if mean.shape != log_scale.shape:
        raise ValueError(
            f"log_scale must have the shape of mean, {mean.shape}, got {log_scale.shape}"
        )
