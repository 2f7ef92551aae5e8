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
_WITHOUT_ENTRY: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True}
compiled = numba.njit(**_OPTIONS)
inner = numba.njit(**_WITHOUT_ENTRY)
"""For a module's private kernels: without the entry from Python, which takes long to compile.

Python must never call one: the process would crash.
"""

Index = np.uint32
"""Type of stored indices: states, pairs and entries."""
NOWHERE = np.uint32(2**32 - 1)
"""The index of nothing."""
count = np.uintp
ONE = np.uintp(1)
