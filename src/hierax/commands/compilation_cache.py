"""A cache on the disk for compiled functions: only the first of several runs compiles them."""

import os
from pathlib import Path

FOLDER = "JAX_COMPILATION_CACHE_DIR"


def enable() -> None:
    """Enable the cache, in ``JAX_COMPILATION_CACHE_DIR`` or in the user's cache folder."""
    import jax

    if not os.environ.get(FOLDER):
        jax.config.update("jax_compilation_cache_dir", str(_folder()))
    # Most functions that are compiled before the first update are small.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _folder() -> Path:
    """Return the folder of hierax among the user's caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return home / "hierax" / "jax"
