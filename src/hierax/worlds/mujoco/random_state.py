"""Conversion of NumPy's random generators to arrays and back, for saving."""

import numpy as np
from jaxtyping import UInt64

_WORD = 64
Words = UInt64[np.ndarray, "6"]


def pack_generator(random: np.random.Generator) -> Words:
    """Return the state of a generator with ``PCG64`` bits as six words."""
    state = random.bit_generator.state
    words = [state["has_uint32"], state["uinteger"]]
    for part in ("state", "inc"):
        words += [state["state"][part] >> _WORD, state["state"][part] & (2**_WORD - 1)]
    return np.array(words, np.uint64)


def unpack_generator(packed: Words) -> np.random.Generator:
    """Return a new generator with the state ``packed``."""
    has_uint32, uinteger, *words = (int(word) for word in packed)
    bits = np.random.PCG64(0)
    bits.state = {
        "bit_generator": "PCG64",
        "state": {
            "state": words[0] << _WORD | words[1],
            "inc": words[2] << _WORD | words[3],
        },
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }
    return np.random.Generator(bits)
