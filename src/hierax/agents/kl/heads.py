"""Policies from outputs of networks: latents, actions, and how many numbers each needs."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from hierax.agents.distributions import Categorical, DiagonalGaussian
from hierax.spec import Continuous, Discrete

LOG_SCALES = (-5.0, 2.0)
"""Bounds of the log standard deviation of latents."""


def gaussian(output: Float[Array, "... twice"]) -> DiagonalGaussian:
    """Return N(μ, diag σ²) of latents from μ and a free number for each σ, which is 1 at 0.

    log σ is B tanh(f / B), with B the bound on the side of f. A clipped σ would have no gradient
    beyond its bounds, and a default policy could not draw it back.
    """
    mean, free = jnp.split(output, 2, axis=-1)
    least, most = LOG_SCALES
    bound = jnp.where(free < 0.0, -least, most)
    return DiagonalGaussian(mean, bound * jnp.tanh(free / bound))


def outputs(action: Discrete | Continuous) -> int:
    """Return how many numbers a policy of these actions is made of."""
    return action.count if isinstance(action, Discrete) else 2 * action.size


def actions(
    action: Discrete | Continuous,
    output: Float[Array, "... outputs"],
    scales: tuple[float, float],
) -> Categorical | DiagonalGaussian:
    """Return a policy.

    Args:
        action: the kind of its actions.
        output: of a network.
        scales: least and largest standard deviation of continuous actions; their means are in
            (-1, 1).
    """
    if isinstance(action, Discrete):
        return Categorical(output)
    mean, free = jnp.split(output, 2, axis=-1)
    least, most = scales
    scale = least + (most - least) * jax.nn.sigmoid(free)
    return DiagonalGaussian(jnp.tanh(mean), jnp.log(scale))
