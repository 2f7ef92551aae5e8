"""`lsp-spin-cross`: a lower level with a shaped reward, an upper level with a sparse one.

The point's thruster turns by itself, so a held action does not travel. The world separates a
trained lower level from held actions (`hierax.experiments.cross_study`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.cross_study import BUDGETS, DENSE, FLAT, SPEED_REWARD, TWO_LEVELS, cross
from hierax.experiments.learning_runs import draw_curves
from hierax.experiments.result import Finding, Result
from hierax.experiments.skill_study import METRIC
from hierax.worlds import SpinCross

DRAWN = (TWO_LEVELS, FLAT, "held 2", "identity lower level", SPEED_REWARD[0], DENSE)
SOLVED, FAILED = 0.9, 0.2
"""Success rates at and above which an arm has solved the task, at and below which it has failed."""


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed."""
    found = cross(SpinCross(), "SpinSpeed-v0", BUDGETS[scale], seeds, held=(2, 3, 10))
    return Result(claims=judge(found["tables"]), seeds=range(seeds), **found)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge L5."""
    return [_verdict(tables["arms"])]


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps."""
    drawn = {name: result.curves[name] for name in DRAWN if name in result.curves}
    draw_curves(drawn, METRIC, "SpinCross-v0").savefig(path)


def _verdict(arms: Mapping[str, Any]) -> Finding:
    """Judge L5: it depends if two levels solve the task and some baseline does not fail."""
    others = {name: row for name, row in arms.items() if not name.startswith(TWO_LEVELS)}
    sparse = {x: row for x, row in others.items() if x not in (DENSE, *SPEED_REWARD)}
    shaped = {x: others[x] for x in SPEED_REWARD if x in others}
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
            "best baseline with sparse reward": best,
            "its mean": mean,
            "its seeds": sparse[best]["by_seed"],
            **{f"{x}, seeds": row["by_seed"] for x, row in shaped.items()},
            "dense reward, worst seed": float(np.min(arms[DENSE]["by_seed"])),
        },
        f"Success rates at equal environment steps, means over {len(sparse[best]['by_seed'])} "
        f"seeds: {_rates({TWO_LEVELS: arms[TWO_LEVELS]})}. Best baseline with sparse reward: "
        f"{_rates({best: sparse[best]})}. Baselines with other rewards: "
        f"{_rates({**shaped, DENSE: others[DENSE]})}. The claim holds if every seed of two levels "
        f"reaches {SOLVED:g} and no seed of a baseline exceeds {FAILED:g}, dense reward aside. It "
        f"depends if every seed of two levels does, but only the means of baselines with sparse "
        f"reward stay at or below {FAILED:g}. One world and one size of networks were tested.",
    )


def _rates(rows: dict[str, dict[str, Any]]) -> str:
    return ", ".join(f"{name} {np.mean(row['by_seed']):.2f}" for name, row in rows.items())
