"""Conversions between Gymnasium spaces and views and actions of hierax."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from hierax.spec import Continuous, Discrete, View, WorldSpec

SINGLE_VIEW = "observation"


class ViewReader(NamedTuple):
    """A view, and the function from N observations to its array ``(N, ...)``."""

    view: View
    read: Callable[[Sequence[Any]], np.ndarray]


class ActionWriter(NamedTuple):
    """An action kind, and the function from N actions ``(N, ...)`` to those of the environments."""

    action: Continuous | Discrete
    write: Callable[[np.ndarray], np.ndarray]


def view_readers(space: spaces.Space[Any]) -> tuple[ViewReader, ...]:
    """Return a reader for each view: one per key of a ``Dict``, or one named ``"observation"``.

    A ``Box`` keeps its shape; floats become float32, integers int32, except uint8. A ``Discrete``
    becomes a one-hot vector.

    Raises:
        ValueError: if the space, or a part of it, is neither ``Box`` nor ``Discrete``.
    """
    if isinstance(space, spaces.Dict):
        return tuple(_keyed(name, part) for name, part in space.spaces.items())
    return (_reader(SINGLE_VIEW, space),)


def action_writer(space: spaces.Space[Any]) -> ActionWriter:
    """Return the writer of an action space: [-1, 1]^d for a ``Box``, integers for a ``Discrete``.

    Raises:
        ValueError: if the space is neither a bounded ``Box`` of floats nor ``Discrete``.
    """
    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        return ActionWriter(Discrete(int(space.n)), lambda action: np.asarray(action) + start)
    if not isinstance(space, spaces.Box) or space.dtype.kind != "f":
        raise ValueError(
            f"the action space must be a Box of floats or Discrete, got {space}: wrap the "
            "environment in gymnasium.wrappers.TransformAction"
        )
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        raise ValueError(
            f"the action space must be bounded, got {space}: wrap the environment in "
            "gymnasium.wrappers.TransformAction"
        )
    return ActionWriter(Continuous(int(np.prod(space.shape))), _rescaling(space))


def observation_space(spec: WorldSpec) -> spaces.Space[Any]:
    """Return a ``Dict`` with a ``Box`` for each view, or a ``Discrete`` for a single integer."""
    return spaces.Dict({view.name: _view_space(view) for view in spec.views})


def scalar_views(spec: WorldSpec) -> tuple[str, ...]:
    """Return the names of the views that are a single integer."""
    return tuple(view.name for view in spec.views if _is_scalar_integer(view))


def action_space(spec: WorldSpec) -> spaces.Space[Any]:
    """Return ``Box(-1, 1)`` or ``Discrete``."""
    if isinstance(spec.action, Discrete):
        return spaces.Discrete(spec.action.count)
    return spaces.Box(-1.0, 1.0, spec.action.shape, np.float32)


def _view_space(view: View) -> spaces.Space[Any]:
    if _is_scalar_integer(view):
        return spaces.Discrete(int(view.high - view.low) + 1, start=int(view.low))
    return spaces.Box(view.low, view.high, view.shape, np.dtype(view.dtype).type)


def _is_scalar_integer(view: View) -> bool:
    return view.shape == () and view.dtype == "int32"


def _rescaling(space: spaces.Box) -> Callable[[np.ndarray], np.ndarray]:
    middle, half = (space.high + space.low) / 2.0, (space.high - space.low) / 2.0

    def write(action: np.ndarray) -> np.ndarray:
        shaped = np.asarray(action, space.dtype).reshape(-1, *space.shape)
        return np.clip(middle + half * shaped, space.low, space.high)

    return write


def _keyed(name: str, space: spaces.Space[Any]) -> ViewReader:
    view, read = _reader(name, space)
    return ViewReader(view, lambda observations: read([each[name] for each in observations]))


def _reader(name: str, space: spaces.Space[Any]) -> ViewReader:
    if isinstance(space, spaces.Discrete):
        numbers = int(space.start) + np.arange(int(space.n))
        return ViewReader(
            View(name, numbers.shape, 0.0, 1.0),
            lambda states: (np.array(states)[:, None] == numbers).astype(np.float32),
        )
    if not isinstance(space, spaces.Box):
        raise ValueError(
            f"observation {name!r} must be a Box or Discrete, got {space}: wrap the environment in "
            "gymnasium.wrappers.FlattenObservation"
        )
    dtype = _view_dtype(space.dtype)
    low, high = float(np.min(space.low)), float(np.max(space.high))
    return ViewReader(
        View(name, space.shape, low, high, dtype), lambda values: np.array(values, dtype)
    )


def _view_dtype(dtype: np.dtype[Any]) -> str:
    if dtype == np.uint8:
        return "uint8"
    return "float32" if dtype.kind == "f" else "int32"
