"""Learning curves from the metrics of runs; runs that differ only in their seed form a group."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hierax.commands.errors import UsageError, unknown
from hierax.experiments.ranges import range_of
from hierax.statistics import iqm_interval
from hierax.training.records import METRICS, read_metrics
from hierax.training.run_folder import CONFIG, LEVELS, load_config

_SEEDS = ("seed", "seeds")
_MOST_DIFFERENCES = 4
"""Largest number of fields in a label; beyond it, labels are names of folders."""


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Runs with one configuration.

    Attributes:
        config: the configuration without the seeds.
        runs: their folders.
        curves: the metric by step, for each seed.
    """

    config: Mapping[str, Any]
    runs: list[str]
    curves: dict[int, dict[int, float]]


def read_groups(runs: Sequence[str], metric: str) -> list[Group]:
    """Return the curves of all runs, in groups.

    Raises:
        ValueError: if there is no such run or its files are damaged.
        UsageError: if a run is given twice, or has no such metric.
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
                raise UsageError(f"each seed must be given once, got seed {seed} in {others}")
            group.curves[seed] = curve
        group.runs.append(run)
    return list(groups.values())


def summarise(group: Group, label: str, metric: str) -> dict[str, Any]:
    """Return the curve of a group over its seeds, at the steps that all of them have reached.

    Returns:
        ``label``, ``runs``, ``seeds``, ``steps``, ``iqm``, ``low``, ``high``, and ``by_seed``.
    """
    steps = sorted(set.intersection(*(set(curve) for curve in group.curves.values())))
    by_seed = {
        seed: [curve[step] for step in steps] for seed, curve in sorted(group.curves.items())
    }
    values = np.array(list(by_seed.values()), np.float64)
    found = iqm_interval(values.reshape(len(by_seed), -1), range_of(metric))
    return {
        "label": label,
        "runs": group.runs,
        "seeds": list(by_seed),
        "steps": steps,
        **{name: values.tolist() for name, values in found.items()},
        "by_seed": {str(seed): values for seed, values in by_seed.items()},
    }


def title(groups: Sequence[Group]) -> str:
    """Return the world if it is the same for all groups, or else an empty title."""
    worlds = {group.config["world"]["name"] for group in groups}
    return worlds.pop() if len(worlds) == 1 else ""


def labels(groups: Sequence[Group]) -> list[str]:
    """Return a label for each group: the settings in which the groups differ."""
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
    """Return the metric of each seed by step, without values that are not finite.

    Steps are counted from the start of training of the lowest level.
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
    """Return the environment steps of the training of the lower levels."""
    levels = (run / LEVELS).glob(f"*/{CONFIG}")
    return sum(load_config(config.parent)["steps"] for config in levels)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return fields by their dotted names, as text."""
    found: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found


def _told(name: str, value: str) -> str:
    """Return the text of a field in a label."""
    owner, _, field = name.rpartition(".")
    return value if field == "name" and owner else f"{field.replace('_', ' ')} {value}"
