"""A pytree of arrays as a flat dictionary of NumPy arrays, and back.

A name is the path of a leaf, its parts joined by ``/``: ``"timestep/observation/position"``.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def to_named_arrays(tree: Any) -> dict[str, np.ndarray]:
    """Return the leaves of ``tree`` by name; typed random keys as ``jax.random.key_data``.

    Raises:
        ValueError: if two leaves have the same name.
    """
    return {name: np.asarray(_data(leaf)) for name, leaf in _named(tree).items()}


def from_named_arrays(arrays: Any, like: Any) -> Any:
    """Return the tree that `to_named_arrays` was given.

    Args:
        arrays: the result of `to_named_arrays`.
        like: a tree of the same structure; its leaves need a shape and a dtype only, as
            ``jax.eval_shape`` gives them.

    Raises:
        ValueError: if ``arrays`` is not a dictionary, or a name or a shape differs from ``like``.
    """
    expected = _named(like)
    if not isinstance(arrays, Mapping):
        raise ValueError(
            f"saved must be a dictionary of arrays as save returns it, got {type(arrays).__name__}"
        )
    if differing := sorted(expected.keys() ^ arrays.keys()):
        raise ValueError(
            f"saved must have the arrays {', '.join(map(repr, expected))}; only one of the two "
            f"has {', '.join(map(repr, differing))}"
        )
    leaves = [_restored(name, arrays[name], leaf) for name, leaf in expected.items()]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _named(tree: Any) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}
    if len(named) < len(leaves):
        raise ValueError("each array must have a name of its own, but two leaves share one")
    return named


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _data(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if isinstance(leaf, jax.Array) and _is_key(leaf) else leaf


def _restored(name: str, array: Any, like: Any) -> Any:
    data = jax.eval_shape(jax.random.key_data, like) if _is_key(like) else like
    if np.shape(array) != data.shape:
        raise ValueError(
            f"saved[{name!r}] must have shape {data.shape}, got {np.shape(array)}; "
            "is it of another world, or of another number of environments?"
        )
    return jax.random.wrap_key_data(array) if _is_key(like) else array
