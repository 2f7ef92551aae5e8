"""A pytree as arrays with names, and back: what a checkpoint holds and a digest is taken of."""

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
"""Types that safetensors writes and NumPy reads again."""


_ENTRY = re.compile(r"""\[('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]""")
"""The name of an entry of a dictionary: the key as Python writes it, in brackets."""


class Leaf(NamedTuple):
    """One leaf of a tree in host memory.

    Attributes:
        array: its numbers in C order; those of ``jax.random.key_data`` for typed keys.
        dtype: the leaf's own type, such as ``"float32"`` or ``"key<fry>"``.
        shape: the leaf's own shape.
        impl: name of the generator for typed keys, None for all else.
    """

    array: np.ndarray
    dtype: str
    shape: tuple[int, ...]
    impl: str | None = None

    def record(self) -> dict[str, Any]:
        """Type, shape and SHA-256 of the bytes, in terms of JSON."""
        digest = hashlib.sha256(self.array.reshape(-1).view(np.uint8).data).hexdigest()
        kind = {"dtype": self.dtype, "shape": list(self.shape), "sha256": digest}
        return kind if self.impl is None else {**kind, "impl": self.impl}


def tree_digest(tree: Any) -> str:
    """SHA-256 over names, types, shapes and bytes of all leaves: equal for equal runs.

    Raises:
        ValueError: where a leaf is neither an array nor a number.
    """
    leaves = named_leaves(tree)
    return records_digest({name: to_host(name, leaf).record() for name, leaf in leaves.items()})


def records_digest(records: Mapping[str, Mapping[str, Any]]) -> str:
    """The digest of the tree whose leaves have these records."""
    return hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()


def named_leaves(tree: Any) -> dict[str, Any]:
    """Leaves by the path that leads to them, such as ``.learner['actor'][0]``.

    Raises:
        ValueError: where two leaves have one name.
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {jax.tree_util.keystr(path): leaf for path, leaf in leaves}
    if len(named) < len(leaves):
        raise ValueError("two leaves of the tree share a name, but each must have its own")
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
    """Type and shape under which a leaf is stored; leaves of ``jax.eval_shape`` have them too.

    Raises:
        ValueError: where the leaf cannot be stored.
    """
    known = np.asarray(leaf) if isinstance(leaf, bool | int | float) else leaf
    if not hasattr(known, "dtype") or not hasattr(known, "shape"):
        raise ValueError(
            f"{name} is {type(leaf).__name__} {str(leaf)[:40]!r}, but must be an array or a number"
        )
    dtype = str(known.dtype)
    if dtype not in STORABLE and not is_key(known):
        raise ValueError(f"{name} has dtype {dtype}, which a checkpoint cannot hold")
    return dtype, tuple(known.shape)


def is_key(leaf: Any) -> bool:
    """Whether a leaf holds typed keys of random numbers."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def to_host(name: str, leaf: Any) -> Leaf:
    """A leaf in host memory, not copied where it lies there in C order already."""
    dtype, shape = kind_of(name, leaf)
    if isinstance(leaf, jax.Array) and is_key(leaf):
        data = np.asarray(jax.random.key_data(leaf), order="C")
        return Leaf(data, dtype, shape, str(jax.random.key_impl(leaf)))
    return Leaf(np.asarray(leaf, order="C"), dtype, shape)


def from_host(leaf: Leaf, like: Any) -> Any:
    """A leaf of the sort that ``like`` is: of Python, NumPy or JAX."""
    if isinstance(like, bool | int | float):
        return type(like)(leaf.array.item())
    if isinstance(like, np.ndarray):
        return leaf.array
    if isinstance(like, np.generic):
        return leaf.array[()]
    if leaf.impl is not None:
        return jax.random.wrap_key_data(jnp.array(leaf.array), impl=leaf.impl)
    if leaf.shape == () and getattr(like, "weak_type", False):
        return jnp.array(leaf.array.item())  # a strong type would compile every step once more
    return jnp.array(leaf.array)
