"""How much of what is known about a world a goal space holds.

A goal space is identified up to an affine map at best. So it is compared with known factors by the
share of their variance that a linear fit explains. A fit on M places of d dimensions explains a
share d / (M - 1) of mere noise, so that is taken off (the adjusted R²):

    R² = 1 - (M - 1) / (M - d - 1) Σ (y - A m - b)² / Σ (y - mean y)²

for the place that the goal of the world is about, and for the views that are said to be nuisance.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Observation
from hierax.agents.encoder import flatten_views
from hierax.spec import WorldSpec

LEAST_VARIANCE = 1e-8
"""Added to variances: a factor that does not vary has an R² of 0."""
RIDGE = 1e-5
"""Added to the covariance of places, as a share of their mean variance: some may be collinear."""


class Factors(NamedTuple):
    """M observations with what is known of them.

    Attributes:
        features: ``(M, n)``, of which the goal space is a function.
        known: ``(M, k)`` arrays by name: ``"goal"``, ``"nuisance"``.
    """

    features: jax.Array
    known: Mapping[str, jax.Array]


def factors_of(spec: WorldSpec, observation: Observation, features: jax.Array) -> Factors:
    """Return the known factors of observations ``(K, B, ...)`` with features ``(K, B, n)``."""
    known = {}
    if spec.goal is not None:
        known["goal"] = spec.goal.achieved_goal(observation)
    if spec.nuisance:
        known["nuisance"] = jax.vmap(lambda each: flatten_views(each, spec.nuisance))(observation)
    rows = {name: values.reshape(-1, values.shape[-1]) for name, values in known.items()}
    return Factors(features.reshape(-1, features.shape[-1]), rows)


def factor_metrics(
    factors: Factors, places: jax.Array, half_range: tuple[float, ...]
) -> dict[str, jax.Array]:
    """Return R² of what is known, and the size of the goal box in units of the world's goal.

    Args:
        factors: M observations.
        places: ``(M, d)``, m of them.
        half_range: of the goal box.
    """
    metrics = {}
    for name, values in factors.known.items():
        slope, explained = linear_fit(places, values)
        if name == "goal":
            metrics["goal_fit"] = explained.min()
            reach = jnp.abs(slope) * jnp.array(half_range)[:, None]
            metrics["box"] = reach.sum(axis=0).mean()
        else:
            metrics[f"{name}_fit"] = explained.max()
    return metrics


def linear_fit(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the slopes ``(d, k)`` of a linear fit of y ``(M, k)`` on x ``(M, d)``, and its R²."""
    rows, size = x.shape
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    covariance = x.T @ x / rows
    ridge = RIDGE * jnp.trace(covariance) / size + LEAST_VARIANCE
    slope = jnp.linalg.solve(covariance + ridge * jnp.eye(size), x.T @ y / rows)
    variance = jnp.square(y).mean(axis=0)
    by_chance = (rows - 1) / max(rows - size - 1, 1)
    missed = by_chance * jnp.square(y - x @ slope).mean(axis=0)
    return slope, (variance - missed) / (variance + LEAST_VARIANCE)
