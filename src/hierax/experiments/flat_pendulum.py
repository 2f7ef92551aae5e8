"""`flat-pendulum`: do the flat learners learn? SAC and TD3 on Pendulum-v1, several seeds.

No claim of a paper, but what every claim rests on: these are the learners that hierarchies are
compared with. Stable-Baselines3 reports -157 for SAC after 20,000 steps; chance gives about -1200.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hierax.agents import SAC, TD3, OffPolicy
from hierax.experiments.learning_runs import learn
from hierax.experiments.result import Result
from hierax.statistics import interval, iqm_curve
from hierax.training import make_world
from hierax.training.config import describe_agent

WORLD = "Pendulum-v1"
SETTINGS = {
    "hidden_sizes": (64, 64),
    "batch_size": 128,
    "learning_rate": 1e-3,
    "learning_starts": 1_000,
}


class Budget(NamedTuple):
    """What a scale allows.

    Attributes:
        steps: environment steps of a run.
        evaluate_every: steps between evaluations.
        episodes: of an evaluation.
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
    """Train both learners with every seed."""
    return Result(claims=[], **compare({"sac": SAC, "td3": TD3}, scale, seeds))


def compare(
    kinds: Mapping[str, type[OffPolicy]], scale: str, seeds: int, *more: str
) -> dict[str, Any]:
    """Trains agents of all kinds with every seed: all of a `Result` but its claims.

    Args:
        kinds: classes of agents by their name in tables and curves.
        scale: of `BUDGETS`.
        seeds: how many.
        *more: metrics of the last evaluation that tables have beside the return.
    """
    budget = BUDGETS[scale]
    world = make_world(WORLD)
    agents = {name: kind(world.spec, **SETTINGS) for name, kind in kinds.items()}
    curves: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    for name, agent in agents.items():
        runs = learn(agent, world, seeds=seeds, metrics=(METRIC, *more), **budget._asdict())
        returns = runs.measured[METRIC]
        curves[name] = {"steps": runs.steps, "seeds": list(range(seeds)), **iqm_curve(returns)}
        rows[name] = {
            "return_at_the_end": interval(returns[:, -1]),
            "by_seed": returns[:, -1],
            **{metric: interval(runs.measured[metric][:, -1]) for metric in more},
        }
    return {
        "settings": {
            "world": WORLD,
            **budget._asdict(),
            "agents": {name: describe_agent(agent) for name, agent in agents.items()},
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
        "curves": curves,
        "tables": {"learners": rows},
        "seeds": range(seeds),
    }


def draw(result: Result, path: Path) -> None:
    """Returns by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": name, **curve} for name, curve in result.curves.items()]
    draw_learning(drawn, METRIC, WORLD).savefig(path)
