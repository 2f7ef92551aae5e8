"""`reproduce`: run an experiment by name and write its evidence."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from hierax import registry
from hierax.registry import EXPERIMENTS, Experiment

__all__ = ["EXPERIMENTS", "SCALES", "Experiment", "Moved", "find", "load", "reproduce", "restate"]

SCALES = ("smoke", "laptop", "paper")


class Moved(NamedTuple):
    """A verdict that changed.

    Attributes:
        claim: id of the claim.
        before: the stored verdict.
        after: the verdict now.
    """

    claim: str
    before: bool | None
    after: bool | None


FORMATS = ("png", "pdf", "svg")


def reproduce(
    name: str,
    scale: str = "laptop",
    seeds: int | None = None,
    out: str | Path = "results",
    command: str | None = None,
    figure_format: str = "png",
) -> Path:
    """Run an experiment and write ``OUT/NAME/SCALE/result.json`` and ``figure.png``.

    Some experiments also write ``figure.gif``. A call that was interrupted is continued by the
    next: runs of agents stay in ``OUT/NAME/SCALE/runs`` until the result is written.

    Args:
        name: one of `EXPERIMENTS`.
        scale: ``"smoke"`` (seconds), ``"laptop"`` (two cores) or ``"paper"`` (finest settings).
        seeds: number of seeds; the experiment's own number by default. An exact experiment ignores
            it.
        out: folder of all results.
        command: the recorded command line; by default the one that repeats this call.
        figure_format: ``"png"``, or ``"pdf"`` or ``"svg"`` for a second figure in that format.

    Returns:
        The folder of the result.

    Raises:
        ValueError: if there is no such experiment, scale or format, or ``seeds`` is below 1.
    """
    from hierax.experiments.kept_runs import kept
    from hierax.experiments.result import write

    experiment = find(name)
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(map(repr, SCALES))}, got {scale!r}")
    if figure_format not in FORMATS:
        raise ValueError(
            f"figure_format must be one of {', '.join(map(repr, FORMATS))}, got {figure_format!r}"
        )
    if seeds is not None and seeds < 1:
        raise ValueError(f"seeds must be an integer >= 1, got {seeds}")
    module = experiment.load()
    folder = Path(out) / name / scale
    option = f" --seeds {seeds}" if seeds else ""
    command = command or f"hierax reproduce {name} --scale {scale}{option}"
    with kept(folder):
        result = module.run(scale, seeds or experiment.seeds)
        write(result, name, scale, command, folder)
    for ending in dict.fromkeys(("png", figure_format)):
        module.draw(result, folder / f"figure.{ending}")
    if hasattr(module, "animate"):
        module.animate(result, folder / "figure.gif")
    return folder


def restate(name: str, scale: str = "laptop", out: str | Path = "results") -> list[Moved]:
    """Write a stored result and its figure anew, and return the verdicts that changed.

    Args:
        name: one of `EXPERIMENTS`.
        scale: of the stored result.
        out: folder of all results.

    Raises:
        ValueError: if there is no such experiment or stored result.
    """
    from hierax.experiments.result import Result, write_record
    from hierax.experiments.stored import restated

    folder = Path(out) / name / scale
    stored = load(name, scale, out)
    if stored is None:
        raise ValueError(f"{folder} has no result: run `hierax reproduce {name} --scale {scale}`")
    module = find(name).load()
    record = restated(stored, module)
    write_record(record, folder)
    drawn = {field: record[field] for field in ("settings", "curves", "tables", "seeds")}
    module.draw(Result(claims=[], **drawn), folder / "figure.png")
    return [
        Moved(old["claim"], old["holds"], new["holds"])
        for old, new in zip(stored["claims"], record["claims"], strict=True)
        if old["holds"] != new["holds"]
    ]


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
