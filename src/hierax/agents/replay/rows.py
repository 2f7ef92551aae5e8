"""The rows of a replay: fewer of them for a short run, and only those that were written.

A checkpoint holds the written rows alone. They can be read into a ring of as many rows or more. The
same sequences can be drawn there, in the same order, so a larger ring changes no draw.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.replay.index import IndexState
from hierax.agents.replay.replay import ReplayState


def cut(state: ReplayState, rows: int) -> ReplayState:
    """Return an empty replay like the empty replay ``state``, with ``rows`` rows if it has more."""
    known = _rows(state)
    if rows >= known:
        return state
    return _each(
        lambda leaf: jnp.zeros((len(leaf) // known * rows, *leaf.shape[1:]), leaf.dtype), state
    )


def written(state: ReplayState) -> int:
    """Return the number of rows that were written, with that of the last observation."""
    return min(int(state.ring.written) + 1, _rows(state))


def packed(state: ReplayState) -> dict[str, np.ndarray]:
    """Return the rows that were written, as NumPy arrays by their paths in the state."""
    known, filled = _rows(state), written(state)
    kept = _each(lambda leaf: np.asarray(leaf)[: len(leaf) // known * filled], state)
    return {name: np.asarray(leaf) for name, leaf in _named(kept)}


def unpacked(arrays: Mapping[str, np.ndarray], like: ReplayState) -> ReplayState:
    """Return the replay that holds the rows of `packed`, in arrays of the shapes of ``like``.

    Raises:
        ValueError: if the arrays are not those of such a replay, or have more rows.
    """
    names = [name for name, _ in _named(like)]
    if sorted(names) != sorted(arrays):
        raise ValueError(
            f"arrays of the replay must be {', '.join(sorted(names))}, got "
            f"{', '.join(sorted(arrays))}"
        )
    structure = jax.tree.structure(like)
    stored: ReplayState = jax.tree.unflatten(structure, [arrays[name] for name in names])
    if _rows(stored) < _rows(like):
        stored = _unrolled(stored)
    grown = [
        _grown(name, array, leaf)
        for (name, leaf), array in zip(_named(like), jax.tree.leaves(stored), strict=True)
    ]
    return jax.tree.unflatten(structure, grown)


def _unrolled(state: ReplayState) -> ReplayState:
    """Return the replay with the oldest row first."""
    rows, oldest = _rows(state), int(state.ring.cursor) + 1

    def rolled(leaf: Any) -> np.ndarray:
        return np.roll(leaf, -oldest, axis=0)

    def of_index(index: IndexState) -> IndexState:
        row, environment = np.divmod(index.starts, len(index.starts) // rows)
        starts = (row - oldest) % rows * (len(index.starts) // rows) + environment
        first = int(index.first) % len(starts)
        return index._replace(
            starts=np.roll(starts, -first).astype(index.starts.dtype),
            first=np.zeros_like(index.first),
            entered=rolled(index.entered),
        )

    if oldest == rows:
        return state
    ring = state.ring._replace(
        observation=jax.tree.map(rolled, state.ring.observation),
        step=jax.tree.map(rolled, state.ring.step),
        cursor=np.full_like(state.ring.cursor, rows - 1),
    )
    return ReplayState(ring, {name: of_index(each) for name, each in state.indices.items()})


def _grown(name: str, array: np.ndarray, like: Any) -> jax.Array:
    """Return the array with zeros behind, in the shape of ``like``."""
    same_kind = array.ndim == len(like.shape) and array.dtype == like.dtype
    if not same_kind or array.shape[1:] != like.shape[1:] or array.shape[:1] > like.shape[:1]:
        raise ValueError(
            f"array {name} of the replay must be {like.dtype} {like.shape} or have fewer rows, got "
            f"{array.dtype} {array.shape}"
        )
    if array.shape == like.shape:
        return jnp.array(array)
    grown = np.zeros(like.shape, like.dtype)
    grown[: len(array)] = array
    return jnp.array(grown)


def _rows(state: ReplayState) -> int:
    return state.ring.step.reward.shape[0]


def _each(function: Callable[[Any], Any], state: ReplayState) -> ReplayState:
    """Apply a function to each array that has an entry for each row, or for each step."""
    ring = state.ring._replace(
        observation=jax.tree.map(function, state.ring.observation),
        step=jax.tree.map(function, state.ring.step),
    )
    indices = {
        name: index._replace(starts=function(index.starts), entered=function(index.entered))
        for name, index in state.indices.items()
    }
    return ReplayState(ring, indices)


def _named(state: ReplayState) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves]
