"""`lsp-layers`: does a level more on the same reward improve a policy, or is it the temperature?

Two levels on one reward, the second put on top of the first after half of the steps, beside all
that must be beside it:

    continued                one level for all of the steps
    half the temperature     one level at the temperature that two levels amount to
    as deep                  one level with twice the couplings, trained end to end
    as deep, half            both at once

Same steps in all, same temperature of each level, same networks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents import LatentSpacePolicy, Level
from hierax.experiments.learning_runs import Runs, learn
from hierax.experiments.result import Finding, Result
from hierax.statistics import interval, iqm_curve
from hierax.training import make_world
from hierax.training.config import AnyWorld, describe_agent

METRIC, OTHER = "sampled/return", "deterministic/return"
TWO, CONTINUED, COLDER, DEEP = "two levels", "continued", "half the temperature", "as deep"
SETTINGS = {"hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01}
COUPLINGS = 2


class Case(NamedTuple):
    """A world with what is chosen for it.

    Attributes:
        temperature: α of every level but those that halve it.
        updates_per_step: gradient updates for each step.
        learning_starts: steps before the first update.
    """

    temperature: float
    updates_per_step: float
    learning_starts: int


CASES = {"SpinSpeed-v0": Case(1.0, 0.25, 2_000), "HalfCheetah-v5": Case(0.2, 1.0, 5_000)}


class Budget(NamedTuple):
    """What a scale allows.

    Attributes:
        steps: of each half of a run, by world.
        evaluations: in a half.
        episodes: of an evaluation.
    """

    steps: Mapping[str, int]
    evaluations: int
    episodes: int


BUDGETS = {
    "smoke": Budget({"SpinSpeed-v0": 3_200}, 1, 4),
    "laptop": Budget({"SpinSpeed-v0": 40_000, "HalfCheetah-v5": 50_000}, 5, 10),
    "paper": Budget({"SpinSpeed-v0": 200_000, "HalfCheetah-v5": 1_000_000}, 20, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train all ways on each world with every seed."""
    budget = BUDGETS[scale]
    curves: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    agents: dict[str, Any] = {}
    for name, steps in budget.steps.items():
        world = make_world(name)
        ways = _ways(world, CASES[name])
        runs = {
            way: _train(agent, world, steps, budget, seeds, twice=way == TWO)
            for way, agent in ways.items()
        }
        for way, each in runs.items():
            curve = {"steps": each.steps, "seeds": list(range(seeds))}
            curves[f"{name}: {way}"] = {**curve, **iqm_curve(each.measured[METRIC])}
        tables[name] = {way: _row(each) for way, each in runs.items()}
        agents[name] = {way: describe_agent(agent) for way, agent in ways.items()}
    return Result(
        settings={
            **budget._asdict(),
            "agents": agents,
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
        claims=[_adds(tables), _in_one(tables)],
        curves=curves,
        tables=tables,
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Returns by environment steps, on the last of the worlds."""
    from hierax.plotting.learning import draw_learning

    world = list(result.tables)[-1]
    drawn = [{"label": way, **result.curves[f"{world}: {way}"]} for way in result.tables[world]]
    draw_learning(drawn, METRIC, world).savefig(path)


def _ways(world: AnyWorld, case: Case) -> dict[str, LatentSpacePolicy]:
    """Agents by what is special about them; that of two levels begins with one."""

    def one(temperature: float, couplings: int) -> LatentSpacePolicy:
        level = Level(temperature=temperature, couplings=couplings)
        rhythm = {
            "updates_per_step": case.updates_per_step,
            "learning_starts": case.learning_starts,
        }
        return LatentSpacePolicy(
            world.spec, levels=(level,), buffer_size=500_000, **SETTINGS, **rhythm
        )

    usual, cold = case.temperature, case.temperature / 2.0
    return {
        TWO: one(usual, COUPLINGS),
        CONTINUED: one(usual, COUPLINGS),
        COLDER: one(cold, COUPLINGS),
        DEEP: one(usual, 2 * COUPLINGS),
        f"{DEEP}, half the temperature": one(cold, 2 * COUPLINGS),
    }


def _train(
    agent: LatentSpacePolicy,
    world: AnyWorld,
    steps: int,
    budget: Budget,
    seeds: int,
    *,
    twice: bool,
) -> Runs:
    """Both halves: of one level, or a second one put on top after the first half."""
    options = {
        "evaluate_every": steps // budget.evaluations,
        "episodes": budget.episodes,
        "metrics": (METRIC, OTHER),
    }
    if not twice:
        return learn(agent, world, 2 * steps, seeds, **options)
    first = learn(agent, world, steps, seeds, **options)
    added = [agent.add_level(state, agent.top) for state in first.states]
    start = [state for _, state in added]
    second = learn(added[0][0], world, steps, seeds, start=start, **options)
    return Runs(
        np.concatenate([first.steps, first.steps[-1] + second.steps]),
        {
            metric: np.concatenate([first.measured[metric], second.measured[metric]], axis=1)
            for metric in (METRIC, OTHER)
        },
        second.states,
        first.cpu_seconds + second.cpu_seconds,
    )


def _row(runs: Runs) -> dict[str, Any]:
    final = runs.measured[METRIC][:, -1]
    return {
        "sampled_return": interval(final),
        "by_seed": final,
        "deterministic_return": interval(runs.measured[OTHER][:, -1]),
        "cpu_seconds_a_seed": runs.cpu_seconds / len(final),
    }


def _adds(tables: Mapping[str, Any]) -> Finding:
    """L4: holds where two levels beat one that goes on, and one at half the temperature too."""
    numbers: dict[str, Any] = {}
    better, more_than_colder = [], []
    for world, rows in tables.items():
        ends = {way: row["sampled_return"] for way, row in rows.items()}
        numbers |= {f"{world}, {way}": end["mean"] for way, end in ends.items()}
        better.append(ends[TWO]["low"] > ends[CONTINUED]["high"])
        more_than_colder.append(ends[TWO]["mean"] > ends[COLDER]["high"])
    holds = None if all(better) and not all(more_than_colder) else all(better)
    return Finding(
        "L4",
        holds,
        numbers,
        "Sampled returns. Two levels at one temperature amount to one at half of it, so a gain "
        "over one level that goes on says nothing about levels unless it exceeds that control.",
    )


def _in_one(tables: Mapping[str, Any]) -> Finding:
    """L6: a flow as deep as two levels, trained as one, is not below one level or two."""
    numbers: dict[str, Any] = {}
    holds = []
    for world, rows in tables.items():
        ends = {way: rows[way]["sampled_return"] for way in (DEEP, CONTINUED, TWO)}
        numbers |= {f"{world}, {way}": end["mean"] for way, end in ends.items()}
        holds.append(ends[DEEP]["high"] >= ends[CONTINUED]["low"])
    return Finding(
        "L6",
        all(holds),
        numbers,
        "One flow with as many couplings as two levels, at the temperature of one of them.",
    )
