"""Conversion of a pytree to arrays with names and back, for checkpoints and digests."""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

STORABLE = frozenset(
    {"bool", "complex64", "bfloat16", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
"""Dtypes that safetensors writes and NumPy reads."""

_ENTRY = re.compile(r"""\[('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]""")
"""The name of an entry of a dictionary: the key as Python writes it, in brackets."""


class Leaf(NamedTuple):
    """One leaf of a tree in host memory.

    Attributes:
        array: in C order; ``jax.random.key_data`` of typed random keys.
        dtype: of the leaf, such as ``"float32"`` or ``"key<fry>"``.
        shape: of the leaf.
        impl: name of the generator of typed random keys, otherwise None.
    """

    array: np.ndarray
    dtype: str
    shape: tuple[int, ...]
    impl: str | None = None

    def record(self) -> dict[str, Any]:
        """Return dtype, shape and SHA-256 of the bytes, as JSON."""
        digest = hashlib.sha256(self.array.reshape(-1).view(np.uint8).data).hexdigest()
        kind = {"dtype": self.dtype, "shape": list(self.shape), "sha256": digest}
        return kind if self.impl is None else {**kind, "impl": self.impl}


def tree_digest(tree: Any) -> str:
    """Return the SHA-256 of names, dtypes, shapes and bytes of all leaves.

    Raises:
        ValueError: if a leaf is neither an array nor a number.
    """
    leaves = named_leaves(tree)
    return records_digest({name: to_host(name, leaf).record() for name, leaf in leaves.items()})


def records_digest(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the digest of a tree whose leaves have these records."""
    return hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()


def named_leaves(tree: Any) -> dict[str, Any]:
    """Return the leaves by their paths, such as ``.learner['actor'][0]``.

    Raises:
        ValueError: if two leaves have the same name.
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {jax.tree_util.keystr(path): leaf for path, leaf in leaves}
    if len(named) < len(leaves):
        raise ValueError("leaves of the tree must have different names, got two with the same name")
    return named


def named_arrays(place: str, names: Iterable[str]) -> dict[str, str]:
    """Return those of ``names`` that are entries of a dictionary at ``place``, with their keys.

    Args:
        place: name of the dictionary in a tree, as in `named_leaves`.
        names: of leaves.
    """
    found = {}
    for name in names:
        rest = name.removeprefix(place)
        if name.startswith(place) and (entry := _ENTRY.fullmatch(rest)):
            found[name] = str(ast.literal_eval(entry[1]))
    return found


def kind_of(name: str, leaf: Any) -> tuple[str, tuple[int, ...]]:
    """Return dtype and shape of a leaf as it is stored; also for leaves of ``jax.eval_shape``.

    Raises:
        ValueError: if the leaf cannot be stored.
    """
    known = np.asarray(leaf) if isinstance(leaf, bool | int | float) else leaf
    if not hasattr(known, "dtype") or not hasattr(known, "shape"):
        raise ValueError(
            f"{name} must be an array or a number, got {type(leaf).__name__} {str(leaf)[:40]!r}"
        )
    dtype = str(known.dtype)
    if dtype not in STORABLE and not is_key(known):
        raise ValueError(f"{name} must have a dtype that a checkpoint can hold, got {dtype}")
    return dtype, tuple(known.shape)


def is_key(leaf: Any) -> bool:
    """Return whether a leaf holds typed random keys."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def to_host(name: str, leaf: Any) -> Leaf:
    """Return a leaf in host memory; not copied if it is there in C order already."""
    dtype, shape = kind_of(name, leaf)
    if isinstance(leaf, jax.Array) and is_key(leaf):
        data = np.asarray(jax.random.key_data(leaf), order="C")
        return Leaf(data, dtype, shape, str(jax.random.key_impl(leaf)))
    return Leaf(np.asarray(leaf, order="C"), dtype, shape)


def from_host(leaf: Leaf, like: Any) -> Any:
    """Return a leaf of the same kind as ``like``: of Python, NumPy or JAX."""
    if isinstance(like, bool | int | float):
        return type(like)(leaf.array.item())
    if isinstance(like, np.ndarray):
        return leaf.array
    if isinstance(like, np.generic):
        return leaf.array[()]
    if leaf.impl is not None:
        return jax.random.wrap_key_data(jnp.array(leaf.array), impl=leaf.impl)
    if leaf.shape == () and getattr(like, "weak_type", False):
        return jnp.array(leaf.array.item())  # a strong type would cause a new compilation
    return jnp.array(leaf.array)
