"""`lsp-pendulum`: does one level with an invertible policy learn as well as a Gaussian one?

On Pendulum-v1, with the same layers, batches, rates and steps for both. The target of the level's
temperature is that of soft actor-critic, an entropy of -d.
"""

from pathlib import Path
from typing import Any

from hierax.agents import SAC, LatentSpacePolicy
from hierax.experiments.flat_pendulum import BUDGETS, METRIC, SETTINGS, WORLD
from hierax.experiments.learning_runs import learn
from hierax.experiments.result import Result, Verdict
from hierax.statistics import interval, iqm_curve
from hierax.training import make_world
from hierax.training.config import describe_agent

SAMPLED = "sampled/return"
SOLVED = -200.0
NEAR = 0.1
"""Share of the return of the Gaussian policy that the level may miss."""


def run(scale: str, seeds: int) -> Result:
    """Train both with every seed."""
    budget = BUDGETS[scale]
    world = make_world(WORLD)
    agents = {
        "one level": LatentSpacePolicy(world.spec, **SETTINGS),
        "SAC": SAC(world.spec, **SETTINGS),
    }
    curves: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    for name, agent in agents.items():
        runs = learn(agent, world, seeds=seeds, metrics=(METRIC, SAMPLED), **budget._asdict())
        returns = runs.measured[METRIC]
        curves[name] = {"steps": runs.steps, "seeds": list(range(seeds)), **iqm_curve(returns)}
        rows[name] = {
            "return_at_the_end": interval(returns[:, -1]),
            "by_seed": returns[:, -1],
            "sampled_at_the_end": interval(runs.measured[SAMPLED][:, -1]),
            "cpu_seconds_a_seed": runs.cpu_seconds / seeds,
        }
    return Result(
        settings={
            "world": WORLD,
            **budget._asdict(),
            "agents": {name: describe_agent(agent) for name, agent in agents.items()},
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
        claims=[_verdict(rows)],
        curves=curves,
        tables={"learners": rows},
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Returns by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": name, **curve} for name, curve in result.curves.items()]
    draw_learning(drawn, METRIC, WORLD).savefig(path)


def _verdict(rows: dict[str, Any]) -> Verdict:
    level, flat = (rows[name]["return_at_the_end"]["mean"] for name in ("one level", "SAC"))
    return Verdict(
        "L3",
        bool(level >= SOLVED and level >= flat - NEAR * abs(flat)),
        {"one level": level, "SAC": flat},
        "On this one small world; the paper has curves on six bodies of a simulator that is gone.",
    )
