"""Random generators and numbers, bit for bit those of NumPy's own functions, in less time.

They are for single draws, where the functions of NumPy take longer to read their arguments than to
draw.
"""

import numpy as np

_POOL, _WORD = 4, 4  # words that NumPy fills up before a spawn key; bytes of a word


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the generator of the ``SeedSequence`` of ``seed`` with spawn key ``(number,)``."""
    whole = int(seed)
    words = max(_POOL, -(-whole.bit_length() // (8 * _WORD)))
    given = whole.to_bytes(words * _WORD, "little") + number.to_bytes(_WORD, "little")
    entropy = np.frombuffer(given, "<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Return ``random.uniform(low, high)``, a number of Python."""
    return low + (high - low) * random.random()


def uniform_points(
    random: np.random.Generator, low: float, high: float, count: int
) -> list[tuple[float, float]]:
    """Return ``random.uniform(low, high, (count, 2))`` as numbers of Python."""
    width = high - low
    return [(low + width * x, low + width * y) for x, y in random.random((count, 2)).tolist()]
