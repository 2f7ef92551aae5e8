"""The state of a generator of random numbers as an array, to be saved and restored."""

import numpy as np
from jaxtyping import UInt64

_WORD = 64
Numbers = UInt64[np.ndarray, "6"]


def numbers_of(random: np.random.Generator) -> Numbers:
    """The state of a generator that is a ``PCG64``."""
    state = random.bit_generator.state
    words = [state["has_uint32"], state["uinteger"]]
    for part in ("state", "inc"):
        words += [state["state"][part] >> _WORD, state["state"][part] & (2**_WORD - 1)]
    return np.array(words, np.uint64)


def with_numbers(numbers: Numbers) -> np.random.Generator:
    """The generator that goes on from there."""
    has_one, one, *words = (int(number) for number in numbers)
    bits = np.random.PCG64(0)
    bits.state = {
        "bit_generator": "PCG64",
        "state": {
            "state": words[0] << _WORD | words[1],
            "inc": words[2] << _WORD | words[3],
        },
        "has_uint32": has_one,
        "uinteger": one,
    }
    return np.random.Generator(bits)
