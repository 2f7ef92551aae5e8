"""`flat-pendulum`: SAC and TD3 on Pendulum-v1, several seeds.

These are the flat baselines of all comparisons with hierarchies. Stable-Baselines3 reports -157 for
SAC after 20,000 steps. Random actions reach about -1200.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hierax.agents import SAC, TD3, OffPolicy
from hierax.experiments.learning_runs import OVER_SEEDS, draw_curves, learn
from hierax.experiments.result import Result
from hierax.registry import PRESETS
from hierax.statistics import interval
from hierax.training import make_world
from hierax.training.config import describe_agent

WORLD = "Pendulum-v1"
SETTINGS = PRESETS["sac", WORLD].settings


class Budget(NamedTuple):
    """Steps and evaluations of a scale.

    Attributes:
        steps: environment steps of a run.
        evaluate_every: steps between evaluations.
        episodes: episodes of an evaluation.
    """

    steps: int
    evaluate_every: int
    episodes: int


BUDGETS = {
    "smoke": Budget(1_200, 600, 2),
    "laptop": Budget(20_000, 2_000, 20),
    "paper": Budget(20_000, 1_000, 100),
}
METRIC = "deterministic/return"


def run(scale: str, seeds: int) -> Result:
    """Train both agents with every seed."""
    return Result(claims=[], **compare({"sac": SAC, "td3": TD3}, scale, seeds))


def compare(
    kinds: Mapping[str, type[OffPolicy]], scale: str, seeds: int, *more: str
) -> dict[str, Any]:
    """Train agents of all kinds with every seed; return all of a `Result` but its claims.

    Args:
        kinds: classes of agents by their name in tables and curves.
        scale: a key of `BUDGETS`.
        seeds: number of seeds.
        *more: metrics of the last evaluation to tabulate in addition to the return.
    """
    budget = BUDGETS[scale]
    world = make_world(WORLD)
    agents = {name: kind(world.spec, **SETTINGS) for name, kind in kinds.items()}
    curves: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    for name, agent in agents.items():
        runs = learn(agent, world, seeds=seeds, metrics=(METRIC, *more), **budget._asdict())
        returns = runs.measured[METRIC][:, -1]
        curves[name] = runs.curve(METRIC)
        rows[name] = {
            "return_at_the_end": interval(returns),
            "by_seed": returns,
            **{metric: interval(runs.measured[metric][:, -1]) for metric in more},
        }
    return {
        "settings": {
            "world": WORLD,
            **budget._asdict(),
            "agents": {name: describe_agent(agent) for name, agent in agents.items()},
            "interval": OVER_SEEDS,
        },
        "curves": curves,
        "tables": {"learners": rows},
        "seeds": range(seeds),
    }


def draw(result: Result, path: Path) -> None:
    """Draw returns by environment steps."""
    draw_curves(result.curves, METRIC, WORLD).savefig(path)
