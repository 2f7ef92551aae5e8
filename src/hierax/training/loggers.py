"""Optional loggers: TensorBoard and Weights & Biases."""

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


class TensorBoard:
    """A logger that writes event files of TensorBoard, in one folder for each seed.

    Args:
        folder: of the event files.

    Raises:
        ValueError: if tensorboardX is not installed.
    """

    def __init__(self, folder: Path):
        self._package = _require("tensorboardX", "tensorboard")
        self._folder = folder
        self._writers: dict[int | None, Any] = {}

    def write(self, step: int, values: Mapping[str, Any], seed: int | None) -> None:
        """Add a point to the curve of each value that is a number."""
        if seed not in self._writers:
            folder = self._folder if seed is None else self._folder / f"seed-{seed}"
            # Hides points that were written after the checkpoint that the run was resumed from.
            self._writers[seed] = self._package.SummaryWriter(str(folder), purge_step=step)
        for name, value in values.items():
            if value is not None:
                self._writers[seed].add_scalar(name, value, step)

    def flush(self) -> None:
        """Write buffered points to the disk."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Close the event files."""
        for writer in self._writers.values():
            writer.close()


class WeightsAndBiases:
    """A logger that sends metrics to Weights & Biases; a resumed run continues the same record.

    Args:
        folder: of the run; its name is the name of the record.

    Raises:
        ValueError: if wandb is not installed.
    """

    def __init__(self, folder: Path):
        package = _require("wandb", "wandb")
        place = folder.resolve()
        identity = hashlib.sha256(str(place).encode()).hexdigest()[:16]
        self._run = package.init(
            project="hierax", name=place.name, id=identity, resume="allow", dir=str(place)
        )

    def write(self, step: int, values: Mapping[str, Any], seed: int | None) -> None:
        """Send all values that are numbers."""
        prefix = "" if seed is None else f"seed-{seed}/"
        numbers = {prefix + name: value for name, value in values.items() if value is not None}
        self._run.log(numbers, step=step)

    def flush(self) -> None:
        """Do nothing: wandb sends values by itself."""

    def close(self) -> None:
        """End the record."""
        self._run.finish()


def _require(package: str, extra: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise ValueError(
            f"{package} is not installed: run pip install 'hierax[{extra}]', or leave out {extra}"
        ) from None
