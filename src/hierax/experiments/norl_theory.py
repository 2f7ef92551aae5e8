"""`norl-theory`: the bounds of NORL, computed exactly (Nachum, Gu, Lee & Levine 2019).

Claim N1: the loss of a representation is compared with theorem 3 and claim 4, on random models and
on two families that reach the bounds (`norl_losses`); theorem 1 and claim 2 are the case c = 1.
Claim N2: the objective is compared with the mutual information, on finite joint distributions, for
random, optimised and closed-form f and φ, and with pools (`norl_estimates`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hierax.experiments import norl_estimates, norl_models
from hierax.experiments.norl_estimates import information_tables, judge_information
from hierax.experiments.norl_losses import judge_bounds, loss_tables
from hierax.experiments.result import Finding, Result


class Size(NamedTuple):
    """Size of a run.

    Attributes:
        intervals: c of the random models.
        joints: number of joint distributions.
        maps: number of random f and φ for each of them.
        steps: steps of gradient ascent.
        draws: samples of each estimate with pools.
    """

    intervals: tuple[int, ...]
    joints: int
    maps: int
    steps: int
    draws: int


SIZES = {
    "smoke": Size((1, 2), 2, 20, 300, 2_000),
    "laptop": Size((1, 2, 3), 20, 200, 2_000, 20_000),
    "paper": Size((1, 2, 3, 4, 5), 50, 1_000, 10_000, 200_000),
}
SMOKE_SEEDS = 10


def run(scale: str, seeds: int) -> Result:
    """Check the bounds on a random model for every seed and c, and judge N1 and N2."""
    seeds = min(seeds, SMOKE_SEEDS) if scale == "smoke" else seeds
    size = SIZES[scale]
    size = size._replace(joints=min(size.joints, seeds))
    tables = {**loss_tables(size.intervals, seeds), **information_tables(*size[1:])}
    return Result(
        settings={
            "models_for_each_interval": seeds,
            "states": f"{norl_models.LEAST_STATES} to {norl_models.MOST_STATES}",
            "actions": norl_models.ACTIONS,
            "goals": f"{norl_models.LEAST_GOALS} to {norl_models.MOST_GOALS}",
            "discount": "uniform in [.3, .95]",
            "policies": "all open-loop sequences of actions",
            **size._asdict(),
            "joint_states": norl_estimates.STATES,
            "joint_interval": norl_estimates.INTERVAL,
            "channel": norl_estimates.CHANNEL,
        },
        claims=judge(tables),
        tables=tables,
        seeds=range(seeds),
    )


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N1 and N2."""
    return [judge_bounds(tables), judge_information(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw losses against bounds, and the objective against the mutual information."""
    from hierax.plotting.norl import draw_theory

    draw_theory(result.tables).savefig(path)
