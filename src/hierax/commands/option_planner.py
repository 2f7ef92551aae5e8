"""The planner `option-gradient`: options for many goals in a world, and the sweeps they save.

Four fifths of all states, drawn at random, are training goals. The options are evaluated on the
others.
"""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hierax import checks
from hierax.commands.errors import UsageError
from hierax.commands.planners import title
from hierax.commands.problems import Problem
from hierax.planning import (
    Option,
    PlanningCurve,
    TabularMDP,
    condition_on_goals,
    option_model,
    planning_curve,
    solve_bellman,
)
from hierax.planning.option_gradient import PlanningObjective, subgoal_options, train_options
from hierax.plotting import OptionTables, draw_options, likely_successor, world_canvas

TRAINED_ON = 0.8
OBJECTIVE = PlanningObjective("log_gap", 20)
SWEEPS = 500
DRAWN_SWEEPS = 40
FEWEST_STATES = 5


@dataclasses.dataclass(frozen=True, eq=False)
class OptionPlan:
    """Trained options.

    Attributes:
        problem: the model, and its world.
        planner: name of the planner.
        learned: the options.
        option: the same options, hardened.
        curves: planning with each library of options for the goals held out.
        summary: quality of the options and their cost, by name.
    """

    problem: Problem
    planner: str
    learned: Option
    option: Option
    curves: Mapping[str, PlanningCurve]
    summary: Mapping[str, Any]
    time_to_peak = None

    def arrays(self) -> dict[str, Any]:
        """Return policies and terminations of the options, hardened and as trained."""
        return {
            "policy": self.option.policy,
            "termination": self.option.termination,
            "learned_policy": self.learned.policy,
            "learned_termination": self.learned.termination,
        }

    def draw(self) -> Figure:
        """Return the picture: planning curves, and policy and termination of each option."""
        choice = np.asarray(self.option.policy).argmax(axis=-1)
        successor = np.stack([likely_successor(self.problem.mdp, actions) for actions in choice])
        curves = {
            name: {"mean": curve.relative_value[:DRAWN_SWEEPS]}
            for name, curve in self.curves.items()
        }
        world = self.problem.world
        canvas = self.problem.canvas if world is None else world_canvas(world, task=False)
        tables = OptionTables(choice, successor, np.asarray(self.learned.termination))
        panels = {"Planning for goals held out": curves}
        return draw_options(tables, panels, canvas, title(self.planner, self.problem))


def learn_options(
    problem: Problem,
    planner: str,
    options: int = 4,
    steps: int = 300,
    restarts: int = 1,
    seed: int = 0,
) -> OptionPlan:
    """Return options trained on four fifths of all goals and evaluated on the others.

    Raises:
        UsageError: if the model is too large or too small.
        ValueError: if an argument is not allowed or a goal cannot be reached.
    """
    checks.count("options", options, 1)
    checks.count("seed", seed, 0)
    mdp = _without_goal(problem)
    train, test = _split(mdp.states, seed)
    begin = time.perf_counter()
    trained = train_options(
        mdp, train, options, objective=OBJECTIVE, steps=steps, restarts=restarts, seed=seed
    )
    seconds = time.perf_counter() - begin
    learned, hardened = trained.options.option(mdp), trained.options.hardened(mdp)
    libraries: dict[str, Option | None] = {
        "primitives": None,
        "learned": learned,
        "learned_hardened": hardened,
    }
    if problem.world is not None and problem.world.bottlenecks.size:
        libraries["hallways"] = subgoal_options(mdp, problem.world.bottlenecks)
    curves = _curves(mdp, libraries, test)
    duration = np.asarray(option_model(mdp, hardened).duration).mean(axis=1)
    summary = {
        "states": mdp.states,
        "options": options,
        "training_goals": len(train),
        "held_out_goals": len(test),
        "steps": steps,
        "restarts": restarts,
        "score": trained.score,
        **{
            f"sweeps_to_90_%_{LABELS[name]}": curve.sweeps_to(0.9) for name, curve in curves.items()
        },
        **{
            f"sweeps_to_99_%_{LABELS[name]}": curve.sweeps_to(0.99)
            for name, curve in curves.items()
        },
        **{f"duration_of_option_{k + 1}": float(steps) for k, steps in enumerate(duration)},
        "hardened_options_without_an_end": int((~hardened.termination.any(axis=1)).sum()),
        "seconds": seconds,
    }
    return OptionPlan(problem, planner, learned, hardened, curves, summary)


LABELS = {
    "primitives": "with_actions_alone",
    "learned": "with_options",
    "learned_hardened": "with_hardened_options",
    "hallways": "with_options_to_bottlenecks",
}


def _without_goal(problem: Problem) -> TabularMDP:
    """Return the model without a goal of its own."""
    if problem.mdp.is_sparse:
        raise UsageError(
            f"{problem.name} has {problem.mdp.states} states and a sparse model, but "
            "option-gradient needs a dense model of fewer than 2000 states"
        )
    if problem.mdp.states < FEWEST_STATES:
        raise UsageError(
            f"{problem.name} has {problem.mdp.states} states, but option-gradient needs at least "
            f"{FEWEST_STATES} to hold a goal out"
        )
    world = problem.world
    return problem.mdp if world is None else problem.mdp.with_discount(world.discount)


def _split(states: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(states)
    number = min(round(TRAINED_ON * states), states - 1)
    return np.sort(order[:number]), np.sort(order[number:])


def _curves(
    mdp: TabularMDP, libraries: Mapping[str, Option | None], goals: np.ndarray
) -> dict[str, PlanningCurve]:
    optimum = solve_bellman(condition_on_goals(mdp, None, goals, primitives=True)).value
    return {
        name: planning_curve(
            condition_on_goals(mdp, option, goals, primitives=True), optimum, SWEEPS
        )
        for name, option in libraries.items()
    }
