"""Observation encoders: named views side by side, normalised by running statistics."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from hierax import checks
from hierax.agents import normalisation
from hierax.agents.normalisation import RunningStatistics
from hierax.spec import WorldSpec


class Encoder(eqx.Module):
    """An observation encoder that returns the views of one module as one vector.

    Each module of an agent (a level, a critic, a default policy) may have an encoder with views of
    its own. Statistics belong to the module: a module that is frozen keeps its encoder as it is,
    since a policy with other statistics is another policy.

    Attributes:
        views: names of the views, in this order.
        statistics: running mean and variance of the vector; None where it is not normalised.
    """

    views: tuple[str, ...] = eqx.field(static=True)
    statistics: RunningStatistics | None

    @classmethod
    def of(cls, spec: WorldSpec, views: Sequence[str], *, normalise: bool = False) -> "Encoder":
        """Return an encoder that has seen nothing.

        Raises:
            ValueError: if the world has no such view.
        """
        size = spec.size(views)
        return cls(tuple(views), normalisation.empty(size) if normalise else None)

    def __call__(self, observation: Mapping[str, Any]) -> Float[Array, "N D"]:
        """Return ``(N, D)`` float32: the views side by side, normalised."""
        flat = flatten_views(observation, self.views)
        return flat if self.statistics is None else normalisation.normalise(self.statistics, flat)

    def updated(self, observation: Mapping[str, Any], is_step: ArrayLike) -> "Encoder":
        """Return the encoder with N more observations in its statistics.

        Args:
            observation: ``(N, ...)`` for each view.
            is_step: ``(N,)`` bool, False for rows to leave out.
        """
        if self.statistics is None:
            return self
        flat = flatten_views(observation, self.views)
        return Encoder(
            self.views, normalisation.update(self.statistics, flat, jnp.asarray(is_step))
        )


def require_views(spec: WorldSpec, field: str, names: object, least: int = 1) -> None:
    """Raise ValueError unless ``names`` are views for a module.

    Args:
        spec: the world that has them.
        field: of the agent, that names them.
        names: what was given.
        least: numbers that they must hold together.
    """
    checks.instance(field, names, tuple)
    assert isinstance(names, tuple)
    if len(set(names)) < len(names):
        raise ValueError(f"{field} must name each view once, got {names}")
    try:
        size = spec.size(names)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
    if size < least:
        raise ValueError(f"{field} must hold at least one number together, got {names}")


def flatten_views(observation: Mapping[str, Any], names: Sequence[str]) -> Float[Array, "N D"]:
    """Return the views called ``names`` side by side, in this order, as float32.

    Args:
        observation: ``(N, ...)`` for each view; a view may hold no numbers at all.
        names: which views; without names the rows are empty.

    Raises:
        ValueError: if the observation has no such view.
    """
    for name in names:
        checks.one_of("view", name, tuple(observation))
    rows = len(next(iter(observation.values())))
    parts = [jnp.zeros((rows, 0), jnp.float32)]
    for name in names:
        view = jnp.asarray(observation[name], jnp.float32)
        parts.append(view.reshape(rows, math.prod(view.shape[1:])))
    return jnp.concatenate(parts, axis=1)
