"""Numba options of the compiled kernels, and their unsigned index types.

All indices are unsigned: with a signed index Numba emits the wrap-around of negative indices at
every access, which makes a sweep over short rows two to three times slower. Never mix signed and
unsigned 64-bit integers in one expression: Numba converts them to float. Use `ONE` instead of 1.
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
"""Decorator of private kernels without an entry point from Python, which is slow to compile.

Never call such a kernel from Python: the process would crash.
"""

Index = np.uint32
"""Type of stored indices: states, pairs and entries."""
NOWHERE = np.uint32(2**32 - 1)
"""The index that means no entry."""
count = np.uintp
ONE = np.uintp(1)
