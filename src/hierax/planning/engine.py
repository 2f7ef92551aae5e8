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

Array: TypeAlias = np.ndarray | jax.Array


def is_traced(*trees: Any) -> bool:
    """Whether any leaf of ``trees`` is a JAX tracer, that is, whether JAX is transforming."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(trees))


def namespace(*trees: Any) -> ModuleType:
    """``jax.numpy`` where JAX is transforming ``trees``, ``numpy`` where they are concrete."""
    return jnp if is_traced(*trees) else np


def planning_namespace(*trees: Any) -> ModuleType:
    """As `namespace`, for computations that must be done in float64.

    Raises:
        ValueError: under a JAX transformation while 64-bit types are off.
    """
    if not is_traced(*trees):
        return np
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "planning under jit, grad or vmap computes in float64, but 64-bit types are off: "
            'call jax.config.update("jax_enable_x64", True) at the start of the program, '
            "or plan on concrete arrays"
        )
    return jnp


def as_array(value: Any, dtype: Any = np.float64) -> Array:
    """``value`` as a tracer where JAX is transforming it, else as a NumPy array of ``dtype``.

    A tracer keeps float32 where 64-bit types are off; `planning_namespace` refuses it later, when
    something is computed from it.
    """
    if is_traced(value):
        return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(dtype))
    return np.asarray(value, dtype=dtype)
