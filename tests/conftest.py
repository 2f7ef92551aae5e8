"""What every test stands on: checked annotations, bounded examples, no windows."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import jax
import pytest
from jaxtyping import install_import_hook

from annotations import checked_modules

os.environ.setdefault("MPLBACKEND", "Agg")

# Before anything of hierax is imported: the hook changes modules as they load.
_PACKAGE = Path(find_spec("hierax").origin).parent
install_import_hook(checked_modules(_PACKAGE), "annotations.check_on_return")

hypothesis.settings.register_profile(
    "hierax",
    max_examples=50,
    deadline=None,  # the first example pays for compilation
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("hierax")


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX with 64-bit numbers, for one test; everywhere else JAX keeps its default."""
    with jax.enable_x64(True):
        yield
