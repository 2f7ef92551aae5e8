"""From the metrics of runs to curves: runs that differ in seed alone are one group."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hierax.commands.errors import UsageError, unknown
from hierax.statistics import iqm_curve
from hierax.training.records import METRICS, read_metrics
from hierax.training.run_folder import CONFIG, LEVELS, load_config

_SEEDS = ("seed", "seeds")
_MOST_DIFFERENCES = 4
"""Fields that a label names at most; the names of folders say it better then."""


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Runs with one configuration.

    Attributes:
        config: all of it but the seeds.
        runs: their folders.
        curves: of each seed the metric by step.
    """

    config: Mapping[str, Any]
    runs: list[str]
    curves: dict[int, dict[int, float]]


def read_groups(runs: Sequence[str], metric: str) -> list[Group]:
    """The curves of all runs, in groups.

    Raises:
        ValueError: where there is no such run or its files are damaged.
        UsageError: where a run was given twice, or has no such metric.
    """
    groups: dict[str, Group] = {}
    for run in runs:
        config = load_config(Path(run))
        settings = {name: value for name, value in config.items() if name not in _SEEDS}
        key = json.dumps(settings, sort_keys=True)
        group = groups.setdefault(key, Group(settings, [], {}))
        for seed, curve in _curves(Path(run), config["seed"], metric).items():
            if seed in group.curves:
                others = " and ".join([*group.runs, run])
                raise UsageError(f"seed {seed} is in {others} alike, but must be given once")
            group.curves[seed] = curve
        group.runs.append(run)
    return list(groups.values())


def summarise(group: Group, label: str) -> dict[str, Any]:
    """The curve of a group over its seeds, at the steps that all of them have come to.

    Returns:
        ``label``, ``runs``, ``seeds``, ``steps``, ``iqm``, ``low``, ``high``, and ``by_seed``.
    """
    steps = sorted(set.intersection(*(set(curve) for curve in group.curves.values())))
    by_seed = {
        seed: [curve[step] for step in steps] for seed, curve in sorted(group.curves.items())
    }
    found = iqm_curve(np.array(list(by_seed.values()), np.float64).reshape(len(by_seed), -1))
    return {
        "label": label,
        "runs": group.runs,
        "seeds": list(by_seed),
        "steps": steps,
        **{name: values.tolist() for name, values in found.items()},
        "by_seed": {str(seed): values for seed, values in by_seed.items()},
    }


def title(groups: Sequence[Group]) -> str:
    """The world, where it is the same for all groups."""
    worlds = {group.config["world"]["name"] for group in groups}
    return worlds.pop() if len(worlds) == 1 else ""


def labels(groups: Sequence[Group]) -> list[str]:
    """A label for each group that says what sets it apart from the others."""
    configs = [_flat(group.config) for group in groups]
    if len(groups) == 1:
        return [configs[0]["agent.name"]]
    shared = [name for name in configs[0] if all(name in config for config in configs)]
    differing = [name for name in shared if len({config[name] for config in configs}) > 1]
    found = [", ".join(_told(name, config[name]) for name in differing) for config in configs]
    if len(set(found)) < len(found) or len(differing) > _MOST_DIFFERENCES:
        return [Path(group.runs[0]).resolve().name for group in groups]
    return found


def _curves(run: Path, first_seed: int, metric: str) -> dict[int, dict[int, float]]:
    """The metric of each seed by step, without those that were not finite.

    Steps are counted from the beginning of the lowest level's training, as an agent without levels
    counts all of its own.
    """
    try:
        lines = read_metrics(run / METRICS)
    except OSError as error:
        raise UsageError(f"cannot read {run / METRICS}: {error.strerror}") from None
    below = _steps_below(run)
    curves: dict[int, dict[int, float]] = {}
    for line in lines:
        if line.get(metric) is not None:
            seed, step = line.get("seed", first_seed), below + line["step"]
            curves.setdefault(seed, {})[step] = line[metric]
    if not curves:
        known = dict.fromkeys(
            name for line in lines for name in line if name not in ("step", "seed")
        )
        if not known:
            raise UsageError(f"{run} has no metrics yet: wait until the run has logged some")
        raise unknown(f"metric in {run}", metric, known)
    return curves


def _steps_below(run: Path) -> int:
    """Environment steps that a run trained its lower levels for."""
    levels = (run / LEVELS).glob(f"*/{CONFIG}")
    return sum(load_config(config.parent)["steps"] for config in levels)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Fields by their dotted names, as text."""
    found: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found


def _told(name: str, value: str) -> str:
    """A field as a label names it."""
    owner, _, field = name.rpartition(".")
    return value if field == "name" and owner else f"{field.replace('_', ' ')} {value}"
