"""Goals of a low level: where they are, how they move, and the reward for reaching them.

A goal is a point z* of the goal space. The low level sees it in units of the goal box, from -1 to
1, and in one of two ways (m is the map from observations to the goal space, G half the range of the
box, b its centre):

    relative   g = (z* - m(s)) / G       HIRO: the displacement that is still to be made
    absolute   g = (z* - b) / G          LESSON: the point itself

A relative goal is carried from step to step by the goal transition of Nachum et al. (2018),

    h(s, g, s') = (m(s) + G g - m(s')) / G,

which keeps z* where it is. The reward of the low level for a step is one of

    distance   -‖m(s') - z*‖₂                    HIRO
    progress   ‖m(s) - z*‖₂ - ‖m(s') - z*‖₂      the first, shaped by the potential -‖m(s) - z*‖₂

Both ask for the same. Where a step is small beside the box, the second is learned sooner: most of
the first tells how far the goal is, not what the action did.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp

from hierax.spec import GoalSpec, WorldSpec

LEAST_SQUARE = 1e-10
"""Added under the root of a distance: its gradient at 0 stays finite."""


class GoalSpace(Protocol):
    """A goal space: any function of the views, m."""

    def __call__(self, observation: Mapping[str, Any]) -> jax.Array:
        """Return m(s), ``(..., d)``, for observations with any leading axes."""
        ...

    def size(self, spec: WorldSpec) -> int:
        """Return d."""
        ...


@dataclasses.dataclass(frozen=True)
class Entries:
    """A goal space that consists of entries of one view.

    Attributes:
        view: name of the view.
        start: number of the first entry.
        stop: number after the last entry; None for the end of the view.
    """

    view: str
    start: int = 0
    stop: int | None = None

    def __call__(self, observation: Mapping[str, Any]) -> jax.Array:
        """Return ``(..., d)``, the entries, for observations with any leading axes."""
        return jnp.asarray(observation[self.view], jnp.float32)[..., self.start : self.stop]

    def size(self, spec: WorldSpec) -> int:
        """Return d.

        Raises:
            ValueError: if the world has no such view, or the entries are not in it.
        """
        held = spec.view(self.view).size
        stop = held if self.stop is None else self.stop
        if not 0 <= self.start < stop <= held:
            raise ValueError(
                f"entries of view {self.view!r} must be in 0 .. {held}, got {self.start} .. {stop}"
            )
        return stop - self.start


@dataclasses.dataclass(frozen=True)
class TaskGoal:
    """The goal space of the task: what the world compares with its own goal.

    Attributes:
        goal: the goal of the world.
    """

    goal: GoalSpec

    def __call__(self, observation: Mapping[str, Any]) -> jax.Array:
        """Return ``(..., d)``, the achieved goal, for observations with any leading axes."""
        return self.goal.achieved_goal(jax.tree.map(jnp.asarray, dict(observation)))

    def size(self, spec: WorldSpec) -> int:
        """Return d."""
        views = {view.name: jnp.zeros(view.shape) for view in spec.views}
        return jax.eval_shape(self, views).shape[-1]


@dataclasses.dataclass(frozen=True)
class Goals:
    """The arithmetic of goals, from arrays ``(..., d)`` of the goal space to units of the box.

    Attributes:
        half_range: G, one number for each dimension or for all.
        centre: b, likewise; only for absolute goals.
        relative: whether goals are relative.
        progress: whether progress is rewarded, or distance is charged.
    """

    half_range: tuple[float, ...]
    centre: tuple[float, ...] = (0.0,)
    relative: bool = True
    progress: bool = False

    def target(self, goal: jax.Array, place: jax.Array) -> jax.Array:
        """Return z* of a goal that is set at ``place``, m(s)."""
        origin = place if self.relative else jnp.array(self.centre)
        return origin + jnp.array(self.half_range) * goal

    def seen(self, target: jax.Array, place: jax.Array) -> jax.Array:
        """Return the goal, for the target z*, as the low level sees it at ``place``."""
        origin = place if self.relative else jnp.array(self.centre)
        return (target - origin) / jnp.array(self.half_range)

    def carried(self, goal: jax.Array, before: jax.Array, after: jax.Array) -> jax.Array:
        """Return h(s, g, s'): the goal at ``after`` that has the same target as at ``before``."""
        return self.seen(self.target(goal, before), after) if self.relative else goal

    def reward(self, target: jax.Array, before: jax.Array, after: jax.Array) -> jax.Array:
        """Return the reward ``(...)`` of steps from m(s) to m(s'), in units of the goal space."""
        left = distance(target, after)
        return distance(target, before) - left if self.progress else -left


def distance(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the Euclidean distance along the last axis."""
    return jnp.sqrt(jnp.square(a - b).sum(axis=-1) + LEAST_SQUARE)


def in_box(goal: jax.Array) -> jax.Array:
    """Return goals clipped to the box, [-1, 1]^d."""
    return jnp.clip(goal, -1.0, 1.0)
