"""The printed report of a plan: its summary, the states decided first for HIMO, and its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from hierax.commands.planners import Plan, title
from hierax.plotting import decision_ranks

FIRST = 10
"""Number of states that are listed in order of decision."""


def report(plan: Plan, picture: Path) -> None:
    """Print the summary and the names of the files."""
    folder = picture.parent
    console = Console(highlight=False, markup=False)
    console.print(_summary(plan))
    if plan.time_to_peak is not None:
        console.print(_order(plan, plan.time_to_peak))
    for warning in _warnings(plan.summary):
        console.print(warning, style="yellow")
    console.print(f"picture: {picture}", soft_wrap=True, style="bold")
    console.print(f"tables:  {folder / 'plan.npz'}, {folder / 'plan.json'}", soft_wrap=True)


def _summary(plan: Plan) -> Table:
    table = Table(title=title(plan.planner, plan.problem), show_header=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    for name, value in plan.summary.items():
        table.add_row(name.replace("_", " "), _text(value))
    return table


def _text(value: Any) -> str:
    if value is None:
        return "not reached"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"


def _order(plan: Plan, times: np.ndarray) -> Table:
    ranks = decision_ranks(times)
    # Tied states differ only by rounding, so they are listed in the order of their indices.
    order = np.argsort(ranks, kind="stable")[: min(FIRST, int(np.isfinite(ranks).sum()))]
    table = Table(title="Decided first")
    table.add_column("rank", justify="right")
    table.add_column("state")
    table.add_column("time", justify="right")
    table.add_column()
    for state in order.tolist():
        problem = plan.problem
        row = (f"{ranks[state]:.0f}", problem.state_name(state), f"{times[state]:.4g}")
        table.add_row(*row, problem.remark(state))
    return table


def _warnings(summary: Mapping[str, Any]) -> Iterator[str]:
    if summary.get("converged") is False and np.isinf(summary["error_bound"]):
        yield "This operator is not a contraction: the error has no bound; read the residual."
    elif summary.get("interrupted"):
        yield (
            f"Interrupted: the value is within {summary['error_bound']:.3g} of the optimum. The "
            "planners auto and policy-iteration need few steps."
        )
    elif summary.get("converged") is False:
        yield "The tolerance is not met: it is below the rounding error."
    undecided = summary.get("undecided_states", 0)
    if undecided:
        yield (
            f"{undecided} states are not decided: their probabilities still accelerate at the end. "
            "Use more --iterations."
        )
