"""An agent trained with several seeds, and its curves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from hierax.agents.agent import TrainState
from hierax.experiments.kept_runs import run_folder
from hierax.experiments.ranges import range_of
from hierax.statistics import INTERVAL, iqm_interval
from hierax.training import train, warm_start
from hierax.training.config import AnyWorld, describe_agent, describe_world, described
from hierax.training.records import METRICS, read_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL = {"hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3}
"""Networks and batches of most experiments."""
CHECKPOINTS = 4
"""Number of checkpoints of a run."""
OVER_SEEDS = f"{INTERVAL} over seeds"
"""Description of the intervals, for settings."""


class Runs(NamedTuple):
    """Measurements of several seeds at T evaluations.

    Attributes:
        steps: ``(T,)`` environment steps.
        measured: ``(seeds, T)`` by the name of the metric.
        states: the final state of each seed.
        cpu_seconds: CPU time of all seeds together.
    """

    steps: np.ndarray
    measured: Mapping[str, np.ndarray]
    states: list[TrainState]
    cpu_seconds: float

    def curve(self, metric: str) -> dict[str, Any]:
        """Return the interquartile mean of a metric over seeds by steps, with its interval."""
        values = self.measured[metric]
        return {
            "steps": self.steps,
            "seeds": list(range(len(values))),
            "metric": metric,
            **iqm_interval(values, range_of(metric)),
            "values": values,
        }


def learn(
    agent: Any,
    world: AnyWorld,
    steps: int,
    seeds: int,
    *,
    evaluate_every: int,
    episodes: int,
    metrics: Sequence[str],
    start: Sequence[TrainState] | Literal["untrained"] | None = None,
    **options: Any,
) -> Runs:
    """Train an agent with seeds 0, 1, ...; the arguments are those of `hierax.train`."""
    asked = {
        "evaluate_every": evaluate_every,
        "log_every": evaluate_every,
        "checkpoint_every": -(-steps // CHECKPOINTS),
        "episodes": episodes,
        **options,
    }
    settings = {
        "agent": describe_agent(agent),
        "world": describe_world(world),
        "steps": steps,
        "seeds": seeds,
        "start": start if start is None or isinstance(start, str) else warm_start.digest(start),
        "options": {name: described(value) for name, value in asked.items()},
    }
    with run_folder(settings) as folder:
        trained = train(agent, world, steps, seeds=seeds, run=folder, start=start, keep=1, **asked)
        rows = [row for row in read_metrics(folder / METRICS) if metrics[0] in row]
    times = sorted({row["step"] for row in rows})

    def table(metric: str) -> np.ndarray:
        values = [row.get(metric, np.nan) for row in rows]  # an agent that has not learned: none
        return np.array(values).reshape(len(times), seeds).T

    measured = {metric: table(metric) for metric in metrics}
    return Runs(np.array(times), measured, trained.states, trained.summary["cpu_seconds"])


def first_step(steps: np.ndarray, rates: np.ndarray, reached: float) -> int | None:
    """Return the first of the ``steps`` at which a rate is at least ``reached``, or None."""
    found = np.flatnonzero(rates >= reached)
    return int(steps[found[0]]) if found.size else None


def draw_curves(curves: Mapping[str, Mapping[str, Any]], metric: str, title: str) -> "Figure":
    """Draw curves of `Runs.curve` by environment steps; the keys are the labels."""
    from hierax.plotting.learning import draw_learning

    return draw_learning([{"label": name, **each} for name, each in curves.items()], metric, title)
