"""Arms trained in a world with a goal, and the table of their successes.

All arms of a world have the same environment steps and the same evaluations. The headline is the
mean of the last three evaluations: single evaluations of one policy are nearly all or none, and
policies change between them.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.experiments.jobs import do_jobs
from hierax.experiments.learning_runs import (
    OVER_SEEDS,
    Runs,
    draw_curves,
    first_step,
    learn,
)
from hierax.experiments.result import Result
from hierax.statistics import UNIT, interval
from hierax.training.config import AnyWorld, describe_agent, describe_world

METRIC = "deterministic/success"
RETURN = "deterministic/return"
LAST = 3
"""Evaluations whose mean is the headline."""
REACHED = 0.9
"""Success rate of a solved task."""
DIGITS = 6
"""Decimals of differences of success rates."""


class Budget(NamedTuple):
    """Steps and evaluations of a scale.

    Attributes:
        share: of the steps of each arm.
        evaluations: number of evaluations.
        episodes: episodes of an evaluation.
        only: names of the arms to train; None for all.
    """

    share: float
    evaluations: int
    episodes: int
    only: tuple[str, ...] | None = None


def budgets(smoke: float, only: tuple[str, ...]) -> dict[str, Budget]:
    """Return the budget of each scale.

    Args:
        smoke: share of the steps at scale smoke.
        only: names of the arms at that scale.
    """
    return {
        "smoke": Budget(smoke, 3, 4, only),
        "laptop": Budget(1.0, 20, 20),
        "paper": Budget(2.0, 40, 100),
    }


class Arm(NamedTuple):
    """An agent in a comparison.

    Attributes:
        agent: the agent, made for ``world``.
        world: the task.
        steps: environment steps.
        also: names of further metrics of training; rows have their last values.
        environments: stepped together; None for as many as `hierax.train` chooses.
        start: states that the seeds begin with; None for new ones.
    """

    agent: Agent
    world: AnyWorld
    steps: int
    also: tuple[str, ...] = ()
    environments: int | None = None
    start: Sequence[TrainState] | None = None


def study(
    arms: Mapping[str, Mapping[str, Arm]],
    budget: Budget,
    seeds: int,
    first: int = 0,
    metric: str = METRIC,
) -> dict[str, dict[str, Any]]:
    """Train the arms of all worlds, as many at once as there are cores.

    Args:
        arms: by the name of the world and their own.
        budget: which of them, how long, how often evaluated.
        seeds: number of seeds of each arm.
        first: the first of them.
        metric: of the curves.

    Returns:
        For each world curves, the rows of a table, settings and final states, by name.
    """
    chosen = {
        world: {name: each[name] for name in each if budget.only is None or name in budget.only}
        for world, each in arms.items()
    }
    jobs = [
        (_train, (arm, budget, seeds, first)) for each in chosen.values() for arm in each.values()
    ]
    # The start of a process takes longer than an arm of a small scale.
    workers = 1 if budget.share < 1.0 else min(os.cpu_count() or 1, len(jobs))
    trained = iter(do_jobs(jobs, workers, "arms"))
    return {
        world: _found(each, {name: next(trained) for name in each}, metric)
        for world, each in chosen.items()
    }


def _found(chosen: Mapping[str, Arm], runs: Mapping[str, Runs], metric: str) -> dict[str, Any]:
    """Return what `study` returns for a world."""
    return {
        "curves": {name: each.curve(metric) for name, each in runs.items()},
        "table": {
            name: {**row(each), **_last(each, chosen[name].also)} for name, each in runs.items()
        },
        "states": {name: each.states for name, each in runs.items()},
        "settings": {
            "steps": {name: arm.steps for name, arm in chosen.items()},
            "worlds": {name: describe_world(arm.world) for name, arm in chosen.items()},
            "agents": {name: describe_agent(arm.agent) for name, arm in chosen.items()},
        },
    }


def by_world(found: Mapping[str, Mapping[str, Any]], budget: Budget) -> dict[str, Any]:
    """Return the studies of several worlds as the fields of a `Result`."""
    return {
        "curves": {
            f"{world}: {name}": curve
            for world, each in found.items()
            for name, curve in each["curves"].items()
        },
        "tables": {f"{world}: arms": each["table"] for world, each in found.items()},
        "settings": {
            **budget._asdict(),
            **{
                f"{world}: {name}": settings
                for world, each in found.items()
                for name, settings in each["settings"].items()
            },
            "success": f"{METRIC}, mean of the last {LAST} evaluations",
            "interval": OVER_SEEDS,
        },
    }


def draw_world(
    result: Result, world: str, path: Path, only: Sequence[str], metric: str = METRIC
) -> None:
    """Draw a metric of the arms called ``only`` in a world, as far as they were run."""
    draw_curves(_drawn(result, world, only), metric, world).savefig(path)


def draw_worlds(
    result: Result, worlds: Mapping[str, Sequence[str]], path: Path, metric: str = METRIC
) -> None:
    """Draw a metric of the arms of each world that are named, as far as they were run."""
    from hierax.plotting.learning import draw_learning_panels

    panels = {
        world: [{"label": name, **each} for name, each in _drawn(result, world, only).items()]
        for world, only in worlds.items()
    }
    draw_learning_panels(panels, metric).savefig(path)


def _drawn(result: Result, world: str, only: Sequence[str]) -> dict[str, Any]:
    """Return the curves of these arms in a world, as far as they were run."""
    names = {name: f"{world}: {name}" for name in only}
    return {name: result.curves[key] for name, key in names.items() if key in result.curves}


def rates(table: Mapping[str, Any]) -> str:
    """Return the mean success of each row, and how many seeds are at 0.9, in words."""
    return ", ".join(
        f"{name} {np.mean(row['by_seed']):.2f} ({row['seeds_at_0.9']} seeds at {REACHED:g})"
        for name, row in table.items()
    )


def gain(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return by how much one row succeeds more often than another, seed by seed.

    Differences are rounded: seeds that agree must agree as well when they are read from a file.
    """
    difference = np.subtract(row["by_seed"], other["by_seed"]).round(DIGITS)
    return interval(difference, (-1.0, 1.0))


def told(found: Mapping[str, Any]) -> str:
    """Return an interquartile mean and its interval in words."""
    return f"{found['iqm']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"


def row(runs: Runs) -> dict[str, Any]:
    """Return the row of an arm."""
    success, returns = runs.measured[METRIC], runs.measured[RETURN]
    last = success[:, -LAST:].mean(axis=1)
    return {
        "success": interval(last, UNIT),
        "by_seed": last,
        "seeds_at_0.9": int((last >= REACHED).sum()),
        "success_at_the_end_by_seed": success[:, -1],
        "best_by_seed": success.max(axis=1),
        "return_by_seed": returns[:, -LAST:].mean(axis=1),
        "first_at_0.9_by_seed": [first_step(runs.steps, rates, REACHED) for rates in success],
        "cpu_seconds_a_seed": runs.cpu_seconds / len(success),
    }


def _last(runs: Runs, also: Sequence[str]) -> dict[str, Any]:
    """Return the last value of each of these metrics, by seed."""
    return {f"{name}_by_seed": runs.measured[name][:, -1] for name in also}


def _train(arm: Arm, budget: Budget, seeds: int, first: int) -> Runs:
    """Return the runs of an arm; their states have no replay and no key."""
    steps = max(1, round(budget.share * arm.steps))
    runs = learn(
        arm.agent,
        arm.world,
        steps,
        seeds,
        evaluate_every=-(-steps // budget.evaluations),
        episodes=budget.episodes,
        metrics=(METRIC, RETURN, *arm.also),
        seed=first,
        environments=arm.environments,
        start=arm.start,
        progress=False,
    )
    kept = [state._replace(replay=None, key=None) for state in runs.states]
    return runs._replace(states=jax.device_get(kept))
