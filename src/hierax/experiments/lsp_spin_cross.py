"""`lsp-spin-cross`: a shaped lower level and a sparse task above it, against all that is flat.

The point's thruster turns by itself, so that holding an action leads nowhere: a world designed to
tell a skill from mere holding (`hierax.experiments.cross_study`).
"""

from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.cross_study import BUDGETS, DENSE, FLAT, PAID_FOR_SPEED, TWO_LEVELS, cross
from hierax.experiments.result import Finding, Result
from hierax.experiments.skill_study import METRIC
from hierax.worlds import SpinCross

DRAWN = (TWO_LEVELS, FLAT, "held 2", "identity lower level", PAID_FOR_SPEED[0], DENSE)
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


def _verdict(arms: dict[str, dict[str, Any]]) -> Finding:
    """L5: fails where two levels do, depends where one of the others does not fail with them."""
    others = {name: row for name, row in arms.items() if not name.startswith(TWO_LEVELS)}
    sparse = {x: row for x, row in others.items() if x not in (DENSE, *PAID_FOR_SPEED)}
    shaped = {x: others[x] for x in PAID_FOR_SPEED if x in others}
    solved = bool(np.min(arms[TWO_LEVELS]["by_seed"]) >= SOLVED)
    seeds = [np.max(row["by_seed"]) for row in (*sparse.values(), *shaped.values())]
    best = max(sparse, key=lambda name: np.mean(sparse[name]["by_seed"]))
    mean = float(np.mean(sparse[best]["by_seed"]))
    alone = solved and max(seeds) <= FAILED
    return Finding(
        "L5",
        alone or (None if solved and mean <= FAILED else False),
        {
            "two levels, worst seed": float(np.min(arms[TWO_LEVELS]["by_seed"])),
            "best of those paid at the goal alone": best,
            "its mean": mean,
            "its seeds": sparse[best]["by_seed"],
            **{f"{x}, seeds": row["by_seed"] for x, row in shaped.items()},
            "dense reward, worst seed": float(np.min(arms[DENSE]["by_seed"])),
        },
        "Depends on what flat learners are paid for. At the goal alone, none succeeds in a fifth "
        "of its episodes on average. With a hundredth of the lower level's reward beside it, most "
        "do, without any level: what carries the search is the reward for speed.",
    )
