"""`lsp-point-cross`: the same as `lsp-spin-cross` for a point that is pushed straight.

Here an action that is held travels, so holding is a strong control; and of the two goals the one
that lies straight ahead, (12, 0), can be found by any constant push.
"""

from pathlib import Path
from typing import Any

from hierax.experiments.cross_study import BUDGETS, FLAT, TWO_LEVELS, cross
from hierax.experiments.result import Result
from hierax.experiments.skill_study import METRIC
from hierax.worlds import PointCross

GOALS = ((6.0, 6.0), (12.0, 0.0))
DRAWN = (TWO_LEVELS, FLAT, "flow", "held 10")


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed, for each goal."""
    parts: dict[str, dict[str, Any]] = {"curves": {}, "tables": {}, "settings": {}}
    for goal in GOALS:
        found = cross(
            PointCross(goal), "PointSpeed-v0", ("velocity",),
            budget=BUDGETS[scale], seeds=seeds, held=(3, 10),
        )  # fmt: skip
        where = f"goal ({goal[0]:g}, {goal[1]:g})"
        for part, of_all in parts.items():
            of_all |= {f"{where}: {name}": value for name, value in found[part].items()}
    return Result(claims=[], seeds=range(seeds), **parts)


def draw(result: Result, path: Path) -> None:
    """Success by environment steps, for the goal round the corner."""
    from hierax.plotting.learning import draw_learning

    found = {name: result.curves.get(f"goal (6, 6): {name}") for name in DRAWN}
    drawn = [{"label": name, **curve} for name, curve in found.items() if curve]
    draw_learning(drawn, METRIC, "PointCross-v0, goal (6, 6)").savefig(path)
