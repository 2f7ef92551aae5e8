"""Where compiled functions are kept."""

from pathlib import Path

import jax
import pytest

from hierax.commands import compilation_cache

NAMES = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


@pytest.fixture(autouse=True)
def _as_before(real_cache):
    before = {name: getattr(jax.config, name) for name in NAMES}
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.mark.parametrize(("given", "folder"), [("/caches", "/caches"), ("", "~/.cache")])
def test_it_is_among_the_caches_of_the_user(monkeypatch, given, folder):
    monkeypatch.delenv(compilation_cache.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    compilation_cache.enable()
    expected = Path(folder).expanduser() / "hierax" / "jax"
    assert jax.config.jax_compilation_cache_dir == str(expected)
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 0.0


def test_where_jax_was_told_a_folder_it_stays(monkeypatch):
    jax.config.update("jax_compilation_cache_dir", "/told")
    monkeypatch.setenv(compilation_cache.FOLDER, "/told")
    compilation_cache.enable()
    assert jax.config.jax_compilation_cache_dir == "/told"
