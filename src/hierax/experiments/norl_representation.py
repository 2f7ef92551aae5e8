"""`norl-representation`: what the learned goal space holds, before anything is learned with it.

Objectives of f, trained alone on random walks; and f of the agent, with and without the actions in
φ, on the data of three kinds of random first actions, in two small mazes and with an ant. A linear
fit says how much of position and of nuisance a goal space of two dimensions holds.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents import NORL
from hierax.experiments.jobs import Job, do_jobs
from hierax.experiments.learning_runs import learn
from hierax.experiments.norl_arms import GOAL_FIT, NUISANCE_FIT, SPREAD, WORLDS, maze
from hierax.experiments.norl_objectives import rows
from hierax.experiments.result import Finding, Result
from hierax.statistics import UNIT, interval
from hierax.training.config import AnyWorld, describe_agent
from hierax.worlds import make

ANT = "AntMaze-v0"
EXPLORATION: Mapping[str, Mapping[str, Any]] = {
    "uniform": {"random_action_kind": "uniform"},
    "corners": {"random_action_kind": "corners"},
    "corners, held": {"random_action_kind": "corners", "random_action_steps": (1, 2, 4, 8)},
}
WITHOUT, WITH = "f alone", "f and actions"
PREDICTION: Mapping[str, bool] = {WITHOUT: False, WITH: True}
LEAST_FIT, MOST_FIT = 0.95, 0.02
"""Share of the variance of position that a good goal space holds at least, of nuisance at most."""
PARTS = 20
"""Parts of a run; the last one is measured, as averages over its updates."""


class Budget(NamedTuple):
    """Updates and steps of a scale.

    Attributes:
        updates: numbers of updates of an objective alone, after which it is measured.
        steps: environment steps of an agent.
        worlds: names of its worlds.
    """

    updates: tuple[int, ...]
    steps: int
    worlds: tuple[str, ...]


BUDGETS = {
    "smoke": Budget((100, 200), 40_000, WORLDS[:1]),
    "laptop": Budget((500, 1_000, 3_000, 6_000), 50_000, (*WORLDS, ANT)),
    "paper": Budget((3_000, 30_000), 500_000, (*WORLDS, ANT)),
}


def run(scale: str, seeds: int) -> Result:
    """Train all objectives, then f of the agent in each world."""
    budget = BUDGETS[scale]
    learners = [(name, *each) for name in budget.worlds for each in agents(name, budget.steps)]
    jobs: list[Job] = [(rows, (budget.updates, seeds))]
    jobs += [(_row, (agent, world, budget.steps, seeds)) for _, _, world, agent in learners]
    workers = 1 if scale == "smoke" else os.cpu_count() or 1
    objectives, *found = do_jobs(jobs, workers, "spaces")
    tables: dict[str, Any] = {"objectives": objectives}
    for (name, label, *_), row in zip(learners, found, strict=True):
        tables.setdefault(f"{name}: spaces", {})[label] = row
    settings = {
        **budget._asdict(),
        "agents": {
            name: describe_agent(agents(name, budget.steps)[0][2]) for name in budget.worlds
        },
    }
    return Result(settings, judge(tables), {}, tables, range(seeds))


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N3."""
    spaces = {name: rows for name, rows in tables.items() if name.endswith(": spaces")}
    label = f"corners, {WITHOUT}"
    fits = {name.removesuffix(": spaces"): each[label] for name, each in spaces.items()}
    measured = {
        name: {key: row[key] for key in row if key != "position"} for name, row in fits.items()
    }
    good = [
        np.min(row["goal_fit"]) >= LEAST_FIT and np.max(row.get("nuisance_fit", 0.0)) <= MOST_FIT
        for row in fits.values()
    ]
    told = "; ".join(
        f"{name}: position {np.min(row['goal_fit']):.3f} to {np.max(row['goal_fit']):.3f}"
        + (f", nuisance {np.max(row['nuisance_fit']):.3f}" if "nuisance_fit" in row else "")
        for name, row in fits.items()
    )
    return [
        Finding(
            "N3",
            True if all(good) else (None if any(good) else False),
            measured,
            f"Share of the variance that a linear fit on f explains, least and most over "
            f"{len(next(iter(fits.values()))['goal_fit'])} seeds, after random corners of the "
            f"action box: {told}. The claim holds if all seeds have at least {LEAST_FIT:g} of both "
            f"coordinates and at most {MOST_FIT:g} of the nuisance, in all worlds.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw how much of position each goal space holds, one point for each seed."""
    from hierax.plotting.points import draw_points

    found = {
        f"{table.removesuffix(': spaces')}: {label}": row["goal_fit"]
        for table, each in result.tables.items()
        if table.endswith(": spaces")
        for label, row in each.items()
    }
    draw_points(found, "share of position that f holds (R²)").savefig(path)


def agents(name: str, steps: int) -> list[tuple[str, AnyWorld, NORL]]:
    """Return agents that act at random and learn f alone, with their worlds, by name."""
    world = make(ANT) if name == ANT else maze(name)
    settings: dict[str, Any] = {
        "random_actions": steps, "levels_start": steps, "hidden_sizes": (8,),
    }  # fmt: skip
    return [
        (
            f"{first}, {label}",
            world,
            NORL(world.spec, **settings, **explored, representation_actions=actions),
        )
        for first, explored in EXPLORATION.items()
        for label, actions in PREDICTION.items()
    ]


def _row(agent: NORL, world: AnyWorld, steps: int, seeds: int) -> dict[str, Any]:
    known = (GOAL_FIT, NUISANCE_FIT) if world.spec.nuisance else (GOAL_FIT,)
    runs = learn(
        agent,
        world,
        steps,
        seeds,
        evaluate_every=-(-steps // PARTS),
        episodes=1,
        metrics=("deterministic/return", *known, SPREAD),
        environments=16,
        progress=False,
    )
    row: dict[str, Any] = {
        name.removeprefix("space/"): runs.measured[name][:, -1] for name in (*known, SPREAD)
    }
    return {"position": interval(row["goal_fit"], UNIT), **row}
