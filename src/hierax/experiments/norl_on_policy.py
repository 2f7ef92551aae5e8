"""`norl-on-policy`: does the low level profit from a replay that forgets?

The mutual information in the reward of the low level rests on the actions of stored decisions, as
those of the present policy. So the authors of the note suspect that an on-policy low level is
better. A probe: both levels and f learn from the last 10,000 or 50,000 steps, or from all of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.goal_study import budgets, by_world, draw_world, gain, rates, told
from hierax.experiments.norl_arms import WORLDS, study_worlds
from hierax.experiments.result import Finding, Result

INFORMATION: Mapping[str, Any] = {
    "low_reward": "mutual_information", "low_reward_scale": 0.02, "low_sees_step": True,
    "representation_actions": True,
}  # fmt: skip
ALL, RECENT = "all steps", "last 10,000 steps"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    ALL: INFORMATION,
    "last 50,000 steps": {**INFORMATION, "buffer_size": 50_000},
    RECENT: {**INFORMATION, "buffer_size": 10_000},
}
BUDGETS = budgets(0.02, (ALL, RECENT))


def run(scale: str, seeds: int) -> Result:
    """Train NORL with each replay and every seed in PointU-v0."""
    budget = BUDGETS[scale]
    found = study_worlds(SETTINGS, budget, seeds, WORLDS[:1])
    fields = by_world(found, budget)
    return Result(claims=judge(fields["tables"]), seeds=range(seeds), **fields)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N8."""
    ((name, rows),) = tables.items()
    found = gain(rows[RECENT], rows[ALL])
    seeds = len(rows[ALL]["by_seed"])
    return [
        Finding(
            "N8",
            True if found["low"] > 0.0 else None,
            {
                "recent_less_all": found,
                "mean": {arm: np.mean(row["by_seed"]) for arm, row in rows.items()},
            },
            f"{name.removesuffix(': arms')}: {rates(rows)}; the last 10,000 steps less all of them "
            f"{told(found)}, {seeds} seeds. The claim holds if the short replay is better beyond "
            "the interval, and is open otherwise: a short replay is nearly on-policy, not wholly, "
            "and it also takes the early random steps from f and from the high level.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps."""
    draw_world(result, WORLDS[0], path, tuple(SETTINGS))
