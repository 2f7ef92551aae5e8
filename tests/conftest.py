"""Settings of all tests: checked annotations, bounded examples, bounded memory, no windows."""

import ctypes
import gc
import os
import sys
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

# Compiled functions are kept on disk however small: most of the suite's time is compilation.
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
if jax.config.jax_compilation_cache_dir is None:
    jax.config.update(
        "jax_compilation_cache_dir", str(Path(__file__).parent.parent / ".cache" / "jax")
    )

# A compiled function takes one to three megabytes, and JAX keeps every one.
_KEPT_IN_MEMORY = 300
_compiled = 0


def _count(event: str, duration: float, **_) -> None:
    global _compiled
    _compiled += event == "/jax/core/compile/backend_compile_duration"


jax.monitoring.register_event_duration_secs_listener(_count)


def pytest_collection_finish() -> None:
    """Exempts what was imported and collected, which stays, from every later garbage collection."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _forget_compiled() -> Iterator[None]:
    """Bounds the memory of a process: after a module, many compiled functions are dropped."""
    global _compiled
    yield
    if _compiled > _KEPT_IN_MEMORY:
        jax.clear_caches()
        _return_freed_memory()
        _compiled = 0


def _return_freed_memory() -> None:
    """The allocator of glibc keeps what was freed until it is asked to return it."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX with 64-bit numbers, for one test; everywhere else JAX keeps its default."""
    with jax.enable_x64(True):
        yield
