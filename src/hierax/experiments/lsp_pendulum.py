"""`lsp-pendulum`: one level with an invertible policy and SAC with a Gaussian one.

On Pendulum-v1, with the same networks, batches, learning rates and steps. The temperature of the
level is tuned as in soft actor-critic, for an entropy of -d.
"""

from collections.abc import Mapping
from typing import Any

from hierax.agents import SAC, LatentSpacePolicy
from hierax.experiments.flat_pendulum import WORLD, compare, draw
from hierax.experiments.result import Finding, Result

__all__ = ["draw", "run"]

SOLVED = -200.0
NEAR = 0.1
"""Fraction of the return of SAC by which the level may be worse."""


def run(scale: str, seeds: int) -> Result:
    """Train both agents with every seed."""
    kinds = {"one level": LatentSpacePolicy, "SAC": SAC}
    found = compare(kinds, scale, seeds, "sampled/return")
    return Result(claims=judge(found["tables"]), **found)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge L3."""
    return [_verdict(tables["learners"])]


def _verdict(rows: Mapping[str, Any]) -> Finding:
    means = {name: rows[name]["return_at_the_end"]["mean"] for name in ("one level", "SAC")}
    level, flat = means.values()
    seeds = len(rows["SAC"]["by_seed"])
    return Finding(
        "L3",
        bool(level >= SOLVED and level >= flat - NEAR * abs(flat)),
        means,
        f"Final deterministic returns on {WORLD}, means over {seeds} seeds: one level {level:.1f}, "
        f"SAC {flat:.1f}. The claim holds if one level reaches {SOLVED:g} and is at most "
        f"{NEAR:.0%} worse than SAC. Only this small world was tested; the paper tests six "
        "simulated robots.",
    )
