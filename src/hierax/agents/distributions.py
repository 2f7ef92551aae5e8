"""Policies as distributions: diagonal Gaussian, Gaussian squashed by tanh, categorical.

Each is a pytree with leading batch axes, made from what a network gives. Probabilities and
divergences are summed over the axis of actions, so that they have the batch axes alone. To draw M
samples for each row, map over M keys: ``jax.vmap(policy.sample)(jax.random.split(key, M))``.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

_LOG_2PI = math.log(2 * math.pi)


class DiagonalGaussian(eqx.Module):
    """N(μ, diag σ²) with independent dimensions.

    Attributes:
        mean: μ, ``(..., size)``.
        log_scale: log σ, of the same shape.

    Raises:
        ValueError: where the shapes differ.
    """

    mean: Float[Array, "..."]
    log_scale: Float[Array, "..."]

    def __check_init__(self) -> None:
        _require_same_shape(self.mean, self.log_scale)

    def sample(self, key: Array) -> Float[Array, "... size"]:
        """μ + σ ε with ε ~ N(0, I), so that gradients reach μ and σ."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self.mean + jnp.exp(self.log_scale) * noise

    def log_prob(self, value: Float[Array, "... size"]) -> Float[Array, "..."]:
        """Log-density of ``value``."""
        standard = (value - self.mean) * jnp.exp(-self.log_scale)
        return -jnp.sum(0.5 * (standard**2 + _LOG_2PI) + self.log_scale, axis=-1)

    def mode(self) -> Float[Array, "... size"]:
        """The value of highest density, μ."""
        return self.mean

    def entropy(self) -> Float[Array, "..."]:
        """Σ log σ + ½ log 2πe: its gradient with respect to each log σ is 1."""
        return jnp.sum(self.log_scale + 0.5 * (1 + _LOG_2PI), axis=-1)


class TanhGaussian(eqx.Module):
    """Actions tanh(x) in (-1, 1) with x ~ N(μ, diag σ²).

    There is no log-probability of an action as such: it would have to invert the tanh, which is 1
    to the last digit of a float32 from x = 10 on. Whoever draws an action keeps the ``pre_tanh``
    value x beside it.

    Attributes:
        mean: μ, ``(..., size)``.
        log_scale: log σ, of the same shape.

    Raises:
        ValueError: where the shapes differ.
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
        """An action; gradients reach μ and σ."""
        return jnp.tanh(self.pre_tanh.sample(key))

    def sample_with_log_prob(
        self, key: Array
    ) -> tuple[Float[Array, "... size"], Float[Array, "... size"], Float[Array, "..."]]:
        """An action tanh(x), x itself, and the log-density of the action."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        # Without the barrier XLA makes the noise from its bits anew in each expression that has it.
        noise = jax.lax.optimization_barrier(noise)
        pre_tanh = self.mean + jnp.exp(self.log_scale) * noise
        # As `log_prob_of_pre_tanh`, without going back from x to the noise.
        log_prob = -jnp.sum(0.5 * (noise**2 + _LOG_2PI) + self.log_scale, axis=-1)
        return jnp.tanh(pre_tanh), pre_tanh, log_prob - log_det_tanh(pre_tanh)

    def log_prob_of_pre_tanh(self, pre_tanh: Float[Array, "... size"]) -> Float[Array, "..."]:
        """Log-density of the action tanh(x), log N(x; μ, σ²) - Σ log(1 - tanh² x), given x."""
        return self.pre_tanh.log_prob(pre_tanh) - log_det_tanh(pre_tanh)

    def mode(self) -> Float[Array, "... size"]:
        """The usual deterministic action, tanh μ: the median, not the peak of the density."""
        return jnp.tanh(self.mean)


class Categorical(eqx.Module):
    """Actions 0 .. count - 1 with probabilities softmax(logits).

    Attributes:
        logits: ``(..., count)``, finite.
    """

    logits: Float[Array, "... count"]

    @property
    def log_probs(self) -> Float[Array, "... count"]:
        """Log-probability of every action."""
        return jax.nn.log_softmax(self.logits, axis=-1)

    def sample(self, key: Array) -> Int[Array, "..."]:
        """An action; no gradient passes through it."""
        return jax.random.categorical(key, self.logits, axis=-1)

    def log_prob(self, action: Int[Array, "..."]) -> Float[Array, "..."]:
        """Log-probability of ``action``."""
        return jnp.take_along_axis(self.log_probs, action[..., None], axis=-1)[..., 0]

    def mode(self) -> Int[Array, "..."]:
        """The most probable action, the first of several."""
        return jnp.argmax(self.logits, axis=-1)

    def entropy(self) -> Float[Array, "..."]:
        """-Σ p log p."""
        return -jnp.sum(jnp.exp(self.log_probs) * self.log_probs, axis=-1)


def log_det_tanh(pre_tanh: Float[Array, "... size"]) -> Float[Array, "..."]:
    """Σ log(1 - tanh² x) = Σ 2 (log 2 - |x| - log(1 + e^{-2|x|})), exact however large x is.

    The plain form is log 0 from x = 10 on in float32, and an ε inside the logarithm bends it long
    before that.
    """
    size = jnp.abs(pre_tanh)
    return jnp.sum(2 * (math.log(2) - size - jnp.log1p(jnp.exp(-2 * size))), axis=-1)


def kl_divergence(
    p: DiagonalGaussian | Categorical, q: DiagonalGaussian | Categorical
) -> Float[Array, "..."]:
    """KL(p ‖ q) = E_p[log p - log q] in closed form; the order matters.

    Of a policy to its default policy, ``p`` is the policy. With ``q`` = N(κz, 1 - κ²) it is the
    cost of a latent under the AR(1) default policy, ½ Σ [(s² + (m - κz)²) / (1 - κ²) - 1 -
    log(s² / (1 - κ²))] (Tirumala et al. 2019, section 4).

    Args:
        p: the distribution that the expectation is over.
        q: what it is compared with, of the same kind; batch axes broadcast.

    Raises:
        ValueError: where the two are of different kinds, or of one without a closed form.
    """
    if isinstance(p, DiagonalGaussian) and isinstance(q, DiagonalGaussian):
        return _gaussian_kl(p, q)
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        return jnp.sum(jnp.exp(p.log_probs) * (p.log_probs - q.log_probs), axis=-1)
    raise ValueError(
        f"p is {type(p).__name__} and q is {type(q).__name__}, but must be two DiagonalGaussian "
        "or two Categorical"
    )


def _gaussian_kl(p: DiagonalGaussian, q: DiagonalGaussian) -> Float[Array, "..."]:
    log_ratio = p.log_scale - q.log_scale
    shift = (p.mean - q.mean) * jnp.exp(-q.log_scale)
    # expm1: policies start near their default policy, and 1 + tiny - 1 would be noise there.
    return 0.5 * jnp.sum(jnp.expm1(2 * log_ratio) - 2 * log_ratio + shift**2, axis=-1)


def _require_same_shape(mean: Array, log_scale: Array) -> None:
    if mean.shape != log_scale.shape:
        raise ValueError(
            f"log_scale has shape {log_scale.shape}, but must have the shape of mean, {mean.shape}"
        )
