"""The choice of backend: NumPy in float64 on the host, or JAX under a transformation.

Planning functions are called the same way in both cases. Concrete arrays are computed on the host
in float64, whatever the caller's JAX setting. Under ``jit``, ``grad`` or ``vmap`` the arguments are
tracers, and the functions run in JAX. Only this module makes the choice, by the type of the arrays.
"""

from types import ModuleType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax.core import Tracer

Array: TypeAlias = np.ndarray | jax.Array
HOST = {np.ndarray, np.float64, float, int, bool, sp.csr_matrix}
"""Types of most leaves, none of them an array of JAX. Looking them up is quick."""


def is_traced(*trees: Any) -> bool:
    """Return whether any leaf of ``trees`` is a JAX tracer."""
    others = [tree for tree in trees if type(tree) not in HOST]
    return bool(others) and any(isinstance(leaf, Tracer) for leaf in _other_leaves(others))


def _other_leaves(tree: Any) -> list[Any]:
    """Return the leaves of other types than `HOST`."""
    return [leaf for leaf in jax.tree.leaves(tree) if type(leaf) not in HOST]


def namespace(*trees: Any) -> ModuleType:
    """Return ``jax.numpy`` if any leaf of ``trees`` is a tracer, else ``numpy``."""
    return jnp if is_traced(*trees) else np


def planning_namespace(*trees: Any) -> ModuleType:
    """Return the `namespace` of ``trees`` for a computation in float64.

    Raises:
        ValueError: if a JAX transformation runs while 64-bit types are off or the model is sparse.
    """
    if not is_traced(*trees):
        return np
    require_dense(*trees)
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "planning under jit, grad or vmap must use 64-bit types, but they are off: "
            'call jax.config.update("jax_enable_x64", True) at the start of the program, '
            "or plan on concrete arrays"
        )
    return jnp


def require_dense(*trees: Any) -> None:
    """Raise if ``trees`` mix a SciPy sparse matrix with a JAX tracer."""
    if is_traced(*trees) and any(sp.issparse(leaf) for leaf in jax.tree.leaves(trees)):
        raise ValueError(
            "transition must be a dense (S, A, S) array under jit, grad or vmap, got a sparse "
            "matrix"
        )


def as_array(value: Any, dtype: Any = np.float64) -> Array:
    """Return ``value`` as a NumPy array of ``dtype``, or as a JAX array if it is traced.

    A tracer stays in float32 where 64-bit types are off; `planning_namespace` raises later, when
    something is computed from it.

    Raises:
        TypeError: if ``value`` holds anything but real numbers.
    """
    if is_traced(value):
        return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(dtype))
    array = np.asarray(value)
    if array.dtype.kind in "cmMOSU":  # NumPy would make floats of these: None becomes NaN
        raise TypeError(f"an array must hold real numbers, got {array.dtype}")
    return array.astype(dtype, copy=False)


def on_host(tree: Any) -> Any:
    """Return ``tree`` with its concrete JAX arrays as NumPy arrays, floats as float64.

    A model that was returned from ``jit`` or moved to a device holds JAX arrays. Arithmetic with
    them uses float32 where 64-bit types are off.
    """
    if not any(map(_on_device, _other_leaves(tree))):
        return tree
    return jax.tree.map(_to_host, tree)


def _on_device(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and not isinstance(leaf, Tracer)


def _to_host(leaf: Any) -> Any:
    if not _on_device(leaf):
        return leaf
    return as_array(leaf, np.float64 if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf.dtype)
