"""`norl-ant-maze`: NORL with an ant, in the mazes of the paper.

Goals, evaluations and budgets are those of `hiro-ant-maze`. Its HIRO, with the true position as its
goal space, differs in a few more settings: its low level does not observe the position. Scale
``laptop`` is the Maze alone.

Scale ``paper`` has the networks, rates and reward of the paper, with f normalised: its box of ±10
in units of f is about 1.25 standard deviations. In worlds with images no network sees the position.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hierax.agents import NORL
from hierax.experiments import hiro_ant_maze
from hierax.experiments.goal_study import METRIC
from hierax.experiments.hiro_ant_maze import Budget, row, trained
from hierax.experiments.learning_runs import OVER_SEEDS, draw_curves
from hierax.experiments.norl_arms import GOAL_FIT
from hierax.experiments.result import Result
from hierax.registry import PRESETS
from hierax.training.config import AnyWorld, describe_agent, describe_world
from hierax.worlds import make

EVALUATED_AT: Mapping[str, tuple[float, ...]] = {
    "AntMaze-v0": (0.0, 16.0),
    "AntPushMulti-v0": (0.0, 19.0),
    "AntFallMulti-v0": (0.0, 27.0, 4.5),
    "AntBlock-v0": (0.0, 16.0),
    "AntMazeImages-v0": (0.0, 16.0),
    "AntPushImages-v0": (0.0, 19.0),
}
"""The goal of evaluations."""
ARM = "NORL"
LAPTOP: Mapping[str, Any] = {
    **PRESETS["hiro", "AntMaze-v0"].settings,
    "goal_range": (1.5,), "low_reward_scale": 5.0, "offset_discount": 0.95, "levels_start": 50_000,
    "low_views": None, "updates_per_step": 1 / 32, "representation_updates": 2,
}  # fmt: skip
PAPER: Mapping[str, Any] = {
    **hiro_ant_maze.PAPER,
    "goal_range": (1.25,), "high_noise": 0.5, "low_reward": "mutual_information",
    "low_reward_scale": 1.0, "low_sees_step": True, "offset_discount": 0.99, "levels_start": 0,
    "representation_hidden_sizes": (100, 100), "representation_learning_rate": 1e-4,
    "representation_actions": True, "correction": 1.0, "discount": 0.99, "hindsight": 0.0,
}  # fmt: skip
SOON: Mapping[str, Any] = {"learning_starts": 400, "updates_per_step": 0.01}
"""So that the paper's settings are trained with in the smoke test."""
PIXELS = "image"
BUDGETS = {
    "smoke": Budget(2_000, 2, 2, tuple(EVALUATED_AT), 50),
    "laptop": Budget(1_000_000, 10, 16, ("AntMaze-v0",)),
    "paper": Budget(10_000_000, 100, 50, tuple(EVALUATED_AT)),
}


def run(scale: str, seeds: int) -> Result:
    """Train NORL with every seed in the mazes of the scale."""
    budget = BUDGETS[scale]
    tables, curves, agents, places = {}, {}, {}, []
    for name in budget.mazes:
        world, shown = worlds(name, budget.episode_limit)
        agent = norl(scale, world)
        runs = trained(agent, world, shown, budget, seeds, (GOAL_FIT,))
        fit = runs.measured[GOAL_FIT][:, -1]
        tables[f"{name}: arms"] = {ARM: {**row(runs), "goal_fit_by_seed": fit}}
        curves[f"{name}: {ARM}"] = runs.curve(METRIC)
        agents[name] = describe_agent(agent)
        places.append(describe_world(world))
    settings = {
        **budget._asdict(),
        "agents": agents,
        "evaluated at": {name: EVALUATED_AT[name] for name in budget.mazes},
        "worlds": places,
        "environments": hiro_ant_maze.ENVIRONMENTS,
        "interval": OVER_SEEDS,
    }
    return Result(settings, [], curves, tables, range(seeds))


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps."""
    draw_curves(result.curves, METRIC, "ant mazes").savefig(path)


def worlds(name: str, limit: int) -> tuple[AnyWorld, AnyWorld]:
    """Return the world of training and that of evaluations."""
    shown = make(name, episode_limit=limit, goal=EVALUATED_AT[name])
    return make(name, episode_limit=limit), shown


def norl(scale: str, world: AnyWorld) -> NORL:
    """Return the agent; at the scale of the smoke test with the settings of the paper."""
    if scale == "laptop":
        return NORL(world.spec, **LAPTOP)
    settings = {**PAPER, **(SOON if scale == "smoke" else {})}
    names = world.spec.view_names
    if PIXELS not in names:
        return NORL(world.spec, **settings)
    seen = tuple(name for name in names if name != "position")
    own = tuple(name for name in seen if name not in ("goal", "time"))
    views: dict[str, Any] = {"high_views": seen, "low_views": own, "representation_views": own}
    return NORL(world.spec, **settings, **views)
