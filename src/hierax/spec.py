"""What an agent is told of the world that it acts in: its views, its actions and its time limit.

Agents and worlds do not know each other. Both know a `WorldSpec`, so that every agent acts in every
world whose actions are of its kind.
"""

import dataclasses
import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

__all__ = ["Continuous", "Discrete", "View", "WorldSpec"]

DTYPES = ("float32", "int32", "uint8")
"""Types that the numbers of a view may have."""


@dataclasses.dataclass(frozen=True)
class View:
    """A named part of an observation, such as ``"proprioception"``, ``"task"`` or ``"vision"``.

    Attributes:
        name: what a level asks for when it sees this part alone.
        shape: of one environment's array; ``(0,)`` where a body has nothing to show.
        low: least value of any entry.
        high: largest value of any entry.
        dtype: one of `DTYPES`.

    Raises:
        ValueError: where the shape, the bounds or the type are no such thing.
    """

    name: str
    shape: tuple[int, ...]
    low: float = -math.inf
    high: float = math.inf
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name of a view is empty, but must be a word")
        if any(not isinstance(length, int) or length < 0 for length in self.shape):
            raise ValueError(
                f"shape of view {self.name!r} is {self.shape}, but must be lengths not below 0"
            )
        if not self.low <= self.high:
            raise ValueError(
                f"low of view {self.name!r} is {self.low}, but must not be above high, {self.high}"
            )
        if self.dtype not in DTYPES:
            raise ValueError(
                f"dtype of view {self.name!r} is {self.dtype!r}, but must be one of "
                f"{', '.join(map(repr, DTYPES))}"
            )

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class Continuous:
    """Actions in the cube [-1, 1]^d; the world gives each of them its unit.

    Attributes:
        size: d, at least 1.
    """

    size: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _count("size of actions", self.size))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action."""
        return (self.size,)


@dataclasses.dataclass(frozen=True)
class Discrete:
    """Actions 0 .. count - 1.

    Attributes:
        count: how many there are.
    """

    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", _count("count of actions", self.count))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action: a single whole number."""
        return ()


@dataclasses.dataclass(frozen=True)
class WorldSpec:
    """A world as its agents know it.

    Attributes:
        name: such as ``"PointCross-v0"``.
        views: the parts of an observation, in the order in which they are laid side by side.
        action: what an action is.
        episode_limit: steps after which an episode is cut off; the state there is no end, so value
            is bootstrapped through it.
        has_success: whether the world says of each episode if it succeeded.

    Raises:
        ValueError: where there is no view, two views share a name, or the limit is below 1.
    """

    name: str
    views: tuple[View, ...]
    action: Continuous | Discrete
    episode_limit: int
    has_success: bool = False

    def __post_init__(self) -> None:
        names = self.view_names
        if not names or len(set(names)) < len(names):
            raise ValueError(f"views of {self.name} are {names}, but must have one name each")
        limit = _count("episode_limit", self.episode_limit)
        object.__setattr__(self, "episode_limit", limit)

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of all views."""
        return tuple(view.name for view in self.views)

    def view(self, name: str) -> View:
        """The view called ``name``; raises ValueError where there is none."""
        for view in self.views:
            if view.name == name:
                return view
        raise ValueError(
            f"{self.name} has no view {name!r}, but {', '.join(map(repr, self.view_names))}"
        )

    def size(self, names: Sequence[str] | None = None) -> int:
        """How many numbers the views called ``names`` hold together; those of all for None."""
        return sum(self.view(name).size for name in (self.view_names if names is None else names))


def _count(name: str, value: Any) -> int:
    """``value`` as an int, also where it is one of NumPy's; raises unless it is at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}, but must be a whole number not below 1")
    return int(value)
