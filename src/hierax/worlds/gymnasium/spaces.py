"""Conversions between Gymnasium spaces and views and actions of hierax."""

import warnings
from collections.abc import Callable, Iterable, Sequence
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

    A ``Box`` keeps its shape. Floats become float32; so do integers whose bounds exceed 32 bits,
    with a warning, because float32 is exact up to 2^24 only. Other integers become int32, except
    uint8. A ``Discrete`` becomes a one-hot vector. A bound at the largest number of its type is no
    bound.

    Raises:
        ValueError: if the space, or a part of it, is neither ``Box`` nor ``Discrete``. A reader
            raises it for a number that its type cannot hold, or a state that the space lacks.
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
    if not np.isfinite([_bounds(space)]).all():
        raise ValueError(
            f"the action space must be bounded, got {space}: wrap the environment in "
            "gymnasium.wrappers.TransformAction"
        )
    return ActionWriter(Continuous(int(np.prod(space.shape))), _rescaling(space))


def observation_space(spec: WorldSpec) -> spaces.Space[Any]:
    """Return a ``Dict`` with a ``Box`` for each view, or a ``Discrete`` for a single integer.

    Its views are in the order of the spec, and so are those that
    ``gymnasium.wrappers.FlattenObservation`` puts side by side.
    """
    return in_order((view.name, _view_space(view)) for view in spec.views)


def in_order(parts: Iterable[tuple[str, spaces.Space[Any]]]) -> spaces.Space[Any]:
    """Return a ``Dict`` that keeps the order of its parts; from a dictionary it would sort them."""
    return spaces.Dict(list(parts))


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
    is_bounded = np.isfinite([view.low, view.high]).all()
    return view.shape == () and view.dtype == "int32" and bool(is_bounded)


def _rescaling(space: spaces.Box) -> Callable[[np.ndarray], np.ndarray]:
    # Halves first: the sum and the difference of large bounds may overflow.
    middle, half = space.high / 2.0 + space.low / 2.0, space.high / 2.0 - space.low / 2.0

    def write(action: np.ndarray) -> np.ndarray:
        shaped = np.asarray(action, space.dtype).reshape(-1, *space.shape)
        return np.minimum(np.maximum(middle + half * shaped, space.low), space.high)

    return write


def _keyed(name: str, space: spaces.Space[Any]) -> ViewReader:
    view, read = _reader(name, space)
    return ViewReader(view, lambda observations: read([each[name] for each in observations]))


def _reader(name: str, space: spaces.Space[Any]) -> ViewReader:
    if isinstance(space, spaces.Discrete):
        numbers = int(space.start) + np.arange(int(space.n))
        return ViewReader(
            View(name, numbers.shape, 0.0, 1.0), lambda states: _one_hot(name, states, numbers)
        )
    if not isinstance(space, spaces.Box):
        raise ValueError(
            f"observation {name!r} must be a Box or Discrete, got {space}: wrap the environment in "
            "gymnasium.wrappers.FlattenObservation"
        )
    dtype, (low, high) = _view_dtype(name, space), _bounds(space)
    view = View(name, space.shape, low, high, dtype)
    if dtype == "float32":
        return ViewReader(view, lambda values: np.array(values, dtype))
    return ViewReader(view, lambda values: _integers(name, values, np.dtype(dtype)))


def _view_dtype(name: str, space: spaces.Box) -> str:
    if space.dtype == np.uint8:
        return "uint8"
    if space.dtype.kind == "f":
        return "float32"
    if np.can_cast(space.dtype, np.int32) or _fits(space):
        return "int32"
    warnings.warn(
        f"observation {name!r} is {space.dtype} with bounds beyond 32 bits: it becomes float32, "
        "which holds integers exactly up to 16,777,216 only",
        stacklevel=2,
    )
    return "float32"


def _fits(space: spaces.Box) -> bool:
    """Return whether the bounds are numbers of int32."""
    allowed = np.iinfo(np.int32)
    return bool(space.low.min() >= allowed.min and space.high.max() <= allowed.max)


def _bounds(space: spaces.Box) -> tuple[float, float]:
    """Return the lowest and the highest bound; a bound at the largest number is infinite."""
    low, high = float(np.min(space.low)), float(np.max(space.high))
    dtype: Any = space.dtype
    if dtype.kind == "f":
        most = min(float(np.finfo(dtype).max), float(np.finfo(np.float32).max))
    elif np.can_cast(dtype, np.int32):
        return low, high
    else:
        most = float(np.iinfo(dtype).max)
    return -np.inf if low <= -most else low, np.inf if high >= most else high


def _integers(name: str, values: Sequence[Any], dtype: np.dtype[Any]) -> np.ndarray:
    """Return ``values`` as integers of ``dtype``; raise where that changes one of them."""
    given = np.array(values)
    if given.dtype == dtype:
        return given
    with np.errstate(invalid="ignore"):  # NaN, which is refused below
        exact = given.astype(dtype)
    if given.dtype.kind not in "iufb" or not np.array_equal(exact, given):
        wrong = given[exact != given] if given.dtype.kind in "iufb" else given
        raise ValueError(
            f"observation {name!r} must hold integers of {dtype}, as its space says, got "
            f"{wrong.ravel()[0]}: declare a Box of the numbers that it returns"
        )
    return exact


def _one_hot(name: str, states: Sequence[Any], numbers: np.ndarray) -> np.ndarray:
    found = np.array(states)[:, None] == numbers
    if not found.any(axis=1).all():
        wrong = np.array(states)[~found.any(axis=1)][0]
        raise ValueError(
            f"observation {name!r} must be an integer from {numbers[0]} to {numbers[-1]}, as its "
            f"space says, got {wrong}"
        )
    return found.astype(np.float32)
