"""Default policies of latents: what the high level would do if it saw only its last latent.

Tirumala et al. (2019), section 4. z' is the latent of the decision before; an episode begins
without one:

    isotropic    N(0, I)
    ar1          N(κ z', (1 - κ²) I), and N(0, I) where an episode begins
    learned      N(μ(z'), diag σ²(z')) of a network, and z' = 0 where an episode begins

The paper writes sqrt(1 - κ²) in the place of a variance. It is the standard deviation: with it,
and only with it, latents of the AR(1) policy are N(0, I) at every decision.
"""

import math
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float

from hierax.agents.agent import Key
from hierax.agents.distributions import DiagonalGaussian
from hierax.agents.kl.heads import gaussian
from hierax.agents.networks import MLP

Kind: TypeAlias = Literal["isotropic", "ar1", "learned"]


class DefaultPolicy(Protocol):
    """A distribution of the next latent, given the last one."""

    def __call__(
        self, previous: Float[Array, "*batch size"], begins: Bool[Array, "*batch"]
    ) -> DiagonalGaussian:
        """Return the distribution of latents.

        Args:
            previous: z'; not used where an episode begins.
            begins: where the decision is the first of an episode.
        """
        ...


class Isotropic(eqx.Module):
    """N(0, I)."""

    def __call__(
        self, previous: Float[Array, "*batch size"], begins: Bool[Array, "*batch"]
    ) -> DiagonalGaussian:
        """Return N(0, I)."""
        del begins
        return DiagonalGaussian(jnp.zeros_like(previous), jnp.zeros_like(previous))


class AutoRegressive(eqx.Module):
    """N(κ z', (1 - κ²) I): latents that change slowly and are N(0, I) at each decision.

    Attributes:
        correlation: κ in [0, 1).
    """

    correlation: float = eqx.field(static=True)

    def __call__(
        self, previous: Float[Array, "*batch size"], begins: Bool[Array, "*batch"]
    ) -> DiagonalGaussian:
        """Return N(κ z', (1 - κ²) I), and N(0, I) where an episode begins."""
        mean = jnp.where(begins[..., None], 0.0, self.correlation * previous)
        log_scale = 0.5 * math.log1p(-(self.correlation**2))
        held = jnp.where(begins[..., None], 0.0, jnp.full_like(mean, log_scale))
        return DiagonalGaussian(mean, held)


class LearnedAutoRegressive(eqx.Module):
    """N(μ(z'), diag σ²(z')) of a network, which begins near N(0, I).

    Attributes:
        network: z' → μ and what σ is a function of.
    """

    network: MLP

    def __call__(
        self, previous: Float[Array, "*batch size"], begins: Bool[Array, "*batch"]
    ) -> DiagonalGaussian:
        """Return the distribution of latents; where an episode begins z' is 0."""
        return gaussian(self.network(jnp.where(begins[..., None], 0.0, previous)))


def build(
    key: Key, kind: Kind, size: int, correlation: float, hidden_sizes: Sequence[int]
) -> Isotropic | AutoRegressive | LearnedAutoRegressive:
    """Return a default policy of latents of that size."""
    if kind == "isotropic":
        return Isotropic()
    if kind == "ar1":
        return AutoRegressive(correlation)
    return LearnedAutoRegressive(
        MLP(key, size, hidden_sizes, 2 * size, activation="elu", final_scale=0.1)
    )
