"""Which engine computes: NumPy in float64 on the host, or JAX under a transformation.

Planning functions are called the same way everywhere. On concrete arrays they run on the host in
float64, whatever the caller's JAX setting; under ``jit``, ``grad`` or ``vmap`` their arguments are
tracers and they run in JAX. The choice is made here, from the type of the arrays, and nowhere else.
"""

from types import ModuleType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax.core import Tracer

Array: TypeAlias = np.ndarray | jax.Array


def is_traced(*trees: Any) -> bool:
    """Whether any leaf of ``trees`` is a JAX tracer, that is, whether JAX is transforming."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))


def namespace(*trees: Any) -> ModuleType:
    """``jax.numpy`` where JAX is transforming ``trees``, ``numpy`` where they are concrete."""
    return jnp if is_traced(*trees) else np


def planning_namespace(*trees: Any) -> ModuleType:
    """As `namespace`, for computations that must be done in float64.

    Raises:
        ValueError: under a JAX transformation, where 64-bit types are off or the model is sparse.
    """
    if not is_traced(*trees):
        return np
    require_dense(*trees)
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "planning under jit, grad or vmap computes in float64, but 64-bit types are off: "
            'call jax.config.update("jax_enable_x64", True) at the start of the program, '
            "or plan on concrete arrays"
        )
    return jnp


def require_dense(*trees: Any) -> None:
    """Raise where a SciPy sparse matrix would meet a JAX transformation."""
    if is_traced(*trees) and any(sp.issparse(leaf) for leaf in jax.tree.leaves(trees)):
        raise ValueError(
            "the transition is sparse, but under jit, grad or vmap it must be a dense (S, A, S) "
            "array"
        )


def as_array(value: Any, dtype: Any = np.float64) -> Array:
    """``value`` as a tracer where JAX is transforming it, else as a NumPy array of ``dtype``.

    A tracer keeps float32 where 64-bit types are off; `planning_namespace` refuses it later, when
    something is computed from it.

    Raises:
        TypeError: where ``value`` holds no real numbers.
    """
    if is_traced(value):
        return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(dtype))
    array = np.asarray(value)
    if array.dtype.kind in "cmMOSU":  # NumPy would make floats of these: None becomes NaN
        raise TypeError(f"{array.dtype} holds no real numbers")
    return array.astype(dtype, copy=False)


def on_host(tree: Any) -> Any:
    """``tree`` with its concrete JAX arrays as NumPy arrays, floats as float64.

    A model that was returned from ``jit`` or put on a device holds JAX arrays, and arithmetic with
    these is done in float32 where 64-bit types are off.
    """
    if not any(_on_device(leaf) for leaf in jax.tree.leaves(tree)):
        return tree
    return jax.tree.map(_to_host, tree)


def _on_device(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and not isinstance(leaf, Tracer)


def _to_host(leaf: Any) -> Any:
    if not _on_device(leaf):
        return leaf
    return as_array(leaf, np.float64 if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf.dtype)
