"""Runs of an experiment: an agent trained with several seeds, and its curves."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents.agent import TrainState
from hierax.training import train
from hierax.training.config import AnyWorld
from hierax.training.records import METRICS, read_metrics


class Runs(NamedTuple):
    """What several seeds measured at T evaluations.

    Attributes:
        steps: ``(T,)`` environment steps.
        measured: ``(seeds, T)`` by the name of the metric.
        states: what was learned with each seed.
        cpu_seconds: of all of them.
    """

    steps: np.ndarray
    measured: Mapping[str, np.ndarray]
    states: list[TrainState]
    cpu_seconds: float


def learn(
    agent: Any,
    world: AnyWorld,
    steps: int,
    seeds: int,
    *,
    evaluate_every: int,
    episodes: int,
    metrics: Sequence[str],
    start: Sequence[TrainState] | None = None,
) -> Runs:
    """Trains with seeds 0, 1, ...; arguments are those of `hierax.train`."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            agent,
            world,
            steps,
            seeds=seeds,
            run=folder,
            start=start,
            evaluate_every=evaluate_every,
            log_every=evaluate_every,
            checkpoint_every=steps,
            episodes=episodes,
        )
        rows = [row for row in read_metrics(Path(folder) / METRICS) if metrics[0] in row]
    times = sorted({row["step"] for row in rows})

    def table(metric: str) -> np.ndarray:
        return np.array([row[metric] for row in rows]).reshape(len(times), seeds).T

    measured = {metric: table(metric) for metric in metrics}
    return Runs(np.array(times), measured, trained.states, trained.summary["cpu_seconds"])
