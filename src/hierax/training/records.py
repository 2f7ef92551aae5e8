"""What a run measures while it learns: the same bytes for the same run, and its times beside them.

    metrics.jsonl    {"step": 1000, "return": 12.5, ...}
    times.jsonl      {"step": 1000, "wall_seconds": 2.1, "cpu_seconds": 1.9, ...}

No clock has a part in the first.
"""

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
    """The two files of a run, open to be added to.

    A run that is resumed first goes back to what its checkpoint knew, see `rewind`. Seconds then
    go on from there: they are those that led to the state, without what a killed process lost.

    Args:
        folder: of the run; is made where it is not there.
        tensorboard: whether to write event files into ``folder/tensorboard`` too.
        wandb: whether to send everything to Weights & Biases too.

    Raises:
        ValueError: where a package that was asked for is not installed.
    """

    def __init__(self, folder: Path, *, tensorboard: bool = False, wandb: bool = False):
        folder.mkdir(parents=True, exist_ok=True)
        self._boards = [TensorBoard(folder / "tensorboard")] if tensorboard else []
        self._boards += [WeightsAndBiases(folder)] if wandb else []
        # Unbuffered: each line is one call of the system, and seen by those who follow the file.
        self._metrics = (folder / METRICS).open("ab+", buffering=0)
        self._times = (folder / TIMES).open("ab+", buffering=0)
        self._digest = hashlib.sha256(_beginning(self._metrics, None))
        self._start_clocks()

    def write(self, step: int, metrics: Mapping[str, Any], seed: int | None = None) -> None:
        """Adds one line: the step, the seed where there are several, and ``metrics`` as given.

        Args:
            step: environment steps so far.
            metrics: numbers by name; NaN and infinities become null.
            seed: which of several runs side by side it is of.

        Raises:
            ValueError: where a metric is no number, or is called ``step`` or ``seed``.
        """
        values = {name: _number(name, value) for name, value in metrics.items()}
        head = {"step": int(step)} if seed is None else {"step": int(step), "seed": int(seed)}
        line = _line({**head, **values})
        self._metrics.write(line)
        self._digest.update(line)
        self._write_times(int(step))
        for board in self._boards:
            board.write(int(step), values, seed)

    def flush(self) -> None:
        """Waits until everything is on the disk."""
        for file in (self._metrics, self._times):
            os.fsync(file.fileno())
        for board in self._boards:
            board.flush()

    def position(self) -> dict[str, Any]:
        """How far the files have come; what a checkpoint has to remember for `rewind`."""
        return {
            "metrics_bytes": os.fstat(self._metrics.fileno()).st_size,
            "metrics_sha256": self._digest.hexdigest(),
            "times_bytes": os.fstat(self._times.fileno()).st_size,
        }

    def rewind(self, position: Mapping[str, Any] | None) -> None:
        """Cuts off what was written after ``position``; everything where it is None.

        Raises:
            ValueError: where ``metrics.jsonl`` was altered before it; nothing is cut off then.
        """
        known = position or {"metrics_bytes": 0, "times_bytes": 0}
        digest = hashlib.sha256(_beginning(self._metrics, known["metrics_bytes"]))
        if position is not None and digest.hexdigest() != position["metrics_sha256"]:
            raise ValueError(
                f"the first {known['metrics_bytes']} bytes of {self._metrics.name} are not those "
                "that the checkpoint knew, so the run cannot go on from it; put them back, or "
                "begin another run"
            )
        self._metrics.truncate(known["metrics_bytes"])
        self._times.truncate(min(known["times_bytes"], os.fstat(self._times.fileno()).st_size))
        self._digest = digest
        self._start_clocks()

    def close(self) -> None:
        """Closes both files and whatever was asked for beside them."""
        for file in (self._metrics, self._times, *self._boards):
            file.close()

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def seconds(self) -> tuple[float, float]:
        """Wall and CPU seconds that the run has taken."""
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
        self._times.write(_line({"step": step, **rounded}))
        self._timed = step, wall


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` or ``times.jsonl``, without a last one that was torn off.

    Raises:
        ValueError: where another line is not JSON.
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
        raise ValueError(f"a metric is called {name!r}, but that name is taken")
    number = to_json(value)
    if number is not None and not isinstance(number, bool | int | float):
        raise ValueError(f"metric {name!r} is {str(value)[:40]}, but must be a single number")
    return number


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _beginning(file: Any, size: int | None) -> bytes:
    """The first ``size`` bytes of a file that is open; all for None."""
    file.seek(0)
    return file.read(-1 if size is None else size)
