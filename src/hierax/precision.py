"""Computation in 32 bits, whatever `jax_enable_x64` is.

Planning on JAX needs 64 bits, so users turn the flag on for a whole program. Learning and its
worlds compute in 32 bits all the same: their numbers do not depend on the flag.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
T = TypeVar("T")


def in_float32(function: Callable[P, T]) -> Callable[P, T]:
    """Return ``function`` with ``jax_enable_x64`` off during each call."""

    @functools.wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> T:
        with jax.enable_x64(False):
            return function(*args, **kwargs)

    return computed
