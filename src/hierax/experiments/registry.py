"""`reproduce`: run an experiment by name and write its evidence."""

import json
from pathlib import Path
from typing import Any

from hierax import registry
from hierax.registry import EXPERIMENTS, Experiment

__all__ = ["EXPERIMENTS", "SCALES", "Experiment", "find", "load", "reproduce"]

SCALES = ("smoke", "laptop", "paper")


def reproduce(
    name: str,
    scale: str = "laptop",
    seeds: int | None = None,
    out: str | Path = "results",
    command: str | None = None,
) -> Path:
    """Run an experiment and write ``OUT/NAME/SCALE/result.json`` and ``figure.png``.

    Some experiments also write ``figure.gif``.

    Args:
        name: one of `EXPERIMENTS`.
        scale: ``"smoke"`` (seconds), ``"laptop"`` (two cores) or ``"paper"`` (finest settings).
        seeds: number of seeds; the experiment's own number by default. An exact experiment ignores
            it.
        out: folder of all results.
        command: the recorded command line; by default the one that repeats this call.

    Returns:
        The folder of the result.

    Raises:
        ValueError: if there is no such experiment or scale, or ``seeds`` is below 1.
    """
    from hierax.experiments.result import write

    experiment = find(name)
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(map(repr, SCALES))}, got {scale!r}")
    if seeds is not None and seeds < 1:
        raise ValueError(f"seeds must be an integer >= 1, got {seeds}")
    module = experiment.load()
    result = module.run(scale, seeds or experiment.seeds)
    folder = Path(out) / name / scale
    option = f" --seeds {seeds}" if seeds else ""
    write(
        result, name, scale, command or f"hierax reproduce {name} --scale {scale}{option}", folder
    )
    module.draw(result, folder / "figure.png")
    if hasattr(module, "animate"):
        module.animate(result, folder / "figure.gif")
    return folder


def find(name: str) -> Experiment:
    """Return the experiment called ``name``.

    Raises:
        ValueError: if there is none; the message has the nearest name.
    """
    return registry.find("experiment", EXPERIMENTS, name)


def load(name: str, scale: str, out: str | Path = "results") -> dict[str, Any] | None:
    """Return the ``result.json`` of an experiment at a scale, or None where it was not run.

    Raises:
        ValueError: if the file is not a result.
    """
    path = Path(out) / name / scale / "result.json"
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict) or "claims" not in record:
        raise ValueError(
            f"{path} is not the result of an experiment: repeat the experiment, or remove the file"
        )
    return record
