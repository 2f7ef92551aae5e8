"""`lsp-pendulum`: does one level with an invertible policy learn as well as a Gaussian one?

On Pendulum-v1, with the same layers, batches, rates and steps for both. The target of the level's
temperature is that of soft actor-critic, an entropy of -d.
"""

from typing import Any

from hierax.agents import SAC, LatentSpacePolicy
from hierax.experiments.flat_pendulum import compare, draw
from hierax.experiments.result import Finding, Result

__all__ = ["draw", "run"]

SOLVED = -200.0
NEAR = 0.1
"""Share of the return of the Gaussian policy that the level may miss."""


def run(scale: str, seeds: int) -> Result:
    """Train both with every seed."""
    kinds = {"one level": LatentSpacePolicy, "SAC": SAC}
    found = compare(kinds, scale, seeds, "sampled/return")
    return Result(claims=[_verdict(found["tables"]["learners"])], **found)


def _verdict(rows: dict[str, Any]) -> Finding:
    level, flat = (rows[name]["return_at_the_end"]["mean"] for name in ("one level", "SAC"))
    return Finding(
        "L3",
        bool(level >= SOLVED and level >= flat - NEAR * abs(flat)),
        {"one level": level, "SAC": flat},
        "On this one small world; the paper has curves on six bodies of a simulator that is gone.",
    )
