"""`lsp-layers`: does a second level with the same reward improve a policy?

The second level is added after half of the steps. K levels at one temperature are equivalent to one
level at a K times lower temperature. So we compare with

    continued                        one level trained for all steps
    half the temperature             one level at half the temperature
    as deep                          one level with twice the couplings, trained end to end
    as deep, half the temperature    both at once

All arms have the same networks and the same number of steps.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents import LatentSpacePolicy, Level
from hierax.experiments.learning_runs import OVER_SEEDS, SMALL, Runs, draw_curves, learn
from hierax.experiments.result import Finding, Result
from hierax.statistics import interval
from hierax.training import make_world
from hierax.training.config import AnyWorld, describe_agent

METRIC, OTHER = "sampled/return", "deterministic/return"
TWO, CONTINUED, COLDER, DEEP = "two levels", "continued", "half the temperature", "as deep"
SETTINGS = {**SMALL, "tau": 0.01, "buffer_size": 500_000}
COUPLINGS = 2


class Case(NamedTuple):
    """Settings for a world.

    Attributes:
        temperature: α of every level, except in arms at half the temperature.
        updates_per_step: gradient updates for each environment step.
        learning_starts: steps before the first update.
    """

    temperature: float
    updates_per_step: float
    learning_starts: int


CASES = {"SpinSpeed-v0": Case(1.0, 0.25, 2_000), "HalfCheetah-v5": Case(0.2, 1.0, 5_000)}


class Budget(NamedTuple):
    """Steps and evaluations of a scale.

    Attributes:
        steps: environment steps of each half of a run, by world.
        evaluations: evaluations in each half.
        episodes: episodes of an evaluation.
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
    """Train all arms on each world with every seed."""
    budget = BUDGETS[scale]
    curves: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    agents: dict[str, Any] = {}
    for name, steps in budget.steps.items():
        world = make_world(name)
        arms = _arms(world, CASES[name])
        runs = {
            arm: _train(agent, world, steps, budget, seeds, add_level=arm == TWO)
            for arm, agent in arms.items()
        }
        curves |= {f"{name}: {arm}": each.curve(METRIC) for arm, each in runs.items()}
        tables[name] = {arm: _row(each) for arm, each in runs.items()}
        agents[name] = {arm: describe_agent(agent) for arm, agent in arms.items()}
    return Result(
        settings={
            **budget._asdict(),
            "agents": agents,
            "interval": OVER_SEEDS,
        },
        claims=judge(tables),
        curves=curves,
        tables=tables,
        seeds=range(seeds),
    )


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge L4 and L6."""
    return [_second_level(tables), _end_to_end(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw returns by environment steps on the last of the worlds."""
    world = list(result.tables)[-1]
    drawn = {arm: result.curves[f"{world}: {arm}"] for arm in result.tables[world]}
    draw_curves(drawn, METRIC, world).savefig(path)


def _arms(world: AnyWorld, case: Case) -> dict[str, LatentSpacePolicy]:
    """Return the agent of each arm; that of two levels starts with one."""

    def one(temperature: float, couplings: int) -> LatentSpacePolicy:
        level = Level(temperature=temperature, couplings=couplings)
        return LatentSpacePolicy(
            world.spec,
            levels=(level,),
            updates_per_step=case.updates_per_step,
            learning_starts=case.learning_starts,
            **SETTINGS,
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
    add_level: bool,
) -> Runs:
    """Train both halves, with a second level added after the first if ``add_level``."""
    options = {
        "evaluate_every": steps // budget.evaluations,
        "episodes": budget.episodes,
        "metrics": (METRIC, OTHER),
    }
    if not add_level:
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


def _second_level(tables: Mapping[str, Any]) -> Finding:
    """Judge L4: two levels beat one continued level and one at half the temperature."""
    numbers: dict[str, Any] = {}
    better, more_than_colder = [], []
    for world, rows in tables.items():
        ends = {arm: row["sampled_return"] for arm, row in rows.items()}
        numbers |= {f"{world}, {arm}": end["mean"] for arm, end in ends.items()}
        better.append(ends[TWO]["low"] > ends[CONTINUED]["high"])
        more_than_colder.append(ends[TWO]["iqm"] > ends[COLDER]["high"])
    holds = None if all(better) and not all(more_than_colder) else all(better)
    return Finding(
        "L4",
        holds,
        numbers,
        f"{_returns(tables, (TWO, CONTINUED, COLDER))} The claim holds if the interval of two "
        "levels lies above that of one continued level in every world, and their interquartile "
        "mean above the interval of one level at half the temperature. The latter is the "
        "control, because two levels at one temperature are equivalent to it.",
    )


def _end_to_end(tables: Mapping[str, Any]) -> Finding:
    """Judge L6: a flow as deep as two levels, trained end to end, is not worse than one level."""
    numbers: dict[str, Any] = {}
    holds = []
    for world, rows in tables.items():
        ends = {arm: rows[arm]["sampled_return"] for arm in (DEEP, CONTINUED, TWO)}
        numbers |= {f"{world}, {arm}": end["mean"] for arm, end in ends.items()}
        holds.append(ends[DEEP]["high"] >= ends[CONTINUED]["low"])
    return Finding(
        "L6",
        all(holds),
        numbers,
        f"{_returns(tables, (DEEP, CONTINUED, TWO))} The claim holds if the interval of the deep "
        "flow does not lie below that of one continued level in any world. Both have the same "
        "temperature.",
    )


def _returns(tables: Mapping[str, Any], arms: tuple[str, ...]) -> str:
    """Return the mean returns of some arms in words."""
    listed = (
        f"{world}: " + ", ".join(f"{arm} {rows[arm]['sampled_return']['mean']:.0f}" for arm in arms)
        for world, rows in tables.items()
    )
    return f"Mean sampled returns. {'; '.join(listed)}."
