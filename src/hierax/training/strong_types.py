"""Arrays without weak types, so that compiled functions see the same types in every call."""

from typing import Any

import jax
import jax.numpy as jnp


def strongly_typed(tree: Any) -> Any:
    """Return ``tree`` without the weak types that Python's numbers have.

    A loop drops weak types. A compiled function whose arguments change types is compiled again.
    """

    def strong(leaf: jax.Array) -> jax.Array:
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return leaf if is_key else jax.lax.convert_element_type(leaf, leaf.dtype)

    return jax.tree.map(strong, tree)
