"""The type checker that the tests put around every function of the package.

jaxtyping checks a call twice: its parameters before the function runs, and parameters and result
together afterwards. Here only the second check is made. A public function has to refuse bad input
itself, with a `ValueError` that a user can read; a checker that refused first would hide whether
it does.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype
from beartype.roar import BeartypeDecorHintPep3119Exception

# An int will do where a float is asked for (PEP 484), and NumPy's numbers where Python's are.
_NUMBERS = {int: int | np.integer, float: float | int | np.floating | np.integer}
_NUMBA = re.compile(r"^\s*(?:import|from) (?:numba|hierax\.planning\.kernel)\b", re.MULTILINE)
_CHECK = beartype(conf=BeartypeConf(hint_overrides=FrozenDict(_NUMBERS)))


def check_on_return(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks what jaxtyping builds for the moment of return; lets the check before pass.

    The function for the moment of return has one parameter more, named ``ret0`` (or ``ret1``, where
    that is taken), for the result.
    """
    takes_result = any(re.fullmatch(r"ret\d+", name) for name in function.__code__.co_varnames)
    if not takes_result:
        return function
    try:
        return _CHECK(function)
    except BeartypeDecorHintPep3119Exception:  # names a protocol that isinstance cannot check
        return function


def checked_modules(package: Path) -> list[str]:
    """Names of the modules to check: all but those that hold kernels compiled by numba.

    Numba compiles the bytes of a function and cannot read a wrapper around them.
    """
    return [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in sorted(package.rglob("*.py"))
        if path.name != "__init__.py" and not _NUMBA.search(path.read_text("utf-8"))
    ]
