"""Random models on which the identities of KL-regularised hierarchies are checked.

All arrays have a leading axis of M models, so that one call treats every model. Probabilities have
a floor, so that divergences are finite.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

LATENTS = ("independent", "autoregressive")
"""Whether policy and default draw a latent without or with the latent before."""
LOWS = ("separate", "shared", "identity")
"""Whether the default has its own low level or that of the policy, or both have a = z."""
FLOOR = 1e-3
"""Share of the uniform distribution in every random distribution."""


class Process(NamedTuple):
    """M decision processes: P(s₁), P(s' | s, a) in the order s, a, s', r, γ and α."""

    start: Float[np.ndarray, "M S"]
    transition: Float[np.ndarray, "M S A S"]
    reward: Float[np.ndarray, "M S A"]
    discount: Float[np.ndarray, " M"]
    weight: Float[np.ndarray, " M"]


class Hierarchy(NamedTuple):
    """M policies: π^H(z | z', s) in the order z', s, z, and π^L(a | z, s) in the order z, s, a.

    z' is the latent before; it is 0 before the first latent.
    """

    high: Float[np.ndarray, "M Z S Z"]
    low: Float[np.ndarray, "M Z S A"]


def distributions(rng: np.random.Generator, *shape: int) -> Float[np.ndarray, "..."]:
    """Return Dirichlet distributions along the last axis; some models are sparse."""
    concentration = 10.0 ** rng.uniform(-1.0, 1.0, (shape[0],) + (1,) * (len(shape) - 1))
    draws = rng.standard_gamma(np.broadcast_to(concentration, shape))
    return (1.0 - FLOOR) * draws / draws.sum(axis=-1, keepdims=True) + FLOOR / shape[-1]


def random_process(
    rng: np.random.Generator, models: int, states: int, actions: int, most_discount: float
) -> Process:
    """Return processes with r in [-1, 1], α in [.01, 10], and γ in [.05, most], often the most."""
    return Process(
        distributions(rng, models, states),
        distributions(rng, models, states, actions, states),
        rng.uniform(-1.0, 1.0, (models, states, actions)),
        np.minimum(rng.uniform(0.05, 1.1, models), most_discount),
        10.0 ** rng.uniform(-2.0, 1.0, models),
    )


def random_pair(
    rng: np.random.Generator, models: int, size: int, latents: str, low: str
) -> tuple[Hierarchy, Hierarchy]:
    """Return policies and default policies with S = Z = A = ``size``.

    Independent: π^H(z | s) and π₀^H(z | s). Autoregressive: π^H(z | z', s) and π₀^H(z | z').
    """
    shape = (models, size, size, size)
    views = [(size, size), (size, 1)] if latents == "autoregressive" else [(1, size)] * 2
    high, default_high = (
        np.broadcast_to(distributions(rng, models, *view, size), shape) for view in views
    )
    own, other = (distributions(rng, *shape) for _ in range(2))
    same = np.broadcast_to(np.eye(size)[:, None], shape) if low == "identity" else own
    return Hierarchy(high, same), Hierarchy(default_high, other if low == "separate" else same)
