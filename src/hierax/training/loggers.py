"""Where metrics can be watched beside the files of a run, for those who ask for it."""

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


class TensorBoard:
    """Event files of TensorBoard: one folder, or one for each seed.

    Args:
        folder: where they go.

    Raises:
        ValueError: where tensorboardX is not installed.
    """

    def __init__(self, folder: Path):
        self._package = _require("tensorboardX", "tensorboard")
        self._folder = folder
        self._writers: dict[int | None, Any] = {}

    def write(self, step: int, values: Mapping[str, Any], seed: int | None) -> None:
        """Adds a point to the curve of each value that is a number."""
        if seed not in self._writers:
            folder = self._folder if seed is None else self._folder / f"seed-{seed}"
            # What a run wrote after the checkpoint that it was resumed from is shown no more.
            self._writers[seed] = self._package.SummaryWriter(str(folder), purge_step=step)
        for name, value in values.items():
            if value is not None:
                self._writers[seed].add_scalar(name, value, step)

    def flush(self) -> None:
        """Writes what is waiting."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Closes the event files."""
        for writer in self._writers.values():
            writer.close()


class WeightsAndBiases:
    """A run at Weights & Biases, which a resumed run goes on with.

    Args:
        folder: of the run, whose name it gets.

    Raises:
        ValueError: where wandb is not installed.
    """

    def __init__(self, folder: Path):
        package = _require("wandb", "wandb")
        place = folder.resolve()
        identity = hashlib.sha256(str(place).encode()).hexdigest()[:16]
        self._run = package.init(
            project="hierax", name=place.name, id=identity, resume="allow", dir=str(place)
        )

    def write(self, step: int, values: Mapping[str, Any], seed: int | None) -> None:
        """Sends all values that are numbers."""
        prefix = "" if seed is None else f"seed-{seed}/"
        numbers = {prefix + name: value for name, value in values.items() if value is not None}
        self._run.log(numbers, step=step)

    def flush(self) -> None:
        """Does nothing: what was given is on its way."""

    def close(self) -> None:
        """Ends the run."""
        self._run.finish()


def _require(package: str, extra: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise ValueError(
            f"{package} is not installed; run pip install 'hierax[{extra}]', or leave it out"
        ) from None
