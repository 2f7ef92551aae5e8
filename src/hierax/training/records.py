"""The metrics of a run and its times, in two files.

    metrics.jsonl    {"step": 1000, "return": 12.5, ...}
    times.jsonl      {"step": 1000, "wall_seconds": 2.1, "cpu_seconds": 1.9, ...}

Equal runs write equal bytes into the first file; times depend on the machine.
"""

import errno
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hierax.to_json import to_json
from hierax.training.loggers import TensorBoard, WeightsAndBiases

METRICS = "metrics.jsonl"
TIMES = "times.jsonl"


class Records:
    """The two files of a run, open for appending.

    A resumed run first truncates both files to the position of its checkpoint, see `rewind`. Its
    seconds continue from there, so time that a killed process lost is not counted.

    Args:
        folder: of the run; created if it does not exist.
        tensorboard: whether to write event files into ``folder/tensorboard``.
        wandb: whether to send metrics to Weights & Biases.

    Raises:
        ValueError: if a package that is needed is not installed.
    """

    def __init__(self, folder: Path, *, tensorboard: bool = False, wandb: bool = False):
        folder.mkdir(parents=True, exist_ok=True)
        self._loggers = [TensorBoard(folder / "tensorboard")] if tensorboard else []
        self._loggers += [WeightsAndBiases(folder)] if wandb else []
        # Unbuffered: each line is one system call and can be read at once.
        self._metrics = (folder / METRICS).open("ab+", buffering=0)
        self._times = (folder / TIMES).open("ab+", buffering=0)
        self._digest = hashlib.sha256(_beginning(self._metrics, None))
        self._start_clocks()

    def write(self, step: int, metrics: Mapping[str, Any], seed: int | None = None) -> None:
        """Append one line: the step, the seed if there are several, and ``metrics``.

        Args:
            step: environment steps so far.
            metrics: numbers by name; NaN and infinities become null.
            seed: of the run, if there are several.

        Raises:
            ValueError: if a metric is not a number, or is called ``step`` or ``seed``.
        """
        values = {name: _number(name, value) for name, value in metrics.items()}
        head = {"step": int(step)} if seed is None else {"step": int(step), "seed": int(seed)}
        line = _line({**head, **values})
        _append(self._metrics, line)
        self._digest.update(line)
        self._write_times(int(step))
        for logger in self._loggers:
            logger.write(int(step), values, seed)

    def flush(self) -> None:
        """Bring everything onto the disk."""
        for file in (self._metrics, self._times):
            os.fsync(file.fileno())
        for logger in self._loggers:
            logger.flush()

    def position(self) -> dict[str, Any]:
        """Return the sizes of the files, which a checkpoint stores for `rewind`."""
        return {
            "metrics_bytes": os.fstat(self._metrics.fileno()).st_size,
            "metrics_sha256": self._digest.hexdigest(),
            "times_bytes": os.fstat(self._times.fileno()).st_size,
        }

    def rewind(self, position: Mapping[str, Any] | None) -> None:
        """Truncate the files to ``position``; to nothing if it is None.

        Raises:
            ValueError: if ``metrics.jsonl`` was changed before that position. No file is truncated
                then.
        """
        known = position or {"metrics_bytes": 0, "times_bytes": 0}
        digest = hashlib.sha256(_beginning(self._metrics, known["metrics_bytes"]))
        if position is not None and digest.hexdigest() != position["metrics_sha256"]:
            raise ValueError(
                f"the first {known['metrics_bytes']} bytes of {self._metrics.name} have changed "
                "since the checkpoint, so the run cannot be resumed; restore the file, or start "
                "another run"
            )
        self._metrics.truncate(known["metrics_bytes"])
        self._times.truncate(min(known["times_bytes"], os.fstat(self._times.fileno()).st_size))
        self._digest = digest
        self._start_clocks()

    def close(self) -> None:
        """Close both files and all loggers."""
        for file in (self._metrics, self._times, *self._loggers):
            file.close()

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def seconds(self) -> tuple[float, float]:
        """Wall and CPU seconds of the run so far."""
        return self._wall + time.perf_counter(), self._cpu + time.process_time()

    def _start_clocks(self) -> None:
        lines = _parse(self._times.name, _beginning(self._times, None))
        last = lines[-1] if lines else {"step": 0, "wall_seconds": 0.0, "cpu_seconds": 0.0}
        self._wall = last["wall_seconds"] - time.perf_counter()
        self._cpu = last["cpu_seconds"] - time.process_time()
        self._timed = last["step"], last["wall_seconds"]

    def _write_times(self, step: int) -> None:
        last_step, last_wall = self._timed
        if step == last_step and step > 0:  # several seeds have a line of metrics each
            return
        wall, cpu = self.seconds
        speed = (step - last_step) / max(wall - last_wall, 1e-9)
        times = {"wall_seconds": wall, "cpu_seconds": cpu, "steps_per_second": speed}
        rounded = {name: round(value, 4) for name, value in times.items()}
        _append(self._times, _line({"step": step, **rounded}))
        self._timed = step, wall


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl`` or ``times.jsonl``, without an incomplete last one.

    Raises:
        ValueError: if another line is not JSON.
    """
    return _parse(str(path), path.read_bytes())


def _parse(name: str, content: bytes) -> list[dict[str, Any]]:
    lines = content.split(b"\n")
    parsed = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            parsed.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise ValueError(f"line {number} of {name} is not JSON") from None
    return parsed


def _number(name: str, value: Any) -> Any:
    if name in ("step", "seed"):
        raise ValueError(f"a metric must not be called 'step' or 'seed', got {name!r}")
    number = to_json(value)
    if number is not None and not isinstance(number, bool | int | float):
        raise ValueError(f"metric {name!r} must be a single number, got {str(value)[:40]}")
    return number


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _append(file: Any, line: bytes) -> None:
    """Write a line, or raise OSError: an unbuffered file may take only a part of it."""
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)


def _beginning(file: Any, size: int | None) -> bytes:
    """The first ``size`` bytes of an open file; all of them if it is None."""
    file.seek(0)
    return file.read(-1 if size is None else size)
