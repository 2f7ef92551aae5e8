"""Descriptions of worlds: observations, actions, time limit.

Agents and worlds do not import each other. Both use a `WorldSpec`, so that every agent can be
trained in every world whose action kind it supports.
"""

import dataclasses
import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

__all__ = ["Continuous", "Discrete", "Stepped", "View", "WorldSpec"]

DTYPES = ("float32", "int32", "uint8")
"""Allowed dtypes of a view."""

Stepped: TypeAlias = Literal["jit", "host"]
"""``"jit"``: a functional world, stepped inside ``jax.jit``; ``"host"``: stepped by Python."""


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

    Raises:
        ValueError: if there is no view, two views have the same name, the limit is below 1, or
            ``stepped`` is neither of the two.
    """

    name: str
    views: tuple[View, ...]
    action: Continuous | Discrete
    episode_limit: int
    has_success: bool | None = False
    stepped: Stepped = dataclasses.field(default="jit", compare=False)

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

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of all views."""
        return tuple(view.name for view in self.views)

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


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words))


def _count(name: str, value: Any) -> int:
    """Return ``value`` as an int, NumPy integers included; raise unless it is at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
    return int(value)
