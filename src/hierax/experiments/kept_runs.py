"""Runs of an experiment that stay on the disk until its result is written.

An experiment that was interrupted, or killed, continues with its next call: finished runs are read,
and the others begin at their last checkpoint. A run is found again by its settings, the sources of
hierax and the versions of packages. So a result never comes from two versions of the code.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import hierax
from hierax.experiments.result import PACKAGES
from hierax.versions import versions

RUNS = "runs"
"""Name of the folder of kept runs, beside the result."""

_FOLDER: ContextVar[Path | None] = ContextVar("folder of kept runs", default=None)


@contextlib.contextmanager
def kept(beside: Path) -> Iterator[None]:
    """Keep runs in a folder ``beside / RUNS``, and remove it if all is done without an error."""
    folder = beside / RUNS
    with keep_in(folder):
        yield
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def keep_in(folder: Path | None) -> Iterator[None]:
    """Keep runs in ``folder``; None keeps none."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def folder_of_runs() -> Path | None:
    """Return the folder in which runs are kept, or None."""
    return _FOLDER.get()


@contextlib.contextmanager
def run_folder(settings: Mapping[str, Any]) -> Iterator[Path]:
    """Give the folder of a run with these settings, in terms of JSON.

    Where no runs are kept, the folder is removed afterwards.
    """
    if (runs := _FOLDER.get()) is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    text = json.dumps([settings, _sources(), versions(PACKAGES)], sort_keys=True)
    yield runs / hashlib.sha256(text.encode()).hexdigest()[:16]


def _sources() -> str:
    """Return a digest of all modules of hierax."""
    digest = hashlib.sha256()
    root = Path(hierax.__path__[0])
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
