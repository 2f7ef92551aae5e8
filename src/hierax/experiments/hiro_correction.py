"""`hiro-correction`: does the off-policy correction of HIRO pay?

The goals of the high level's batch are not relabelled, half of them are, or all; or all are
replaced by the displacement that was achieved, as in feudal networks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.agents import HIRO
from hierax.experiments.goal_study import Arm, budgets, by_world, draw_world, rates, study
from hierax.experiments.hiro_point import STEPS
from hierax.experiments.result import Finding, Result
from hierax.registry import PRESETS
from hierax.statistics import interval
from hierax.worlds import make

OFF, ALL = "off", "all"
FIRST = "first_at_0.9_by_seed"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    OFF: {"correction": 0.0},
    "half": {"correction": 0.5},
    ALL: {"correction": 1.0},
    "all, every step scored": {"correction": 1.0, "correction_every": 1},
    "achieved displacement": {"correction": 1.0, "relabel": "achieved"},
}
BUDGETS = budgets(0.01, (OFF, ALL))


def run(scale: str, seeds: int) -> Result:
    """Train HIRO with each kind of correction and every seed in both worlds."""
    budget = BUDGETS[scale]
    found = study({name: arms(name) for name in STEPS}, budget, seeds)
    fields = by_world(found, budget)
    return Result(claims=judge(fields["tables"]), seeds=range(seeds), **fields)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N6."""
    gains = {name: _gain(table) for name, table in tables.items()}
    helps = [gain["success"]["low"] > 0.0 or gain["steps"]["high"] < 0.0 for gain in gains.values()]
    hurts = [gain["success"]["high"] < 0.0 or gain["steps"]["low"] > 0.0 for gain in gains.values()]
    seeds = len(next(iter(tables.values()))[ALL]["by_seed"])
    return [
        Finding(
            "N6",
            True if all(helps) else (None if any(helps) and not any(hurts) else False),
            gains,
            "; ".join(_sentence(name, tables[name], gain) for name, gain in gains.items())
            + f". Differences between all goals relabelled and none, over {seeds} seeds. The claim "
            "holds if relabelling raises the success or shortens the way to it in every world, "
            "beyond the interval, and depends if it does so in some. Two small mazes and one size "
            "of networks were tested.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates in RowerU-v0 by environment steps."""
    draw_world(result, "RowerU-v0", path, tuple(SETTINGS))


def arms(name: str) -> dict[str, Arm]:
    """Return all arms of a world by name."""
    world, settings = make(name), PRESETS["hiro", name].settings
    return {
        label: Arm(HIRO(world.spec, **{**settings, **changes}), world, STEPS[name])
        for label, changes in SETTINGS.items()
    }


def _gain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what relabelling changes, seed by seed: success, and steps to the first success."""
    success = np.subtract(table[ALL]["by_seed"], table[OFF]["by_seed"])
    with_all, without = (np.array(table[x][FIRST], np.float64) for x in (ALL, OFF))  # None is NaN
    steps = with_all - without
    reached = steps[np.isfinite(steps)]
    nothing = {"iqm": 0.0, "low": 0.0, "high": 0.0}
    return {
        "success": interval(success, (-1.0, 1.0)),
        "steps": interval(reached) if len(reached) > 1 else nothing,
        "cpu_seconds": table[ALL]["cpu_seconds_a_seed"] - table[OFF]["cpu_seconds_a_seed"],
    }


def _sentence(world: str, table: Mapping[str, Any], gain: Mapping[str, Any]) -> str:
    success, steps = gain["success"], gain["steps"]
    name = world.removesuffix(": arms")
    return (
        f"{name}: {rates(table)}; success {success['iqm']:+.2f} [{success['low']:+.2f}, "
        f"{success['high']:+.2f}], steps to the first success {steps['iqm']:+,.0f} "
        f"[{steps['low']:+,.0f}, {steps['high']:+,.0f}]"
    )
