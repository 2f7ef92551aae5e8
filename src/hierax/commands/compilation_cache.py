"""A cache on the disk for compiled functions, so that only the first of several runs compiles."""

import os
from pathlib import Path

FOLDER = "JAX_COMPILATION_CACHE_DIR"


def enable() -> None:
    """Enable the cache, in the folder that JAX is told, or else in the user's cache folder."""
    import jax

    if not os.environ.get(FOLDER):
        jax.config.update("jax_compilation_cache_dir", str(_folder()))
    # Small functions are the greater part of what is compiled before a first update.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _folder() -> Path:
    """Return the folder of hierax among the user's caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return home / "hierax" / "jax"
