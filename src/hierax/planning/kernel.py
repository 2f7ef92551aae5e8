"""How the compiled kernels are compiled, and the unsigned integers that they count with.

Indices are unsigned throughout: for a signed one Numba must emit the wrap-around of negative
indices at every access, which makes a sweep over short rows two to three times slower. Signed and
unsigned 64-bit integers must not meet in one expression (Numba makes a float of them), hence `ONE`.
"""

from typing import Any

import numba
import numpy as np

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}
compiled = numba.njit(**_OPTIONS)
inner = numba.njit(no_cpython_wrapper=True, **_OPTIONS)
"""For kernels that only kernels call: no entry from Python, which takes long to compile."""

Index = np.uint32
"""Type of stored indices: states, pairs and entries."""
NOWHERE = np.uint32(2**32 - 1)
"""The index of nothing."""
count = np.uintp
ONE = np.uintp(1)
