"""What JAX compiles is kept on the disk, so that only the first of several runs waits for it."""

import os
from pathlib import Path

FOLDER = "JAX_COMPILATION_CACHE_DIR"


def enable() -> None:
    """Keeps what JAX compiles from now on: where JAX is told to, or in the user's cache folder."""
    import jax

    if not os.environ.get(FOLDER):
        jax.config.update("jax_compilation_cache_dir", str(_folder()))
    # Small functions are the greater part of what is compiled before a first update.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _folder() -> Path:
    """The folder of hierax among the user's caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return home / "hierax" / "jax"
