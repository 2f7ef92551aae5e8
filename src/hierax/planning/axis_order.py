"""Orders of axes of the tables of models: checks that name the order that a table seems to have.

``S`` are states and ``A`` actions. A *layout* is the order of a table of transitions: ``"sas"`` is
``(S, A, S)``, ``"ass"`` is ``(A, S, S)``. Models are stored as ``(S, A, S)``.
"""

import itertools
from typing import Any

import numpy as np

from hierax import checks
from hierax.planning.backend import Array, namespace

LAYOUTS = ("sas", "ass")
STATE_AXES = {"SAS": (0, 2), "ASS": (1, 2), "SSA": (0, 1)}
"""The two axes of states in each order of a table of transitions."""


def require_axes(name: str, table: Any, sizes: tuple[int, ...], *allowed: str) -> None:
    """Raise unless ``table`` has one of the ``allowed`` orders of axes, such as ``"SA"``.

    Args:
        name: name of the table, for the error.
        table: an array.
        sizes: numbers of states and actions.
        allowed: orders of axes.
    """
    given = np.shape(table)
    for axes in allowed:
        if given == _shape(axes, sizes):
            return
    orders = ("".join(order) for axes in allowed for order in itertools.permutations(axes))
    found = next((order for order in orders if _shape(order, sizes) == given), "")
    rule = checks.either(str(_shape(axes, sizes)) for axes in allowed)
    cure = _cure(name, max(allowed, key=len), found)
    raise ValueError(f"{name} must have shape {rule}, got {given}{cure}")


def _shape(axes: str, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a table with these axes."""
    states, actions = sizes
    return tuple([states if axis == "S" else actions for axis in axes])


def require_transition(table: Array, layout: str) -> None:
    """Raise unless a table of transitions has the axes of ``layout``."""
    order, shape = layout.upper(), np.shape(table)
    fitting = [] if len(shape) != 3 or 0 in shape else _fitting(shape)
    if order not in fitting:
        cure = _cure("transition", order, next(iter(fitting), ""))
        raise ValueError(
            f"transition must have shape {_axes(order)} with at least one state and one action, or "
            f"be a sequence of A sparse (S, S) matrices, got shape {shape}{cure}"
        )


def _fitting(shape: tuple[int, ...]) -> list[str]:
    """Return the orders of axes of transitions that fit a shape."""
    return [order for order, (i, j) in STATE_AXES.items() if shape[i] == shape[j]]


def in_order(table: Array, layout: str) -> Array:
    """Return a table of transitions with axes ``(S, A, S)``, any other table unchanged."""
    if layout == "sas" or table.ndim != 3:
        return table
    return namespace(table).swapaxes(table, 0, 1)


def _cure(name: str, wanted: str, found: str) -> str:
    """Return what to do with a table whose axes seem to have the order ``found``."""
    if not found:
        return ""
    if len(found) < 3:
        cure = "transpose it"
    elif found == "SSA":
        cure = f"use np.moveaxis({name}, 2, {wanted.index('A')})"
    else:
        cure = f"use TabularMDP.from_arrays with layout={found.lower()!r}"
    return f", which fits {_axes(found)}: {cure}"


def _axes(order: str) -> str:
    return f"({', '.join(order)})"
