"""`lsp-spin-cross`: a shaped lower level and a sparse task above it, against all that is flat.

The point's thruster turns by itself, so that holding an action leads nowhere: a world designed to
tell a skill from mere holding (`hierax.experiments.cross_study`).
"""

from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.cross_study import BUDGETS, DENSE, FLAT, PAID_FOR_SPEED, TWO_LEVELS, cross
from hierax.experiments.result import Result, Verdict
from hierax.experiments.skill_study import METRIC
from hierax.worlds import SpinCross

DRAWN = (TWO_LEVELS, FLAT, "flow", "held 3", "identity lower level", DENSE)
SOLVED, FAILED = 0.9, 0.2


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed."""
    found = cross(
        SpinCross(), "SpinSpeed-v0", ("velocity", "phase"),
        budget=BUDGETS[scale], seeds=seeds, held=(2, 3, 10),
    )  # fmt: skip
    return Result(claims=[_verdict(found["tables"]["arms"])], seeds=range(seeds), **found)


def draw(result: Result, path: Path) -> None:
    """Success by environment steps."""
    from hierax.plotting.learning import draw_learning

    drawn = [{"label": x, **result.curves[x]} for x in DRAWN if x in result.curves]
    draw_learning(drawn, METRIC, "SpinCross-v0").savefig(path)


def _verdict(arms: dict[str, dict[str, Any]]) -> Verdict:
    hierarchy = float(np.min(arms[TWO_LEVELS]["by_seed"]))
    others = {name: row for name, row in arms.items() if not name.startswith(TWO_LEVELS)}
    sparse = {
        name: float(np.max(row["by_seed"]))
        for name, row in others.items()
        if name not in (DENSE, *PAID_FOR_SPEED)
    }
    best = max(sparse, key=lambda name: sparse[name])
    shaped = {f"{x}, by seed": others[x]["by_seed"] for x in PAID_FOR_SPEED if x in others}
    return Verdict(
        "L5",
        bool(hierarchy >= SOLVED and sparse[best] <= FAILED),
        {
            "two levels, worst seed": hierarchy,
            "best control": best,
            "best control, best seed": sparse[best],
            "dense reward, worst seed": float(np.min(arms[DENSE]["by_seed"])),
            **shaped,
        },
        "Holds where the skill of the lower level carries the search: flat learners meet the goal "
        "too seldom, whatever their temperature. They do learn it where coming closer is paid.",
    )
