"""Reading of the tables of a `TabularMDP`: shapes, availability, probabilities, discounts."""

import functools
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks
from hierax.planning.axis_order import in_order, require_axes, require_transition
from hierax.planning.backend import Array, is_traced, namespace, require_dense
from hierax.planning.decision_model import row_sums

PAIRS = "pairs"
"""Layout of a CSR matrix ``(S*A, S)`` whose row ``s*A + a`` is the pair (s, a)."""
PAIR = ("state", "action")
TRANSITION = ("state", "action", "next state")
BLOCK = 2**16
"""Entries of a block of a dense table, 512 KiB, that the cache holds."""


class Stated(NamedTuple):
    """A transition whose layout (`axis_order`) the caller stated."""

    table: Any
    layout: str


def is_sequence_of_matrices(transition: Any) -> bool:
    """Return whether ``transition`` is a sequence with a SciPy sparse matrix."""
    return isinstance(transition, Sequence) and any(sp.issparse(p) for p in transition)


def read_transition(transition: Any, layout: str) -> tuple[Any, int, int]:
    """Return ``(S, A, S)``, or one CSR matrix ``(S*A, S)``, and S and A; values are unchecked."""
    if sp.issparse(transition) and layout == PAIRS:
        states = transition.shape[1]
        return transition, states, transition.shape[0] // states
    if sp.issparse(transition):
        raise ValueError(
            "transition must be a dense (S, A, S) array or a sequence of A sparse (S, S) matrices, "
            f"got one sparse matrix of shape {transition.shape}"
        )
    if is_sequence_of_matrices(transition):
        table = _stack(transition)
        return table, table.shape[1], len(transition)
    table = model_checks.numeric("transition", transition)
    require_transition(table, layout)
    table = in_order(table, layout)
    return table, table.shape[0], table.shape[1]


def warn_if_ambiguous(transition: Any, reward: Any, discount: Any, available: Array) -> None:
    """Warn, once a process, if tables ``(S, A, S)`` are another valid model as ``(A, S, S)``."""
    states, actions = available.shape
    if states != actions or sp.issparse(transition) or is_traced(transition, available):
        return
    tables = [np.asarray(table) for table in (transition, reward, discount) if np.ndim(table) == 3]
    other = tables[0].swapaxes(0, 1)[available]
    with np.errstate(invalid="ignore"):
        off = np.abs(other.sum(axis=-1) - 1.0)
        is_valid = (other >= 0).all() and (off <= model_checks.DOUBLE.total).all()
    if is_valid and any((t != t.swapaxes(0, 1))[available].any() for t in tables):
        _warn_once()


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "transition is read as (S, A, S), but would also be a valid model as (A, S, S): use "
        "TabularMDP.from_arrays with layout='sas' or layout='ass', or an array called layout in "
        "an .npz file, to state the order",
        stacklevel=6,
    )


def _stack(matrices: Sequence[Any]) -> sp.csr_matrix:
    """Return one CSR matrix ``(S*A, S)``, row ``s*A + a``, from ``A`` sparse matrices."""
    states, actions = next(m.shape[0] for m in matrices if sp.issparse(m)), len(matrices)
    for action, matrix in enumerate(matrices):
        if not sp.issparse(matrix) or matrix.shape != (states, states) or states == 0:
            shape = f" of shape {matrix.shape}" if hasattr(matrix, "shape") else ""
            raise ValueError(
                f"transition of action {action} must be a sparse matrix of shape "
                f"({states}, {states}) like the others, with at least one state, got "
                f"{type(matrix).__name__}{shape}"
            )
        if matrix.dtype.kind not in "biuf":
            raise ValueError(
                f"transition of action {action} must hold real numbers, got type {matrix.dtype}"
            )
    by_action = sp.vstack([sp.csr_matrix(m, dtype=np.float64) for m in matrices], format="csr")
    by_state = by_action[np.arange(states * actions).reshape(actions, states).T.ravel()]
    by_state.sum_duplicates()
    return by_state


def read_available(available: Any, states: int, actions: int) -> Array:
    """Return which pairs exist, ``(S, A)`` bool; all for None."""
    if available is None:
        return np.ones((states, actions), dtype=bool)
    given = model_checks.numeric("available", available)
    require_axes("available", given, (states, actions), "SA")
    if is_traced(given):
        return given != 0
    wrong = ~np.isin(given, (0, 1))
    if wrong.any():
        index = model_checks.first(wrong)
        raise ValueError(
            f"available must be true or false, got {given[index]} at "
            f"{model_checks.place(PAIR, index)}"
        )
    table = given == 1
    if not table.any(axis=1).all():
        (state,) = model_checks.first(~table.any(axis=1))
        raise ValueError(
            f"available must offer an action in every state, got none at state {state}: for a "
            "terminal state keep an action, and use discount 0 on entering the state"
        )
    return table


def stochastic(table: Any, available: Array, rounding: model_checks.Rounding) -> Any:
    """Return a transition, given with this ``rounding``, as probabilities in float64.

    Rows of unavailable pairs become zero. A traced table is not checked.
    """
    require_dense(table, available)
    if is_traced(table, available):
        return jnp.where(available[:, :, None], table, 0.0)
    if sp.issparse(table):
        return _checked(_keep_available(table, available), available, rounding)
    copy, is_valid = _copy_by_blocks(table, available, rounding.total)
    if is_valid and rounding is model_checks.DOUBLE:
        return copy
    return _checked(copy, available, rounding)


def _copy_by_blocks(table: Array, available: Array, rounding: float) -> tuple[np.ndarray, bool]:
    """Return a copy with zero rows at unavailable pairs, and whether its rows are distributions.

    A large table is read once: each block is checked while the cache holds it.
    """
    copy, sums, least = np.empty(table.shape), np.empty(available.shape), 0.0
    ones, all_offered = np.ones(table.shape[2]), available.all()
    step = max(1, BLOCK // (table.shape[1] * table.shape[2]))
    with np.errstate(invalid="ignore"):
        for first in range(0, len(table), step):
            block = copy[first : first + step]
            block[...] = table[first : first + step]
            if not all_offered:
                block[~available[first : first + step]] = 0.0
            sums[first : first + step] = block @ ones
            least = np.minimum(least, block.min())  # NaN stays
        off = np.abs(sums - 1.0)[available].max()
    return copy, bool(least >= 0.0) and bool(off <= rounding)


def _keep_available(table: sp.csr_matrix, available: Array) -> sp.csr_matrix:
    """Return a sparse transition with zero rows at unavailable pairs."""
    if not available.all():
        table.data[~np.repeat(available.ravel(), np.diff(table.indptr))] = 0.0
    table.eliminate_zeros()
    return table


def _checked(table: Any, available: Array, rounding: model_checks.Rounding) -> Any:
    """Return probabilities whose rows sum to 1; raise, with the place, for what is none."""
    table = _without_rounding(table, rounding.entry)
    sums = row_sums(table).reshape(available.shape)
    wrong = (np.abs(sums - 1.0) > rounding.total) & available
    if wrong.any():
        index = model_checks.first(wrong)
        where = model_checks.place(PAIR, index)
        cure = _cure_of_empty(sums, available, index[0]) if sums[index] == 0 else ""
        raise ValueError(model_checks.wrong_sum("transition", sums[index], rounding, where) + cure)
    if rounding is model_checks.DOUBLE:
        return table
    return _divide_rows(table, np.where(available, sums, 1.0))


def _cure_of_empty(sums: Array, available: Array, state: int) -> str:
    """Return what to do with an empty row of ``state``: it has no such action, or is terminal."""
    if np.any(sums[state][available[state]]):
        return ": use available to say that a state does not have an action"
    return ": for a terminal state let an action stay, and use discount 0 on entering the state"


def _without_rounding(table: Any, rounding: float) -> Any:
    """Return ``table`` without negative entries; raise for one that is no rounding error."""
    entries = table.data if sp.issparse(table) else table
    if entries.min(initial=0.0) >= 0.0 and entries.max(initial=0.0) < np.inf:  # false for a NaN
        return table
    for wrong, rule in (
        (~np.isfinite(entries), "must be finite"),
        (entries < -rounding, "must not be negative"),
    ):
        if wrong.any():
            index = _entry(table, wrong)
            value = entries[wrong].flat[0]
            raise ValueError(
                f"transition {rule}, got {value} at {model_checks.place(TRANSITION, index)}"
            )
    return _with_entries(table, np.maximum(entries, 0.0))


def _divide_rows(table: Any, sums: np.ndarray) -> Any:
    if not sp.issparse(table):
        return table / sums[:, :, None]
    return _with_entries(table, table.data / np.repeat(sums.ravel(), np.diff(table.indptr)))


def _with_entries(table: Any, entries: np.ndarray) -> Any:
    return same_pattern(table, entries) if sp.issparse(table) else entries


def _entry(table: Any, wrong: np.ndarray) -> tuple[int, ...]:
    """Return state, action and next state of the first wrong entry of a dense or sparse table."""
    if not sp.issparse(table):
        return model_checks.first(wrong)
    position = int(np.argmax(wrong))
    row = int(np.searchsorted(table.indptr, position, side="right")) - 1
    return (*divmod(row, table.shape[0] // table.shape[1]), int(table.indices[position]))


def expected_reward(reward: Any, table: Any, available: Array, layout: str = "sas") -> Array:
    """Return ``Σₜ P[s, a, t] R[s, a, t]``, ``(S, A)``, 0 at unavailable pairs."""
    rewards = model_checks.numeric("reward", reward)
    states, actions = available.shape
    require_axes("reward", rewards, available.shape, "SA", layout.upper())
    rewards = in_order(rewards, layout)
    xp = namespace(rewards, table, available)
    if rewards.ndim == 2:
        expected = xp.where(available, rewards, 0.0)
        model_checks.require_finite("reward", expected, PAIR)
        return expected
    require_dense(table, rewards)
    rewards = xp.where(available[:, :, None], rewards, 0.0)
    model_checks.require_finite("reward", rewards, TRANSITION)
    if not sp.issparse(table):
        return xp.sum(table * rewards, axis=-1)
    weighted = table.data * rewards.reshape(-1, states)[coordinates(table)]
    return row_sums(same_pattern(table, weighted)).reshape(states, actions)


def read_discount(discount: Any, available: Array, layout: str = "sas") -> Any:
    """Return a number, ``(S,)``, or ``(S, A, S)`` with 0 at unavailable pairs."""
    table = model_checks.numeric("discount", discount)
    require_axes("discount", table, available.shape, "", "S", layout.upper())
    table = in_order(table, layout)
    if table.ndim == 3:
        table = namespace(table, available).where(available[:, :, None], table, 0.0)
    if is_traced(table, available):
        return table
    wrong = ~((table >= 0) & (table <= 1))
    if wrong.any():
        index = model_checks.first(wrong)
        axes = {0: (), 1: ("state",), 3: TRANSITION}[table.ndim]
        where = f" at {model_checks.place(axes, index)}" if axes else ""
        raise ValueError(f"discount must be in [0, 1], got {table[index]}{where}")
    return float(table) if table.ndim == 0 else table.copy()


def coordinates(table: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of every stored entry."""
    return np.repeat(np.arange(table.shape[0]), np.diff(table.indptr)), table.indices


def same_pattern(table: sp.csr_matrix, data: np.ndarray) -> sp.csr_matrix:
    """Return a CSR matrix with the pattern of ``table`` and other entries."""
    return sp.csr_matrix((data, table.indices, table.indptr), shape=table.shape, copy=False)
