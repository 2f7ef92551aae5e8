"""Descriptions of worlds: observations, actions, time limit.

Agents and worlds do not import each other. Both use a `WorldSpec`, so that every agent can be
trained in every world whose action kind it supports.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

__all__ = ["Continuous", "Discrete", "GoalSpec", "Stepped", "View", "WorldSpec"]

DTYPES = ("float32", "int32", "uint8")
"""Allowed dtypes of a view."""

Stepped: TypeAlias = Literal["jit", "host"]
"""``"jit"``: a functional world, stepped inside ``jax.jit``; ``"host"``: stepped by Python."""
Array: TypeAlias = Any
"""An array of NumPy or JAX."""
GOAL_REWARDS = ("distance", "reached", None)
"""Allowed rewards of a `GoalSpec`."""


@dataclasses.dataclass(frozen=True)
class View:
    """A named part of an observation, such as ``"proprioception"``, ``"task"`` or ``"vision"``.

    Attributes:
        name: key of the view in the observation dictionary.
        shape: shape of the array of one environment; ``(0,)`` for an empty view.
        low: lower bound of all entries.
        high: upper bound of all entries.
        dtype: one of `DTYPES`.

    Raises:
        ValueError: if the name, the shape, the bounds or the dtype is invalid.
    """

    name: str
    shape: tuple[int, ...]
    low: float = -math.inf
    high: float = math.inf
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("the name of a view must not be empty, got ''")
        if any(not isinstance(length, int) or length < 0 for length in self.shape):
            raise ValueError(
                f"shape of view {self.name!r} must be a tuple of integers >= 0, got {self.shape}"
            )
        if not self.low <= self.high:
            raise ValueError(
                f"low of view {self.name!r} must not be above high, "
                f"got low={self.low} and high={self.high}"
            )
        if self.dtype not in DTYPES:
            raise ValueError(
                f"dtype of view {self.name!r} must be one of {_listed(DTYPES)}, got {self.dtype!r}"
            )

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class Continuous:
    """Continuous actions in [-1, 1]^d; the world scales them to its own units.

    Attributes:
        size: d, at least 1.
    """

    size: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _count("size of actions", self.size))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one action: ``(d,)``."""
        return (self.size,)


@dataclasses.dataclass(frozen=True)
class Discrete:
    """Discrete actions 0, ..., count - 1.

    Attributes:
        count: number of actions, at least 1.
    """

    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", _count("count of actions", self.count))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one action: ``()``, a single integer."""
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class GoalSpec:
    """A goal: which entries of an observation are compared with it, and how.

    Agents and replays use it to set goals and to exchange them. Goals have the units of the views.
    All methods accept arrays of NumPy or JAX with any leading axes.

    Attributes:
        achieved: name of the view that is compared with the goal, such as ``"position"``; or names
            of several views, which are concatenated.
        entries: first and last entry, exclusive, of this view; None for all entries.
        desired: name of the view of the goal; None if the goal is not observed.
        fixed: the goal of every episode if it is not observed; else None.
        relative: whether the view of the goal is the difference of goal and achieved goal.
        radius: success is a distance below it.
        reward: reward of a step from both goals after it. ``"distance"``: -sqrt(d^2 + 1e-10), d
            the distance. ``"reached"``: 1 where d is below the radius, where the episode ends, and
            else 0. None if the reward depends on more than that.

    Raises:
        ValueError: if the reward is none of these, the radius is not positive, or not exactly one
            of ``desired`` and ``fixed`` is given.
    """

    achieved: str | tuple[str, ...]
    radius: float
    entries: tuple[int, int] | None = None
    desired: str | None = None
    fixed: tuple[float, ...] | None = None
    relative: bool = False
    reward: Literal["distance", "reached"] | None = "distance"

    def __post_init__(self) -> None:
        if self.reward not in GOAL_REWARDS:
            raise ValueError(
                f"reward of a goal must be 'distance', 'reached' or None, got {self.reward!r}"
            )
        if not self.radius > 0.0:
            raise ValueError(f"radius of a goal must be > 0, got {self.radius!r}")
        if (self.desired is None) == (self.fixed is None):
            raise ValueError(
                "a goal must have either a view (desired) or a value (fixed), got "
                f"desired={self.desired!r} and fixed={self.fixed!r}"
            )

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that are compared with the goal."""
        return (self.achieved,) if isinstance(self.achieved, str) else self.achieved

    def achieved_goal(self, observation: Mapping[str, Array]) -> Array:
        """Return what is compared with the goal, ``(..., d)``."""
        arrays = [observation[name] for name in self.views]
        if len(arrays) > 1:
            arrays = [arrays[0].__array_namespace__().concat(arrays, axis=-1)]
        return arrays[0] if self.entries is None else arrays[0][..., slice(*self.entries)]

    def desired_goal(self, observation: Mapping[str, Array]) -> Array:
        """Return the goal of the episodes of an observation, ``(..., d)``."""
        achieved = self.achieved_goal(observation)
        if self.desired is None:
            xp = achieved.__array_namespace__()
            return xp.broadcast_to(xp.asarray(self.fixed, dtype=achieved.dtype), achieved.shape)
        shown = observation[self.desired]
        return achieved + shown if self.relative else shown

    def with_goal(self, observation: Mapping[str, Array], goal: Array) -> dict[str, Array]:
        """Return an observation that shows another goal; the same if goals are not observed.

        Args:
            observation: arrays ``(..., n)`` by name of the view.
            goal: ``(..., d)``.
        """
        if self.desired is None:
            return dict(observation)
        shown = goal - self.achieved_goal(observation) if self.relative else goal
        return {**observation, self.desired: shown}

    def reward_of(self, achieved: Array, desired: Array) -> Array:
        """Return the reward ``(...)`` of a step after which ``achieved`` is reached.

        Args:
            achieved: ``(..., d)``, see `achieved_goal`.
            desired: ``(..., d)``, see `desired_goal`.

        Raises:
            ValueError: if the reward does not depend on both alone.
        """
        if self.reward is None:
            raise ValueError("reward of this world depends on more than achieved and desired goal")
        xp, squared = achieved.__array_namespace__(), _squared_distance(achieved, desired)
        if self.reward == "distance":
            return -xp.sqrt(squared + 1e-10)
        return (squared < self.radius**2).astype(squared.dtype)

    def success_of(self, achieved: Array, desired: Array) -> Array:
        """Return whether the distance of both goals is below the radius, ``(...)`` bool."""
        return _squared_distance(achieved, desired) < self.radius**2


@dataclasses.dataclass(frozen=True)
class WorldSpec:
    """The description of a world that agents and drivers use.

    Attributes:
        name: such as ``"PointCross-v0"``.
        views: parts of an observation, in the order in which they are concatenated.
        action: kind of the actions.
        episode_limit: number of steps after which an episode is truncated. A truncated state is
            not terminal: values are bootstrapped from it.
        has_success: whether the world reports success; None if only its steps can tell, as those
            of a Gymnasium environment. Its batches then have an attribute ``tells_success``.
        stepped: ``"jit"`` for a functional world (`hierax.worlds.World`), ``"host"`` for a world
            with a method ``batch`` (`hierax.worlds.HostWorld`). Two specs that differ only here
            are equal.
        goal: the goal of the world; None if it has none.
        nuisance: names of views that say nothing about the state.

    Raises:
        ValueError: if there is no view, two views have the same name, the limit is below 1,
            ``stepped`` is neither of the two, or the goal does not fit the views.
    """

    name: str
    views: tuple[View, ...]
    action: Continuous | Discrete
    episode_limit: int
    has_success: bool | None = False
    stepped: Stepped = dataclasses.field(default="jit", compare=False)
    goal: GoalSpec | None = None
    nuisance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.view_names
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"views of {self.name} must be one or more with different names, got {names}"
            )
        if self.stepped not in ("jit", "host"):
            raise ValueError(
                f"stepped of {self.name} must be one of 'jit', 'host', got {self.stepped!r}"
            )
        limit = _count("episode_limit", self.episode_limit)
        object.__setattr__(self, "episode_limit", limit)
        for name in self.nuisance:
            self.view(name)
        if self.goal is not None:
            self._require_goal(self.goal)

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of all views."""
        return tuple(view.name for view in self.views)

    @property
    def goal_size(self) -> int:
        """Number of entries of a goal; 0 without one."""
        if self.goal is None:
            return 0
        size = self.size(self.goal.views)
        return size if self.goal.entries is None else len(range(size)[slice(*self.goal.entries)])

    def view(self, name: str) -> View:
        """Return the view with this name.

        Raises:
            ValueError: if there is no such view.
        """
        for view in self.views:
            if view.name == name:
                return view
        raise ValueError(
            f"unknown view {name!r} of {self.name}; its views are {_listed(self.view_names)}"
        )

    def size(self, names: Sequence[str] | None = None) -> int:
        """Return the total number of entries of the views in ``names``; of all views for None."""
        return sum(self.view(name).size for name in (self.view_names if names is None else names))

    def _require_goal(self, goal: GoalSpec) -> None:
        """Raise unless what is achieved and the goal itself have the same number of entries."""
        size = self.goal_size
        shown = len(goal.fixed or ()) if goal.desired is None else self.view(goal.desired).size
        if not size or shown != size:
            raise ValueError(
                f"goal of {self.name} must have as many entries as what is compared with it, "
                f"got {shown} and {size}"
            )


def _squared_distance(achieved: Array, desired: Array) -> Array:
    return ((achieved - desired) ** 2).sum(-1)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words))


def _count(name: str, value: Any) -> int:
    """Return ``value`` as an int, NumPy integers included; raise unless it is at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
    return int(value)
