"""A goal space that is learned while it is used: the map f, its training, and its running scale.

    m(s) = (f(s) - mean) / standard deviation

Mean and standard deviation of f are running statistics, so the box of goals keeps its size in units
of what f takes on, whatever the scale of f is. What is stored of a goal are its coordinates in the
box at the first step of its decision. An update reads them with the present f and the present
statistics: the same displacement in units of the box, from where the agent was. From there the goal
is carried on to the other steps, as in acting.
"""

import dataclasses
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key, Metrics
from hierax.agents.optimisation import adam, gradient_step, polyak_update

STATISTICS_RATE = 0.002
"""Weight of the newest batch in the running statistics, once there are 500 of them."""
DRIFT_RATE = 0.001
"""Rate of the average of f that the drift of f is measured against: over 1,000 updates."""
LEAST_SPREAD = 1e-4
"""Least standard deviation that is divided by."""


class Course(NamedTuple):
    """Where B decisions began, and their actions.

    Attributes:
        start: ``(B, n)``, features before the first step.
        action: ``(c, B, A)``.
        is_step: ``(c, B)`` bool, False where a decision is shorter.
    """

    start: jax.Array
    action: jax.Array
    is_step: jax.Array


class Trajectories(NamedTuple):
    """B decisions of up to c steps, with all that was seen.

    Attributes:
        features: ``(c + 1, B, n)`` of the observations; repeated after the last step.
        action: ``(c, B, A)``.
        is_step: ``(c, B)`` bool, False where a decision is shorter.
    """

    features: jax.Array
    action: jax.Array
    is_step: jax.Array

    @property
    def length(self) -> jax.Array:
        """``(B,)``, steps of each decision."""
        return self.is_step.sum(axis=0)

    @property
    def ends(self) -> jax.Array:
        """``(2, B, n)``: features before the first step and after the last."""
        return self.features[:: len(self.features) - 1]

    @property
    def course(self) -> Course:
        """Where they began, and their actions."""
        return Course(self.features[0], self.action, self.is_step)

    def after(self, steps: jax.Array) -> jax.Array:
        """Return ``(B, n)``: the features so many steps after the first observation."""
        return self.features[steps, jnp.arange(len(steps))]


class Representation(Protocol):
    """A map f from features to a goal space, and what it is trained on."""

    def size(self, features: int) -> int:
        """Return d for n features."""
        ...

    def build(self, key: Key, features: int) -> Any:
        """Return the parameters of f before the first update."""
        ...

    def embed(self, parameters: Any, features: jax.Array) -> jax.Array:
        """Return f, ``(..., d)``, of features ``(..., n)``."""
        ...

    def loss(
        self, parameters: Any, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return the loss () and metrics; a constant where nothing is learned."""
        ...


@dataclasses.dataclass(frozen=True)
class OfSize:
    """A representation with as many dimensions as are asked for.

    Attributes:
        dimensions: d.
    """

    dimensions: int

    def size(self, features: int) -> int:
        """Return d."""
        del features
        return self.dimensions


class LearnedSpace(NamedTuple):
    """Everything of a goal space that changes.

    Attributes:
        parameters: of f.
        optimiser: state of the optimiser.
        slow: average of the parameters.
        mean: ``(d,)``, running mean of f.
        variance: ``(d,)``, running variance of f.
        updates: () int32, updates so far.
    """

    parameters: Any
    optimiser: Any
    slow: Any
    mean: jax.Array
    variance: jax.Array
    updates: jax.Array

    @property
    def spread(self) -> jax.Array:
        """``(d,)``, running standard deviation of f."""
        return jnp.maximum(jnp.sqrt(self.variance), LEAST_SPREAD)


@dataclasses.dataclass(frozen=True)
class SpaceTraining:
    """How a goal space is built, used and updated.

    Attributes:
        representation: f.
        learning_rate: of Adam.
    """

    representation: Representation
    learning_rate: float

    def build(self, key: Key, features: int) -> LearnedSpace:
        """Return an untrained goal space over n features."""
        parameters = self.representation.build(key, features)
        size = self.representation.size(features)
        return LearnedSpace(
            parameters,
            adam(self.learning_rate).init(parameters),
            jax.tree.map(jnp.copy, parameters),
            jnp.zeros(size),
            jnp.ones(size),
            jnp.zeros((), jnp.int32),
        )

    def places(self, space: LearnedSpace, features: jax.Array) -> jax.Array:
        """Return m(s), ``(..., d)``."""
        found = self.representation.embed(space.parameters, features)
        return (found - space.mean) / space.spread

    def update(
        self, space: LearnedSpace, trajectories: Trajectories, key: Key
    ) -> tuple[LearnedSpace, Metrics]:
        """Return the goal space after one gradient update, and metrics."""
        step = gradient_step(
            adam(self.learning_rate),
            lambda parameters: self.representation.loss(parameters, trajectories, key),
            space.parameters,
            space.optimiser,
        )
        slow = polyak_update(space.slow, step.parameters, DRIFT_RATE)
        start = trajectories.features[0]
        found = self.representation.embed(step.parameters, start)
        mean, variance = _statistics(space, found)
        space = LearnedSpace(
            step.parameters, step.optimiser, slow, mean, variance, space.updates + 1
        )
        moved = (found - self.representation.embed(slow, start)) / space.spread
        return space, {
            "loss": step.loss,
            "gradient": step.gradient_norm,
            "spread": space.spread.mean(),
            "drift": jnp.sqrt(jnp.square(moved).mean()),
            **step.aux,
        }


def _statistics(space: LearnedSpace, found: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the running mean and variance with one more batch of f, ``(B, d)``."""
    rate = jnp.maximum(STATISTICS_RATE, 1 / (1 + space.updates))
    shift = found.mean(axis=0) - space.mean
    # The variance of a mixture: what is inside both parts, and what is between them.
    variance = (1 - rate) * (space.variance + rate * shift**2) + rate * found.var(axis=0)
    return space.mean + rate * shift, variance
