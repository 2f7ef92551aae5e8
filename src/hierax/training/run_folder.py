"""The folder of one run: its configuration, its files, and a lock for one process."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax import atomic_files
from hierax.to_json import to_json
from hierax.training.records import METRICS
from hierax.versions import versions

CONFIG = "config.json"
CHECKPOINTS = "checkpoints"
POLICIES = "policies"
LEVELS = "levels"
"""Name of the folder with the runs of the lower levels, see `hierax.training.curriculum`."""
SUMMARY = "summary.json"
STEPS = "steps"
VERSIONS = "versions"
PACKAGES = ("hierax", "jax", "jaxlib", "equinox", "optax", "numpy", "gymnasium", "mujoco")

_LOCK = ".lock"
_ABSENT = object()
_NAMED = 2
"""Largest number of differences between two runs that an error names."""
_FIRST = ("agent.name", "world.name")
ANOTHER = "give another folder as run="
"""Remedy where a folder is taken, in words of Python; the command line has its own words."""


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The folder of one run, locked by this process until it is closed or the process ends.

    Attributes:
        path: of the folder.
        config: the resolved configuration, as JSON.
    """

    path: Path
    config: Mapping[str, Any]
    _lock: int

    @classmethod
    def open(cls, path: Path, config: Mapping[str, Any]) -> "RunFolder":
        """Create the folder of a run, or open that of a run with the same configuration.

        A larger number of ``steps`` continues the run: it is written into the configuration, and
        the summary of the shorter run is removed. A run that has neither logged nor saved
        anything does not hold its folder.

        Args:
            path: of a folder that does not exist, is empty, or belongs to that run.
            config: all settings of the run, as JSON.

        Raises:
            ValueError: if the folder belongs to another run, holds other files, is in use, or
                cannot be written to. Nothing in it is changed then.
        """
        wanted = _as_json(config)
        try:
            _require_same(path, wanted)
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            try:
                _require_same(path, wanted)  # another process may have been faster
                _write_config(path, wanted)
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            raise ValueError(f"cannot write to {path}: {error.strerror}") from None
        return cls(path, wanted, lock)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / CHECKPOINTS

    @property
    def policies(self) -> Path:
        """The folder of the policies: checkpoints without replay, saved at the same steps."""
        return self.path / POLICIES

    @property
    def metrics(self) -> Path:
        """The file of the metrics."""
        return self.path / METRICS

    @property
    def summary(self) -> Path:
        """The file of the final evaluation."""
        return self.path / SUMMARY

    @property
    def finished(self) -> bool:
        """Whether the run is finished."""
        return is_finished(self.path)

    def read_summary(self) -> dict[str, Any]:
        """Return ``summary.json`` of a finished run."""
        return json.loads(self.summary.read_text(encoding="utf-8"))

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write ``summary.json``, which marks the run as finished unless it says otherwise."""
        record = {"finished": True, **to_json(summary)}
        atomic_files.write_text(self.summary, json.dumps(record, indent=2, allow_nan=False) + "\n")

    def close(self) -> None:
        """Release the lock; must be called once."""
        os.close(self._lock)

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_finished(path: Path) -> bool:
    """Return whether the run in ``path`` is finished, according to its summary."""
    try:
        return json.loads((path / SUMMARY).read_text(encoding="utf-8"))["finished"] is True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_begun(path: Path) -> bool:
    """Return whether a run in ``path`` has logged or saved anything."""
    metrics = path / METRICS
    logged = metrics.is_file() and metrics.stat().st_size > 0
    return (path / CONFIG).exists() and (logged or any((path / CHECKPOINTS).glob("[0-9]*")))


def require_same_fields(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raise ValueError if there is a run in ``path`` and its fields differ from ``wanted``."""
    if is_begun(path):
        found = load_config(path)
        _require_equal(path, wanted, {name: found.get(name) for name in wanted})


def load_config(path: Path) -> dict[str, Any]:
    """Return the configuration of the run in ``path``, without the versions of packages.

    Raises:
        ValueError: if there is no run.
    """
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        del config[VERSIONS]
    except FileNotFoundError:
        raise ValueError(f"{path} is not the folder of a run: it has no {CONFIG}") from None
    except OSError as error:
        raise ValueError(f"{path / CONFIG} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path / CONFIG} is not the configuration of a run") from None
    return config


def _as_json(config: Mapping[str, Any]) -> dict[str, Any]:
    if VERSIONS in config:
        raise ValueError(f"a field of a configuration must not be called {VERSIONS!r}, got one")
    try:
        return json.loads(json.dumps(dict(config), allow_nan=False, default=_plain))
    except (TypeError, ValueError) as error:
        raise ValueError(f"a configuration must be JSON, but: {error}") from None


def _plain(value: Any) -> Any:
    """Return a number of NumPy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _lock(path: Path) -> int:
    """The descriptor of a lock that the system releases when the process ends, even if killed."""
    descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            raise
        raise ValueError(
            f"another process is at work in {path}; wait for it, or {ANOTHER}"
        ) from None
    return descriptor


def _require_same(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raises unless the folder is free or belongs to a run with the configuration ``wanted``."""
    if not path.exists():
        return
    if not (path / CONFIG).exists():
        # Left by a run that was killed at its start, or that is still training lower levels.
        own = {_LOCK, atomic_files.part_of(path / CONFIG).name, LEVELS}
        if any(entry.name not in own for entry in path.iterdir()):
            raise ValueError(
                f"{path} holds other files and no {CONFIG}, so it is not a run; {ANOTHER}"
            )
        return
    found = load_config(path)
    if is_begun(path):
        _require_equal(path, _not_longer(wanted, found), found)


def _not_longer(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``wanted`` with the steps that were found, if it is the same run with more steps."""
    same = {**wanted, STEPS: found.get(STEPS)}
    is_longer = wanted.get(STEPS, 0) > found.get(STEPS, 0)
    return found if is_longer and same == found else wanted


def _write_config(path: Path, wanted: Mapping[str, Any]) -> None:
    """Write the configuration unless it is there; of a run that is continued, keep the versions."""
    noted = versions(PACKAGES)
    if (path / CONFIG).exists():
        if load_config(path) == wanted:
            return
        if is_begun(path):
            noted = json.loads((path / CONFIG).read_text(encoding="utf-8"))[VERSIONS]
        # First: a run without summary is not finished, and the shorter run can finish again.
        (path / SUMMARY).unlink(missing_ok=True)
    text = json.dumps({**wanted, VERSIONS: noted}, indent=2, sort_keys=True)
    atomic_files.write_text(path / CONFIG, text + "\n")


def _require_equal(path: Path, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    differences = _differences(dict(_flat(_as_json(wanted))), dict(_flat(found)))
    if differences:
        named, more = differences[:_NAMED], len(differences) - _NAMED
        others = f"; {more} more field{'s differ' if more > 1 else ' differs'}" if more > 0 else ""
        raise ValueError(
            f"{path} holds another run: {'; '.join(named)}{others}; {ANOTHER}, or the same "
            "settings to continue it"
        )


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return a clause for each field that differs, those of `_FIRST` first."""
    names = [
        name
        for name in sorted({*wanted, *found})
        if wanted.get(name, _ABSENT) != found.get(name, _ABSENT)
    ]
    first = [name for name in _FIRST if name in names]
    return [
        f"its {name} is {_told(found, name)}, yours is {_told(wanted, name)}"
        for name in [*first, *(name for name in names if name not in first)]
    ]


def _told(fields: Mapping[str, Any], name: str) -> str:
    return repr(fields[name]) if name in fields else "not set"


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields by their dotted names, such as ``agent.learning_rate``."""
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
