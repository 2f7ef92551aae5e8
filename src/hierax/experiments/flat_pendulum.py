"""`flat-pendulum`: do the flat learners learn? SAC and TD3 on Pendulum-v1, several seeds.

No claim of a paper, but what every claim rests on: these are the learners that hierarchies are
compared with. Stable-Baselines3 reports -157 for SAC after 20,000 steps; chance gives about -1200.
"""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents import AGENTS
from hierax.experiments.result import Result
from hierax.statistics import interval, iqm_curve
from hierax.training import make_world, train
from hierax.training.config import describe_agent
from hierax.training.records import METRICS, read_metrics

WORLD = "Pendulum-v1"
SETTINGS = {"hidden": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "warmup": 1_000}


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
    budget = BUDGETS[scale]
    world = make_world(WORLD)
    curves: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    agents = {name: kind(world.spec, **SETTINGS) for name, kind in AGENTS.items()}
    for name, agent in agents.items():
        steps, returns = _returns(agent, world, budget, seeds)
        curves[name] = {"steps": steps, "seeds": list(range(seeds)), **iqm_curve(returns)}
        rows[name] = {"return_at_the_end": interval(returns[:, -1]), "by_seed": returns[:, -1]}
    return Result(
        settings={
            "world": WORLD,
            **budget._asdict(),
            "agents": {name: describe_agent(agent) for name, agent in agents.items()},
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
        claims=[],
        curves=curves,
        tables={"learners": rows},
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Returns by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": name, **curve} for name, curve in result.curves.items()]
    draw_learning(drawn, METRIC, WORLD).savefig(path)


def _returns(agent: Any, world: Any, budget: Budget, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the evaluations ``(T,)``, and mean returns ``(seeds, T)``."""
    with tempfile.TemporaryDirectory() as folder:
        train(
            agent,
            world,
            budget.steps,
            seeds=seeds,
            run=folder,
            evaluate_every=budget.evaluate_every,
            checkpoint_every=budget.steps,
            episodes=budget.episodes,
        )
        rows = [row for row in read_metrics(Path(folder) / METRICS) if METRIC in row]
    steps = sorted({row["step"] for row in rows})
    returns = np.array([row[METRIC] for row in rows]).reshape(len(steps), seeds).T
    return np.array(steps), returns
