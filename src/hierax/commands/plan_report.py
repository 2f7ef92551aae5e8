"""What is printed of a plan: its summary, for HIMO the states decided first, and where it is."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from hierax.commands.planners import Plan
from hierax.plotting import decision_ranks

FIRST = 10
"""States listed in order of decision."""


def report(plan: Plan, folder: Path) -> None:
    """Prints what was found and where it was written."""
    console = Console(highlight=False, markup=False)
    console.print(_summary(plan))
    if plan.tables.time_to_peak is not None:
        console.print(_order(plan))
    if plan.summary.get("converged") is False:
        console.print(_warning(plan), style="yellow")
    console.print(f"picture: {folder / 'plan.png'}", soft_wrap=True, style="bold")
    console.print(f"tables:  {folder / 'plan.npz'}, {folder / 'plan.json'}", soft_wrap=True)


def _summary(plan: Plan) -> Table:
    table = Table(title=f"{plan.planner} on {plan.problem.name}", show_header=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    for name, value in plan.summary.items():
        table.add_row(name.replace("_", " "), _text(value))
    return table


def _text(value: Any) -> str:
    if value is None:
        return "does not arrive"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"


def _order(plan: Plan) -> Table:
    times = plan.tables.time_to_peak
    ranks = decision_ranks(times)
    # States that tie are told by rounding alone, so they come in the order of their indices.
    order = np.argsort(ranks, kind="stable")[: min(FIRST, int(np.isfinite(ranks).sum()))]
    table = Table(title="Decided first")
    for heading, side in (("rank", "right"), ("state", "left"), ("time", "right"), ("", "left")):
        table.add_column(heading, justify=side)
    for state in order.tolist():
        problem = plan.problem
        row = (f"{ranks[state]:.0f}", problem.state_name(state), f"{times[state]:.4g}")
        table.add_row(*row, problem.remark(state))
    return table


def _warning(plan: Plan) -> str:
    if np.isinf(plan.summary["error_bound"]):
        return "This operator is no contraction, so no error can be certified: see the residual."
    return "The plan did not reach its tolerance: allow a larger one with --tolerance."
