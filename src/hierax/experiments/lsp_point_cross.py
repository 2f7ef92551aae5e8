"""`lsp-point-cross`: the comparison of `lsp-spin-cross` for a point that is pushed straight.

Here a held action travels, so held actions are a strong baseline. Any constant push reaches the
second goal, (12, 0), which lies straight ahead.
"""

from pathlib import Path
from typing import Any

from hierax.experiments.cross_study import BUDGETS, FLAT, TWO_LEVELS, cross
from hierax.experiments.learning_runs import draw_curves
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC
from hierax.worlds import PointCross

GOALS = ((6.0, 6.0), (12.0, 0.0))
DRAWN = (TWO_LEVELS, FLAT, "flow", "held 10")


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed, for each goal."""
    parts: dict[str, dict[str, Any]] = {"curves": {}, "tables": {}, "settings": {}}
    for goal in GOALS:
        found = cross(PointCross(goal), "PointSpeed-v0", BUDGETS[scale], seeds, held=(3, 10))
        prefix = f"goal ({goal[0]:g}, {goal[1]:g})"
        for part, merged in parts.items():
            merged |= {f"{prefix}: {name}": value for name, value in found[part].items()}
    return Result(claims=[], seeds=range(seeds), **parts)


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps, for the goal round the corner."""
    curves = {name: result.curves.get(f"goal (6, 6): {name}") for name in DRAWN}
    drawn = {name: curve for name, curve in curves.items() if curve}
    draw_curves(drawn, METRIC, "PointCross-v0, goal (6, 6)").savefig(path)
