"""Planners behind one interface: each returns a `Plan`, with tables to draw and a summary."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure

from hierax.commands.errors import UsageError
from hierax.commands.problems import Problem
from hierax.planning import (
    Boltzmann,
    HardMax,
    LogSumExp,
    Mellowmax,
    SolveInterrupted,
    TabularMDP,
    action_values,
    himo,
    occupancy,
    solve_bellman,
)
from hierax.planning.backend import Array
from hierax.planning.path_gradient.flow import with_foresight
from hierax.plotting import PlanTables, draw_plan, likely_successor
from hierax.registry import PLANNERS

SOFT_OPERATORS = {"logsumexp": LogSumExp, "mellowmax": Mellowmax, "boltzmann": Boltzmann}


class Plan(Protocol):
    """The result of a planner.

    Attributes:
        problem: the model, and its world.
        planner: name of the planner.
        summary: quality of the plan and its cost, by name; None for a goal that is not reached.
        time_to_peak: ``(S,)`` time at which each state is decided; None if there is no order.
    """

    @property
    def problem(self) -> Problem: ...  # noqa: D102

    @property
    def planner(self) -> str: ...  # noqa: D102

    @property
    def summary(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def time_to_peak(self) -> np.ndarray | None: ...  # noqa: D102

    def arrays(self) -> dict[str, Any]:
        """Return the tables that are saved, by name."""
        ...

    def draw(self) -> Figure:
        """Return the picture."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class PolicyPlan:
    """A plan that is one policy.

    Attributes:
        problem: the model, and its world.
        planner: name of the planner.
        policy: ``(S, A)`` probabilities.
        tables: what is drawn.
        summary: quality of the plan and its cost, by name; None for a goal that is not reached.
    """

    problem: Problem
    planner: str
    policy: np.ndarray
    tables: PlanTables
    summary: Mapping[str, Any]

    @property
    def time_to_peak(self) -> np.ndarray | None:
        """``(S,)`` time at which each state is decided; None if there is no order."""
        return self.tables.time_to_peak

    def arrays(self) -> dict[str, Any]:
        """Return value, policy and occupancy; for HIMO also the times of decision."""
        arrays = {
            "value": self.tables.value,
            "policy": self.policy,
            "occupancy": self.tables.occupancy,
        }
        order = {} if self.time_to_peak is None else {"time_to_peak": self.time_to_peak}
        return arrays | order

    def draw(self) -> Figure:
        """Return the picture: value, greedy policy, occupancy; for HIMO the order of decision."""
        return draw_plan(self.tables, self.problem.canvas, title(self.planner, self.problem))


def title(planner: str, problem: Problem) -> str:
    """Return the title of a picture or a report, for example "Policy iteration: FourRooms-v0"."""
    words = {"himo": "HIMO", "auto": "Exact plan"}
    return f"{words.get(planner, planner.replace('-', ' ').capitalize())}: {problem.name}"


def make_plan(problem: Problem, planner: str, options: Mapping[str, Any]) -> Plan:
    """Return the plan of ``planner``, with the options that were given.

    Raises:
        UsageError: if the value of an option is not allowed.
    """
    plan: Callable[..., Plan] = PLANNERS[planner].load()
    try:
        return plan(problem, planner, **options)
    except ValueError as error:
        raise UsageError(str(error)) from None


def solve(
    problem: Problem,
    planner: str,
    operator: str = "hard",
    temperature: float | None = None,
    **settings: Any,
) -> PolicyPlan:
    """Return the plan of an exact method; ``settings`` are those of `solve_bellman`.

    After Ctrl-C it is the plan of the value so far, and the summary has ``interrupted``.

    Raises:
        ValueError: if the value of an option is not allowed.
    """
    rule: Any = HardMax() if operator == "hard" else SOFT_OPERATORS[operator](temperature)
    begin, interrupted = time.perf_counter(), {}
    try:
        solution = solve_bellman(problem.mdp, rule, planner.replace("-", "_"), **settings)
    except SolveInterrupted as interruption:
        solution, interrupted = interruption.solution, {"interrupted": True}
    seconds = time.perf_counter() - begin
    policy = np.asarray(solution.policy)
    tables = _tables(problem.mdp, solution.value, policy)
    summary = {
        **_size(problem.mdp),
        "value_at_start": float(problem.mdp.initial @ solution.value),
        "steps": int(solution.steps),
        "residual": float(solution.residual),
        "error_bound": float(solution.error_bound),
        "converged": bool(solution.converged),
        "seconds": seconds,
        **interrupted,
        **_way(problem, tables),
    }
    return PolicyPlan(problem, planner, policy, tables, summary)


def follow_himo(problem: Problem, planner: str, **options: Any) -> PolicyPlan:
    """Return the plan of HIMO; ``options`` are those of `himo`.

    Raises:
        ValueError: if the value of an option is not allowed.
    """
    begin = time.perf_counter()
    run = himo(problem.mdp, record="summary", **options)
    seconds = time.perf_counter() - begin
    model = with_foresight(problem.mdp, options.get("foresight"))
    policy, value = run.policy[-1], run.value[-1]
    is_undecided = (
        run.time_to_peak > run.time[-1] - run.step_size
    )  # the gradient still grows at the end
    tables = _tables(model, value, policy, np.where(is_undecided, np.nan, run.time_to_peak))
    optimum = solve_bellman(model)
    residual = float(np.abs(HardMax().value(action_values(model, value)) - value).max())
    summary = {
        **_size(model),
        "step_size": run.step_size,
        "steps": len(run.start_value) - 1,
        "value_at_start": float(run.start_value[-1]),
        "first_value_at_start": float(run.start_value[0]),
        "optimal_value_at_start": float(model.initial @ optimum.value),
        "residual": residual,
        "error_bound": residual / (1.0 - float(model.contraction)),
        "undecided_states": int(is_undecided.sum()),
        "seconds": seconds,
        **_way(problem, tables),
    }
    return PolicyPlan(problem, planner, policy, tables, summary)


def _tables(
    mdp: TabularMDP, value: Array, policy: np.ndarray, time_to_peak: np.ndarray | None = None
) -> PlanTables:
    # Among actions whose values are equal up to rounding, take the first.
    choice = np.asarray(HardMax().policy(policy)).argmax(axis=1)
    return PlanTables(
        value=np.asarray(value),
        choice=choice,
        successor=likely_successor(mdp, choice),
        occupancy=np.asarray(occupancy(mdp, policy)),
        time_to_peak=time_to_peak,
    )


def _size(mdp: TabularMDP) -> dict[str, Any]:
    name = "discount" if np.ndim(mdp.discount) == 0 else "largest_discount"
    return {
        "states": mdp.states,
        "available_pairs": int(mdp.available.sum()),
        name: float(np.max(mdp.discount)),
    }


def _way(problem: Problem, tables: PlanTables) -> dict[str, Any]:
    """Return the length of the most likely path of the greedy policy from start to goal."""
    world = problem.world
    if world is None or world.start is None:
        return {}
    state, steps = world.start, 0
    while state != world.goal and steps < len(tables.successor):
        state, steps = int(tables.successor[state]), steps + 1
    return {"steps_to_goal": steps if state == world.goal else None}
